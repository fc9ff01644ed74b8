/* fuzz_bcbp.c: any bytes as a boarding pass; what is read prints, and reads as the same; dates and names take
 * anything. */
#include <tebura/document.h>

#include "again.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const tb_date today = {2026, 11, 21};
    static const tb_mrz passport = {.surname = "TANAKA", .given = "HANAKO"};
    static const tb_bcbp zero;
    tb_bcbp first, second;
    tb_bytes once = {0};
    tb_error why = {0};
    tb_status status = tb_bcbp_parse(tb_span_of(data, size), today, &first, &why);
    FUZZ_MUST((status == TB_OK) == (why.text[0] == '\0'));
    if (status == TB_OK) {
        FUZZ_MUST(tb_bcbp_print(&first, &once) == TB_OK);
        FUZZ_MUST(tb_bcbp_parse(tb_bytes_span(&once), today, &second, &why) == TB_OK);
        second.security_data_size = first.security_data_size; /* not printed */
        FUZZ_MUST(memcmp(&first, &second, sizeof first) == 0);
        for (int i = 0; i < first.legs; i++) {
            tb_date date;
            tb_status dated = tb_bcbp_date(&first.leg[i], today, &date);
            FUZZ_MUST(dated == TB_OK || (dated == TB_MALFORMED && first.leg[i].day_of_year == 366));
        }
        int agree = tb_document_names_agree(&passport, &first);
        FUZZ_MUST(agree == 0 || agree == 1);
    } else {
        FUZZ_MUST(memcmp(&first, &zero, sizeof zero) == 0);
    }
    tb_bytes_free(&once);
    return 0;
}
