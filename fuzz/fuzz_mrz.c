/* fuzz_mrz.c: any bytes as a machine-readable zone; what is read prints, and reads as the same. */
#include <tebura/document.h>

#include "again.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const tb_date today = {2026, 11, 21};
    static const tb_mrz zero;
    tb_mrz first, second;
    tb_bytes once = {0}, twice = {0};
    tb_error why = {0};
    tb_status status = tb_mrz_parse(tb_span_of(data, size), today, &first, &why);
    FUZZ_MUST((status == TB_OK) == (why.text[0] == '\0'));
    if (status == TB_OK) {
        FUZZ_MUST(tb_mrz_print(&first, &once) == TB_OK);
        FUZZ_MUST(tb_mrz_parse(tb_bytes_span(&once), today, &second, &why) == TB_OK);
        FUZZ_MUST(tb_mrz_print(&second, &twice) == TB_OK);
        fuzz_must_be_equal(&once, &twice);
        second.names_cut = first.names_cut; /* a run of fillers printed as one makes room */
        FUZZ_MUST(memcmp(&first, &second, sizeof first) == 0);
    } else {
        FUZZ_MUST(memcmp(&first, &zero, sizeof zero) == 0);
    }
    tb_bytes_free(&once);
    tb_bytes_free(&twice);
    return 0;
}
