/* fuzz_manifest.c: any bytes as a manifest of networks: numbers that can be used, or a sentence. */
#include "../src/face/manifest.h"

#include <math.h>
#include <string.h>

#include "again.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static tb_manifest manifest;
    tb_error why = {0};
    tb_status status = tb_manifest_parse(tb_span_of(data, size), &manifest, &why);
    FUZZ_MUST((status == TB_OK) == (why.text[0] == '\0'));
    if (status == TB_OK) {
        FUZZ_MUST(manifest.embed.model != 0 && manifest.embed.dimension >= 1 &&
                  manifest.embed.dimension <= TB_TEMPLATE_MAX_DIMENSION);
        FUZZ_MUST(manifest.calibration.numbers.knots >= 2 && manifest.calibration.numbers.knots <= TB_KNOTS_MAX &&
                  manifest.calibration.numbers.liveness > 0);
        FUZZ_MUST(manifest.former_count < TB_MODELS_MAX);
        for (uint32_t i = 0; i < manifest.former_count; i++)
            FUZZ_MUST(manifest.former[i].embed.model != 0 && manifest.former[i].embed.model != manifest.embed.model &&
                      !strchr(manifest.former[i].embed.network.file, '/'));
        FUZZ_MUST(isfinite(1 / manifest.detect.network.input.divisor));
        FUZZ_MUST(!strchr(manifest.detect.network.file, '/'));
    } else {
        FUZZ_MUST(manifest.version == 0 && manifest.embed.model == 0);
    }
    return 0;
}
