/* fuzz_template.c: any bytes as a template: a unit vector that encodes to what it was, or nothing at all. */
#include <math.h>

#include <tebura/template.h>

#include "again.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const tb_template zero;
    static tb_template first, second;
    tb_bytes once = {0}, twice = {0};
    tb_status status = tb_template_decode(tb_span_of(data, size), 0, &first);
    if (status != TB_OK) {
        FUZZ_MUST(memcmp(&first, &zero, sizeof zero) == 0);
        return 0;
    }
    double sum = 0;
    for (int i = 0; i < TB_TEMPLATE_MAX_DIMENSION; i++)
        sum += (double)first.values[i] * first.values[i];
    FUZZ_MUST(fabs(sqrt(sum) - 1) < 1e-3);
    FUZZ_MUST(first.model != 0 && first.quality <= 100 && first.modality < TB_MODALITY_COUNT);
    FUZZ_MUST(size == TB_TEMPLATE_BYTES((size_t)first.dimension) ||
              size == TB_TEMPLATE_BYTES(2 * (size_t)first.dimension));
    float score;
    FUZZ_MUST(tb_template_compare(&first, &first, &score) == TB_OK && score > 0.998f);
    for (int form = TB_TEMPLATE_INT8; form <= TB_TEMPLATE_FLOAT16; form++) {
        FUZZ_MUST(tb_template_encode_as(&first, (tb_template_form)form, &once) == TB_OK);
        FUZZ_MUST(tb_template_decode(tb_bytes_span(&once), first.model, &second) == TB_OK);
        FUZZ_MUST(tb_template_compare(&first, &second, &score) == TB_OK && score > 0.99f);
        FUZZ_MUST(tb_template_convert(tb_bytes_span(&once), (tb_template_form)form, &twice) == TB_OK);
        FUZZ_MUST(once.size == twice.size && memcmp(once.data + 16, twice.data + 16, once.size - 16) == 0);
        once.size = twice.size = 0;
    }
    tb_bytes_free(&once);
    tb_bytes_free(&twice);
    return 0;
}
