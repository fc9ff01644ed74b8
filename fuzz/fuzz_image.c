/* fuzz_image.c: any bytes as a picture: an image within the limits or a status with a sentence, and no pixel left
 * behind. */
#include <tebura/image.h>
#include <tebura/secret.h>

#include "../src/image/codec.h"
#include "again.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t held = tb_secret_held();
    tb_span bytes = tb_span_of(data, size);
    if (size >= 2) {
        tb_jpeg_markers markers = tb_jpeg_read_markers(bytes);
        FUZZ_MUST(markers.orientation >= 1 && markers.orientation <= 8);
    }
    tb_image image;
    tb_error why = {0};
    tb_status status = tb_image_decode(bytes, &image, &why);
    FUZZ_MUST((status == TB_OK) == (image.data != NULL));
    FUZZ_MUST((status == TB_OK) == (why.text[0] == '\0'));
    if (status == TB_OK) {
        tb_image small;
        FUZZ_MUST(image.width >= 1 && image.height >= 1);
        FUZZ_MUST((uint64_t)image.width * (uint64_t)image.height <= TB_IMAGE_MAX_PIXELS);
        FUZZ_MUST(tb_image_resize(&image, 9, 7, &small) == TB_OK); /* reads every pixel */
        tb_image_free(&small);
    }
    tb_image_free(&image);
    FUZZ_MUST(tb_secret_held() == held);
    return 0;
}
