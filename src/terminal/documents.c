/* documents.c: expiry, day, and whether both belong to one person. */
#include "terminal/documents.h"

#include <stdio.h>
#include <string.h>

#include <tebura/secret.h>

#define DAYS_AHEAD 2 /* nobody checks in earlier than that; what is older than today has flown */

tb_date tb_local_date(tb_time now, int utc_offset_minutes)
{
    tb_date date;
    int64_t local = now + (int64_t)utc_offset_minutes * TB_MINUTE;
    tb_days_date((local - (local % TB_DAY + TB_DAY) % TB_DAY) / TB_DAY, &date.year, &date.month, &date.day);
    return date;
}

static int64_t days_of(tb_date date)
{
    return tb_date_days(date.year, date.month, date.day);
}

static tb_status because(tb_status status, char reason[TB_NAME_SIZE])
{
    const char *name = status == TB_CHECK_DIGIT        ? "check_digit"
                       : status == TB_DOCUMENT_EXPIRED ? "document_expired"
                       : status == TB_WRONG_DAY        ? "wrong_day"
                       : status == TB_OTHER_PERSON     ? "person_mismatch"
                                                       : "";
    snprintf(reason, TB_NAME_SIZE, "%s", name);
    return status;
}

tb_status tb_documents_passport(tb_documents *documents, const char *text, tb_date today, char reason[TB_NAME_SIZE],
                                tb_error *why)
{
    tb_mrz mrz = {0};
    reason[0] = '\0';
    if (strlen(text) >= sizeof documents->mrz_text)
        return tb_fail(why, TB_TOO_LARGE, "a machine-readable zone has at most 95 characters");
    tb_status status = tb_mrz_parse(tb_span_text(text), today, &mrz, why);
    if (status == TB_OK && days_of(mrz.expires) < days_of(today))
        status = tb_fail(why, TB_DOCUMENT_EXPIRED, "the passport has expired");
    if (status == TB_OK && documents->has_pass && !tb_document_names_agree(&mrz, &documents->pass))
        status = tb_fail(why, TB_OTHER_PERSON, "the names in passport and boarding pass differ");
    if (status == TB_OK) {
        documents->mrz = mrz;
        documents->has_passport = 1;
        memcpy(documents->mrz_text, text, strlen(text) + 1);
    }
    tb_wipe(&mrz, sizeof mrz);
    return because(status, reason);
}

tb_status tb_documents_pass(tb_documents *documents, const char *text, tb_date today, char reason[TB_NAME_SIZE],
                            tb_error *why)
{
    tb_bcbp pass = {0};
    tb_date day = {0};
    reason[0] = '\0';
    if (strlen(text) >= sizeof documents->bcbp_text)
        return tb_fail(why, TB_TOO_LARGE, "a boarding pass has at most 511 characters");
    tb_status status = tb_bcbp_parse(tb_span_text(text), today, &pass, why);
    if (status == TB_OK)
        status = tb_bcbp_date(&pass.leg[0], today, &day);
    if (status == TB_OK && (days_of(day) < days_of(today) || days_of(day) > days_of(today) + DAYS_AHEAD))
        status = tb_fail(why, TB_WRONG_DAY, "the boarding pass is for %04d-%02d-%02d", day.year, day.month, day.day);
    if (status == TB_OK && documents->has_passport && !tb_document_names_agree(&documents->mrz, &pass))
        status = tb_fail(why, TB_OTHER_PERSON, "the names in passport and boarding pass differ");
    if (status == TB_OK) {
        documents->pass = pass;
        documents->has_pass = 1;
        memcpy(documents->bcbp_text, text, strlen(text) + 1);
    }
    tb_wipe(&pass, sizeof pass);
    return because(status, reason);
}
