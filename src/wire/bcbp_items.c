/* bcbp_items.c: the table of conditional items, in the order in which they stand. */
#include "wire/bcbp_items.h"

#include <stddef.h>
#include <string.h>

const tb_bcbp_item tb_bcbp_unique[TB_BCBP_UNIQUE_ITEMS] = {
    {15, "passenger description", 1, TB_BCBP_CHAR, offsetof(tb_bcbp, passenger_description)},
    {12, "source of check-in", 1, TB_BCBP_CHAR, offsetof(tb_bcbp, checkin_source)},
    {14, "source of issuance", 1, TB_BCBP_CHAR, offsetof(tb_bcbp, issuance_source)},
    {22, "date of issue", 4, TB_BCBP_DATE, offsetof(tb_bcbp, issued)},
    {16, "document type", 1, TB_BCBP_CHAR, offsetof(tb_bcbp, document_type)},
    {21, "airline designator", 3, TB_BCBP_TEXT, offsetof(tb_bcbp, designator)},
    {23, "baggage tag", 13, TB_BCBP_TEXT, offsetof(tb_bcbp, baggage_tags[0])},
    {31, "second baggage tag", 13, TB_BCBP_TEXT, offsetof(tb_bcbp, baggage_tags[1])},
    {32, "third baggage tag", 13, TB_BCBP_TEXT, offsetof(tb_bcbp, baggage_tags[2])}};

const tb_bcbp_item tb_bcbp_repeated[TB_BCBP_REPEATED_ITEMS] = {
    {142, "airline numeric code", 3, TB_BCBP_TEXT, offsetof(tb_bcbp_leg, airline_numeric)},
    {143, "document number", 10, TB_BCBP_TEXT, offsetof(tb_bcbp_leg, document_number)},
    {18, "selectee indicator", 1, TB_BCBP_CHAR, offsetof(tb_bcbp_leg, selectee)},
    {108, "document verification", 1, TB_BCBP_CHAR, offsetof(tb_bcbp_leg, document_verification)},
    {19, "marketing carrier", 3, TB_BCBP_TEXT, offsetof(tb_bcbp_leg, marketing_carrier)},
    {20, "frequent flyer airline", 3, TB_BCBP_TEXT, offsetof(tb_bcbp_leg, frequent_flyer_airline)},
    {236, "frequent flyer number", 16, TB_BCBP_TEXT, offsetof(tb_bcbp_leg, frequent_flyer_number)},
    {89, "ID/AD indicator", 1, TB_BCBP_CHAR, offsetof(tb_bcbp_leg, id_ad)},
    {118, "baggage allowance", 3, TB_BCBP_TEXT, offsetof(tb_bcbp_leg, baggage_allowance)},
    {254, "fast track", 1, TB_BCBP_YES, offsetof(tb_bcbp_leg, fast_track)}};

int tb_bcbp_is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int tb_bcbp_name_is_good(const char *name)
{
    size_t length = strnlen(name, 21);
    return length > 0 && length < 21 && name[0] >= 'A' && name[0] <= 'Z' && name[length - 1] != ' ' &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ /-.'") == length;
}
