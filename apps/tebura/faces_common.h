/* faces_common.h: what the face commands share: their arguments, pictures, the sealed gallery file, and how they
 * answer. */
#ifndef TEBURA_APP_FACES_COMMON_H
#define TEBURA_APP_FACES_COMMON_H

#include <jansson.h>

#include <tebura/crypto.h>
#include <tebura/decision.h>
#include <tebura/face.h>

#include "command.h"

enum {
    FACES_WORDS_MAX = 8,
    FACES_PATH_SIZE = 1024,
    FACES_NAME_SIZE = 128,
    FACES_PICTURES_MAX = 5,
    FACES_PEOPLE_MAX = 100000
};

typedef struct faces_arguments {
    const char *command, *words[FACES_WORDS_MAX];
    int count, json, all_faces, components, strict, gallery_is_named;
    char gallery[FACES_PATH_SIZE], key[FACES_PATH_SIZE];
    double fpir;
} faces_arguments;

/* Words and options; paths of gallery and key are filled in with the defaults. On TB_INVALID_ARGUMENT `why` names the
 * word. */
tb_status faces_parse(int argc, char **argv, int least, int most, faces_arguments *out, tb_error *why) TB_MUST_CHECK;

/* One face good enough for a template; `why` names the picture and what to do. `capture` is secret memory of the
 * caller. */
tb_status faces_capture(tb_engine *engine, const char *path, tb_capture *capture, tb_error *why) TB_MUST_CHECK;

/* Prints {"error":{...}} on standard output with --json, a sentence on standard error without. Answers APP_ERROR. */
int faces_fail(const faces_arguments *arguments, tb_status status, tb_error *why);
/* Prints one JSON line on standard output and drops the object. */
void faces_print_json(json_t *object);
/* A number of `digits` decimals as JSON, so that 0.44 is not 0.43999999761581421. */
json_t *faces_number(double value, int digits);
/* One line on standard error while the manifest's calibration is provisional. */
void faces_warn_provisional(const tb_engine *engine);

/* ---- the gallery file: names and templates, sealed under the key file, whole in memory ---- */

typedef struct faces_person {
    char name[FACES_NAME_SIZE];
    int count;
    tb_template templates[FACES_PICTURES_MAX];
} faces_person;

typedef struct faces_book {
    uint32_t model;
    size_t count, room;
    faces_person *people; /* secret memory */
    int lock;             /* of the file, held until freed */
} faces_book;

/* With `to_change` folders are made and the file is locked until the book is freed. An absent file is an empty book.
 * TB_OTHER_MODEL when it was made with other networks; TB_CRYPTO with a sentence. */
tb_status faces_book_read(const faces_arguments *arguments, uint32_t model, int to_change, faces_book *out,
                          tb_error *why) TB_MUST_CHECK;
tb_status faces_book_write(const faces_arguments *arguments, const faces_book *book, tb_error *why) TB_MUST_CHECK;
/* Adds or replaces the person of that name. */
tb_status faces_book_put(faces_book *book, const faces_person *person) TB_MUST_CHECK;
void faces_book_free(faces_book *book);

#endif
