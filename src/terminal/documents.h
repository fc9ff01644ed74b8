/* documents.h: what can be said about a passport and a boarding pass without a server, at once and clearly. Pure. The
 * server judges again, with what it knows. */
#ifndef TERMINAL_DOCUMENTS_H
#define TERMINAL_DOCUMENTS_H

#include <tebura/clock.h>
#include <tebura/document.h>
#include <tebura/profile.h>

/* Personal data: keep in secret memory. */
typedef struct tb_documents {
    int has_passport, has_pass;
    char mrz_text[96], bcbp_text[512]; /* as they were read */
    tb_mrz mrz;
    tb_bcbp pass;
} tb_documents;

/* The date at `now` for somebody at `utc_offset_minutes`. */
tb_date tb_local_date(tb_time now, int utc_offset_minutes);
/* TB_OK: taken into `documents`. Otherwise they are as before and `reason` names why (a reason of the profile where
 * there is one): TB_CHECK_DIGIT, TB_DOCUMENT_EXPIRED, TB_WRONG_DAY, TB_OTHER_PERSON (it does not belong to the other
 * one), or as the parsers. */
tb_status tb_documents_passport(tb_documents *documents, const char *text, tb_date today, char reason[TB_NAME_SIZE],
                                tb_error *why) TB_MUST_CHECK;
tb_status tb_documents_pass(tb_documents *documents, const char *text, tb_date today, char reason[TB_NAME_SIZE],
                            tb_error *why) TB_MUST_CHECK;

#endif
