/* verify.c: are the faces in two pictures the same person? The smallest whole program on the library.
 *
 *     cc -std=c17 verify.c $(pkg-config --cflags --libs tebura) -o verify
 *     ./verify passport.jpg live.jpg
 *
 * Exit status: 0 the same person, 1 different people, 2 it could not be told (the sentence says what to do).
 * The networks come from the manifest that the library finds by itself, or from $TEBURA_MODELS. */
#include <stdio.h>

#include <tebura/tebura.h>

/* The template of the one face in a picture file. What the person can mend ("come closer") comes as a TB_RETRY_
 * status. */
static tb_status template_of(tb_engine *engine, const char *path, tb_capture *capture, tb_error *why)
{
    tb_image image;
    tb_status status = tb_image_read(path, &image, why);
    if (status != TB_OK)
        return status;
    status = tb_engine_capture(engine, &image, 0, capture); /* 0: two files, so nobody live to look for */
    tb_image_free(&image);                                  /* wipes the picture */
    return status == TB_OK ? TB_OK : tb_fail(why, status, "%s: %s", path, tb_status_sentence(status));
}

static tb_status compare(const char *paths[2], tb_engine *engine, tb_capture captures[2], float *score, tb_error *why)
{
    for (int i = 0; i < 2; i++) {
        tb_status status = template_of(engine, paths[i], &captures[i], why);
        if (status != TB_OK)
            return status;
    }
    return tb_template_compare(&captures[0].template, &captures[1].template, score);
}

int main(int argc, char **argv)
{
    tb_error why = {0};
    tb_engine *engine = NULL;
    float score = 0, threshold = 0;
    if (argc != 3) {
        fprintf(stderr, "usage: %s PICTURE PICTURE\n", argv[0]);
        return 2;
    }
    tb_capture *captures = tb_secret_alloc(2 * sizeof *captures); /* biometric data: locked, wiped when freed */
    tb_status status = captures ? TB_OK : TB_NO_MEMORY;
    if (status == TB_OK)
        status = tb_engine_open(&(tb_engine_options){.without_liveness = 1}, &engine, &why);
    if (status == TB_OK)
        status = compare((const char *[]){argv[1], argv[2]}, engine, captures, &score, &why);
    if (status == TB_OK) {
        threshold = tb_engine_calibration(engine)->verification;
        printf("%s: similarity %.3f, threshold %.3f\n", score >= threshold ? "same person" : "different people", score,
               threshold);
    } else {
        fprintf(stderr, "%s\n", why.text[0] ? why.text : tb_status_sentence(status));
    }
    tb_secret_free(captures);
    tb_engine_free(&engine);
    return status != TB_OK ? 2 : score >= threshold ? 0 : 1;
}
