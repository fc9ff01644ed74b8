/* document.h: what a traveller shows: machine-readable zone and bar-coded boarding pass, as structs. Pure. */
#ifndef TEBURA_DOCUMENT_H
#define TEBURA_DOCUMENT_H

#include <tebura/bytes.h>

typedef struct tb_date {
    int year, month, day; /* month or day 0 = unknown, as ICAO 9303 allows for dates of birth */
} tb_date;

/* Machine-readable zone, ICAO Doc 9303 parts 3, 4 (TD3: 2 x 44) and 5 (TD1: 3 x 30). Fillers are spaces here, without
 * those at the end. */
typedef struct tb_mrz {
    int lines, columns; /* 2 x 44 or 3 x 30 */
    char kind[3];       /* document code without fillers: "P", "PO", "I", "AC" ... */
    char issuer[4], nationality[4];
    char number[24]; /* document number, also the long form of TD1 (10 to 23 characters) */
    char surname[40], given[40];
    /* the name field is full: names may be cut (9303-3, 4.6). Set by parse, not looked at by print */
    int names_cut;
    tb_date born, expires; /* born.year 0: unknown too */
    char sex;              /* 'M', 'F' or 'X' (unspecified) */
    char optional[32];     /* TD3: personal number (14). TD1: first line (15, less behind a long document number) */
    char optional2[12];    /* TD1: second line (11) */
} tb_mrz;
/* `text`: the lines with or without line breaks, upper case; spaces at line ends are forgiven. Two-digit years: of a
 * birth the latest that is not after `today`; of expiry always 20xx.
 * TB_TRUNCATED, TB_MALFORMED (a character that a MRZ cannot hold, impossible date), TB_CHECK_DIGIT (`why` names
 * the field), TB_UNSUPPORTED (another size, a visa). Expiry is not judged here. On failure `out` is wiped.
 * What the check digits (weights 7, 3, 1, modulo 10) cannot tell apart: characters whose values differ by a multiple
 * of ten, that is < 0 A K U, 1 B L V, 2 C M W ... 9 J T; and nothing guards names, issuer, nationality and sex. */
tb_status tb_mrz_parse(tb_span text, tb_date today, tb_mrz *out, tb_error *why) TB_MUST_CHECK;
/* The other direction, with check digits: for tests, demo travellers and the virtual card. Lines joined by '\n'. Names
 * that are too long are cut by the rules of 9303-3, 4.6 (the last position is then a letter). Hyphens become fillers.
 * TB_INVALID_ARGUMENT (a character, length or date that does not fit; `out` as before), TB_NO_MEMORY. */
tb_status tb_mrz_print(const tb_mrz *mrz, tb_bytes *out) TB_MUST_CHECK;

/* Bar-coded boarding pass, IATA Resolution 792, format M. Texts are without the spaces at their ends. */
#define TB_BCBP_LEGS_MAX 4
typedef struct tb_bcbp_leg {
    char pnr[8];         /* operating carrier's */
    char from[4], to[4]; /* IATA airport codes */
    char carrier[4];     /* operating carrier */
    char flight[6];      /* "834": digits without leading zeros, with operational suffix ("834A") */
    int day_of_year;     /* 1..366 */
    char compartment;
    char seat[5];     /* "12A" without leading zeros; "" when none ("INF" stays) */
    char sequence[6]; /* check-in sequence number as printed ("0025") */
    char passenger_status;
    /* conditional, empty when absent */
    char airline_numeric[4], document_number[11], marketing_carrier[4];
    char frequent_flyer_airline[4], frequent_flyer_number[17];
    char baggage_allowance[4];
    char selectee; /* 0 when absent, as the next two */
    char document_verification, id_ad;
    char fast_track; /* 'Y', 'N' or 0 */
} tb_bcbp_leg;
typedef struct tb_bcbp {
    int legs;
    char name[21]; /* "SURNAME/GIVEN TITLE" */
    int electronic;
    int version;                                                 /* of the conditional part, 0 when absent */
    char passenger_description, checkin_source, issuance_source; /* 0 when absent */
    tb_date issued;                                              /* year decided with `today`; 0 when absent */
    char document_type;
    char designator[4]; /* of the issuing airline */
    char baggage_tags[3][14];
    tb_bcbp_leg leg[TB_BCBP_LEGS_MAX];
    size_t security_data_size; /* present but not verified here */
} tb_bcbp;
/* Line ends and spaces after the end are forgiven. What an airline keeps for itself, and conditional items of newer
 * versions, are stepped over. TB_TRUNCATED, TB_MALFORMED (`why` names item and position), TB_UNSUPPORTED (format
 * code), TB_TOO_LARGE (over four legs or 2,000 characters), TB_INVALID_ARGUMENT (`today` is no date). On failure `out`
 * is wiped. */
tb_status tb_bcbp_parse(tb_span text, tb_date today, tb_bcbp *out, tb_error *why) TB_MUST_CHECK;
/* Without security data and airlines' own data. Conditional items need a `version`. TB_INVALID_ARGUMENT (something
 * does not fit; `out` as before), TB_NO_MEMORY. */
tb_status tb_bcbp_print(const tb_bcbp *pass, tb_bytes *out) TB_MUST_CHECK;
/* The calendar date of a leg: the day of the year nearest to `today` (-183 .. +182 days). TB_MALFORMED for day 366 of
 * no leap year. */
tb_status tb_bcbp_date(const tb_bcbp_leg *leg, tb_date today, tb_date *out) TB_MUST_CHECK;
/* 1 when the name on the pass can be the MRZ's (surname equal, or cut where the field of 20 characters is full; given
 * name equal or a prefix, also of a MRZ name that is cut itself; titles (MR, MRS, MS, DR ...) ignored, also stuck to
 * the given name; spaces and hyphens forgiven), else 0. Other transliterations (MUELLER, MULLER) do not agree: that is
 * for the desk. */
int tb_document_names_agree(const tb_mrz *passport, const tb_bcbp *pass);

#endif
