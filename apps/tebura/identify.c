/* identify.c: tebura identify PICTURE: who of the gallery is it, if anybody? */
#include "faces_common.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <tebura/gallery.h>
#include <tebura/secret.h>

static const char help[] =
    "usage: tebura identify [--gallery FILE] [--key FILE] [--fpir RATE] [--all-faces] [--json] PICTURE\n\n"
    "Searches the gallery made by tebura enrol for the person in the picture. The threshold follows the number of people\n"
    "in it, so that a stranger is taken for somebody at most with the rate --fpir (default 0.001). Two too alike to tell\n"
    "apart are \"not sure\", never a guess. --all-faces answers for each face of a picture with several people.\n\n"
    "Exit status: 0 somebody of the gallery (with --all-faces: at least one), 1 nobody or not sure, 2 it could not be\n"
    "done (the sentence says what to do).\n";

static const char *const words[] = {
    [TB_NOBODY] = "nobody", [TB_NOT_SURE] = "not_sure", [TB_THIS_PERSON] = "this_person"};

struct search {
    const faces_arguments *arguments;
    tb_engine *engine;
    tb_gallery *gallery;
    const faces_book *book;
    float threshold;
};

/* The number of a person in the book is their id in the gallery. */
static tb_id id_of(size_t number)
{
    tb_id id = {{0}};
    for (size_t i = 0; i < 8; i++)
        id.bytes[i] = (uint8_t)((uint64_t)(number + 1) >> 8 * i);
    return id;
}

static const char *name_of(const faces_book *book, tb_id id)
{
    uint64_t number = 0;
    for (size_t i = 0; i < 8; i++)
        number |= (uint64_t)id.bytes[i] << 8 * i;
    return number >= 1 && number <= book->count ? book->people[number - 1].name : "";
}

static tb_status fill_gallery(const faces_book *book, tb_engine *engine, tb_gallery **out)
{
    uint32_t model = tb_engine_model(engine);
    int dimension = book->count ? book->people[0].templates[0].dimension : 1;
    tb_status status = tb_gallery_new(model, dimension, out);
    for (size_t i = 0; i < book->count && status == TB_OK; i++)
        status = tb_gallery_put(*out, id_of(i), book->people[i].templates, book->people[i].count);
    return status;
}

static json_t *describe(const struct search *search, const tb_face *face, tb_identity identity,
                        const tb_candidate *candidates, int found)
{
    json_t *object =
        json_pack("{s:s,s:s?,s:o?,s:[o,o,o,o]}", "verdict", words[identity], "name",
                  identity == TB_THIS_PERSON ? name_of(search->book, candidates[0].id) : NULL, "score",
                  found ? faces_number(candidates[0].score, 4) : NULL, "box", faces_number(face->box.x, 1),
                  faces_number(face->box.y, 1), faces_number(face->box.width, 1), faces_number(face->box.height, 1));
    return object;
}

static void say(const struct search *search, tb_identity identity, const tb_candidate *candidates, int found)
{
    const char *best = found ? name_of(search->book, candidates[0].id) : "";
    if (identity == TB_THIS_PERSON)
        printf("%s: similarity %.3f, threshold %.3f\n", best, candidates[0].score, search->threshold);
    else if (identity == TB_NOT_SURE)
        printf("not sure: %s (%.3f) and %s (%.3f) are too alike to tell apart here\n", best, candidates[0].score,
               name_of(search->book, candidates[1].id), candidates[1].score);
    else if (found)
        printf("nobody: the best similarity is %.3f, the threshold %.3f\n", candidates[0].score, search->threshold);
    else
        printf("nobody: the gallery is empty: enrol people with tebura enrol\n");
}

static tb_status search_one(const struct search *search, const tb_face *face, const tb_template *probe, json_t *list,
                            int *known)
{
    tb_candidate candidates[2] = {0};
    int found = 0;
    tb_status status = TB_OK;
    if (search->book->count)
        status = tb_gallery_search(search->gallery, probe, 2, NULL, NULL, candidates, &found);
    if (status != TB_OK)
        return status;
    tb_identity identity = tb_decide(tb_engine_calibration(search->engine), tb_gallery_rows(search->gallery),
                                     search->arguments->fpir, candidates, found);
    *known += identity == TB_THIS_PERSON;
    if (search->arguments->json)
        return json_array_append_new(list, describe(search, face, identity, candidates, found)) == 0 ? TB_OK
                                                                                                     : TB_NO_MEMORY;
    say(search, identity, candidates, found);
    return TB_OK;
}

static tb_status search_all(const struct search *search, json_t *list, int *known, tb_error *why)
{
    tb_image image;
    int count = 0;
    tb_status status = tb_image_read(search->arguments->words[0], &image, why);
    if (status != TB_OK)
        return status;
    tb_face *faces = tb_secret_alloc(TB_FACES_MAX * sizeof *faces);
    tb_template *probe = tb_secret_alloc(sizeof *probe);
    status = faces && probe ? tb_engine_detect(search->engine, &image, faces, &count) : TB_NO_MEMORY;
    if (status == TB_OK && count == 0)
        status = TB_RETRY_NO_FACE;
    for (int i = 0; i < count && status == TB_OK; i++) {
        status = tb_engine_template(search->engine, &image, &faces[i], probe);
        if (status == TB_OK)
            status = search_one(search, &faces[i], probe, list, known);
    }
    if (status != TB_OK && !why->text[0])
        (void)tb_fail(why, status, "%.150s: %s", search->arguments->words[0], tb_status_sentence(status));
    tb_secret_free(probe);
    tb_secret_free(faces);
    tb_image_free(&image);
    return status;
}

static tb_status search_single(const struct search *search, json_t *list, int *known, tb_error *why)
{
    tb_capture *capture = tb_secret_alloc(sizeof *capture);
    tb_status status =
        capture ? faces_capture(search->engine, search->arguments->words[0], capture, why) : TB_NO_MEMORY;
    if (status == TB_OK)
        status = search_one(search, &capture->face, &capture->template, list, known);
    tb_secret_free(capture);
    return status;
}

static tb_status identify(const faces_arguments *arguments, struct search *search, int *known, tb_error *why)
{
    json_t *list = json_array();
    tb_status status = list ? TB_OK : TB_NO_MEMORY;
    if (status == TB_OK)
        status = fill_gallery(search->book, search->engine, &search->gallery);
    if (status == TB_OK)
        search->threshold = tb_decision_threshold(tb_engine_calibration(search->engine),
                                                  tb_gallery_rows(search->gallery), arguments->fpir);
    if (status == TB_OK)
        status = arguments->all_faces ? search_all(search, list, known, why) : search_single(search, list, known, why);
    if (status == TB_OK && arguments->json)
        faces_print_json(json_pack("{s:O,s:i,s:o,s:f,s:b}", "faces", list, "people", (int)search->book->count,
                                   "threshold", faces_number(search->threshold, 4), "fpir", arguments->fpir,
                                   "provisional", tb_engine_is_provisional(search->engine)));
    else if (status == TB_OK)
        faces_warn_provisional(search->engine);
    json_decref(list);
    tb_gallery_free(&search->gallery);
    return status;
}

int command_identify(int argc, char **argv)
{
    faces_arguments arguments;
    faces_book book = {.lock = -1};
    tb_error why = {0};
    struct search search = {.arguments = &arguments, .book = &book};
    int known = 0;
    if (app_wants_help(argc, argv))
        return app_help(help);
    tb_status status = faces_parse(argc, argv, 1, 1, &arguments, &why);
    if (status == TB_OK && arguments.gallery_is_named && access(arguments.gallery, F_OK) != 0)
        status =
            tb_fail(&why, TB_NOT_FOUND, "the gallery %.160s is not there: tebura enrol makes it", arguments.gallery);
    if (status == TB_OK)
        status = tb_engine_open(&(tb_engine_options){.without_liveness = 1}, &search.engine, &why);
    if (status == TB_OK)
        status = faces_book_read(&arguments, tb_engine_model(search.engine), 0, &book, &why);
    if (status == TB_OK)
        status = identify(&arguments, &search, &known, &why);
    int code = status != TB_OK ? faces_fail(&arguments, status, &why) : known ? APP_YES : APP_NO;
    faces_book_free(&book);
    tb_engine_free(&search.engine);
    return code;
}
