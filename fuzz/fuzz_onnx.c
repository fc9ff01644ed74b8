/* fuzz_onnx.c: any bytes as a network's file: rewritten into one that can be read again, or a status. */
#include "face/onnx.h"
#include "face/rewrite.h"

#include "again.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tb_bytes out = {0}, again = {0};
    tb_onnx onnx;
    tb_status status = tb_network_rewrite(tb_span_of(data, size), &out);
    FUZZ_MUST(status == TB_OK || status == TB_UNSUPPORTED || status == TB_MALFORMED || status == TB_NO_MEMORY);
    if (status == TB_OK) {
        FUZZ_MUST(tb_onnx_read(tb_bytes_span(&out), &onnx) == TB_OK);
        tb_onnx_free(&onnx);
        status = tb_network_rewrite(tb_bytes_span(&out), &again);
        FUZZ_MUST(status == TB_OK || status == TB_UNSUPPORTED || status == TB_NO_MEMORY);
    }
    tb_bytes_free(&out);
    tb_bytes_free(&again);
    return 0;
}
