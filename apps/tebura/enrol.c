/* enrol.c: tebura enrol NAME PICTURE...: templates of one person into the sealed gallery file. */
#include "faces_common.h"

#include <stdio.h>
#include <string.h>

#include <tebura/secret.h>

static const char help[] =
    "usage: tebura enrol [--strict] [--gallery FILE] [--key FILE] [--json] NAME PICTURE...\n\n"
    "Makes a template of each picture (1 to 5, each showing that one person alone) and keeps them under NAME in the\n"
    "gallery file; a person of that name is replaced. Pictures are not kept. The file is sealed with the key file, which\n"
    "is made when it is absent; without it the gallery cannot be read.\n"
    "A picture that can be compared but is not good enough to be kept for years (closed eyes, a mask, uneven light,\n"
    "turned away; see tebura faces) is kept with a warning, with --strict it is refused.\n"
    "Default: $XDG_DATA_HOME/tebura/gallery.tebura and gallery.key.\n\n"
    "Exit status: 0 enrolled, 2 not enrolled (the sentence says what to do; the gallery is as it was).\n";

static tb_status check_name(const char *name, tb_error *why)
{
    size_t length = strlen(name);
    if (length < 1 || length >= FACES_NAME_SIZE)
        return tb_fail(why, TB_INVALID_ARGUMENT, "a name of 1 to %d bytes is wanted", FACES_NAME_SIZE - 1);
    for (const char *at = name; *at; at++)
        if ((unsigned char)*at < 32 || *at == 127)
            return tb_fail(why, TB_INVALID_ARGUMENT, "a name must not hold control characters");
    return TB_OK;
}

/* Every picture must be of one person: a slip here would let somebody else pass as them ever after. */
static tb_status check_same(const faces_person *person, const tb_template *next, float threshold, const char *path,
                            tb_error *why)
{
    for (int i = 0; i < person->count; i++) {
        float score;
        tb_status status = tb_template_compare(&person->templates[i], next, &score);
        if (status != TB_OK)
            return status;
        if (score < threshold)
            return tb_fail(why, TB_FACE_MISMATCH,
                           "%.150s does not show the person of the other pictures (similarity %.3f)", path, score);
    }
    return TB_OK;
}

/* Good enough to be kept, not only to be compared? */
static tb_status check_quality(const faces_arguments *arguments, const tb_capture *capture, const char *path,
                               tb_error *why)
{
    tb_status status = tb_quality_advice(&capture->quality, TB_FOR_ENROLMENT);
    if (status == TB_OK)
        return TB_OK;
    if (arguments->strict)
        return tb_fail(why, status, "%.150s: %s", path, tb_status_sentence(status));
    fprintf(stderr, "tebura enrol: warning: %s: %s (kept all the same; --strict refuses)\n", path,
            tb_status_sentence(status));
    return TB_OK;
}

static tb_status collect(tb_engine *engine, const faces_arguments *arguments, faces_person *person, tb_error *why)
{
    tb_capture *capture = tb_secret_alloc(sizeof *capture);
    tb_status status = capture ? check_name(arguments->words[0], why) : TB_NO_MEMORY;
    if (status == TB_OK)
        memcpy(person->name, arguments->words[0], strlen(arguments->words[0]) + 1);
    for (int i = 1; i < arguments->count && status == TB_OK; i++) {
        const char *path = arguments->words[i];
        status = faces_capture(engine, path, capture, why);
        if (status == TB_OK)
            status = check_quality(arguments, capture, path, why);
        if (status == TB_OK)
            status = check_same(person, &capture->template, tb_engine_calibration(engine)->verification, path, why);
        if (status == TB_OK)
            person->templates[person->count++] = capture->template;
    }
    tb_secret_free(capture);
    return status;
}

/* Somebody else in the book who looks like this person; NULL is the usual answer. */
static const char *find_double(const faces_book *book, const faces_person *person, float threshold)
{
    for (size_t i = 0; i < book->count; i++)
        for (int a = 0; a < book->people[i].count && strcmp(book->people[i].name, person->name) != 0; a++)
            for (int b = 0; b < person->count; b++) {
                float score;
                if (tb_template_compare(&book->people[i].templates[a], &person->templates[b], &score) == TB_OK &&
                    score >= threshold)
                    return book->people[i].name;
            }
    return NULL;
}

static void answer(const faces_arguments *arguments, const tb_engine *engine, const faces_book *book,
                   const faces_person *person)
{
    const char *twin = find_double(book, person, tb_engine_calibration(engine)->verification);
    if (arguments->json) {
        faces_print_json(json_pack("{s:s,s:i,s:i,s:s,s:s?,s:b}", "name", person->name, "templates", person->count,
                                   "people", (int)book->count, "gallery", arguments->gallery, "looks_like", twin,
                                   "provisional", tb_engine_is_provisional(engine)));
        return;
    }
    printf("enrolled %s with %d template%s; %zu %s in %s\n", person->name, person->count, person->count == 1 ? "" : "s",
           book->count, book->count == 1 ? "person" : "people", arguments->gallery);
    if (twin)
        fprintf(stderr,
                "tebura enrol: warning: %s looks like %s: the same person twice is never identified with certainty\n",
                person->name, twin);
    faces_warn_provisional(engine);
}

int command_enrol(int argc, char **argv)
{
    faces_arguments arguments;
    faces_book book = {.lock = -1};
    tb_error why = {0};
    tb_engine *engine = NULL;
    if (app_wants_help(argc, argv))
        return app_help(help);
    faces_person *person = tb_secret_alloc(sizeof *person);
    tb_status status = faces_parse(argc, argv, 2, 1 + FACES_PICTURES_MAX, &arguments, &why);
    if (status == TB_OK && !person)
        status = TB_NO_MEMORY;
    if (status == TB_OK)
        status =
            tb_engine_open(&(tb_engine_options){.without_liveness = 1, .with_pose = 1, .with_eyes = 1}, &engine, &why);
    if (status == TB_OK)
        status = collect(engine, &arguments, person, &why);
    if (status == TB_OK)
        status = faces_book_read(&arguments, tb_engine_model(engine), 1, &book, &why);
    if (status == TB_OK)
        status = faces_book_put(&book, person);
    if (status == TB_OK)
        status = faces_book_write(&arguments, &book, &why);
    if (status == TB_OK)
        answer(&arguments, engine, &book, person);
    int code = status == TB_OK ? APP_YES : faces_fail(&arguments, status, &why);
    faces_book_free(&book);
    tb_secret_free(person);
    tb_engine_free(&engine);
    return code;
}
