/* faces_book.c: the gallery file.
 *
 * The file is tb_seal of: "TBB1", u32 model, u32 people, then for each: u8 length and bytes of the name, u8 templates,
 * and for each template u16 length and bytes. Little-endian. Written whole or not at all. */
#include "faces_common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tebura/secret.h>

#define BOOK_LIMIT (512u << 20)
static const char about[] = "tebura gallery file 1";

struct reader {
    tb_span left;
    int broken;
};

static tb_span take(struct reader *reader, size_t size)
{
    if (size > reader->left.size) {
        reader->broken = 1;
        return (tb_span){0};
    }
    tb_span part = tb_span_of(reader->left.data, size);
    reader->left = tb_span_of(reader->left.data + size, reader->left.size - size);
    return part;
}

static uint32_t take_number(struct reader *reader, size_t size)
{
    tb_span part = take(reader, size);
    uint32_t value = 0;
    for (size_t i = 0; i < part.size; i++)
        value |= (uint32_t)part.data[i] << 8 * i;
    return value;
}

static tb_status take_person(struct reader *reader, uint32_t model, faces_person *out)
{
    memset(out, 0, sizeof *out);
    tb_span name = take(reader, take_number(reader, 1));
    out->count = (int)take_number(reader, 1);
    if (reader->broken || name.size == 0 || name.size >= sizeof out->name || out->count < 1 ||
        out->count > FACES_PICTURES_MAX)
        return TB_MALFORMED;
    memcpy(out->name, name.data, name.size);
    for (int i = 0; i < out->count; i++) {
        tb_span template = take(reader, take_number(reader, 2));
        tb_status status = reader->broken ? TB_MALFORMED : tb_template_decode(template, model, &out->templates[i]);
        if (status != TB_OK)
            return status;
    }
    return TB_OK;
}

static tb_status parse(tb_span plain, faces_book *book, tb_error *why)
{
    struct reader reader = {.left = plain};
    tb_span mark = take(&reader, 4);
    if (reader.broken || memcmp(mark.data, "TBB1", 4) != 0)
        return tb_fail(why, TB_UNSUPPORTED, "the gallery file is of another version");
    if (take_number(&reader, 4) != book->model)
        return tb_fail(why, TB_OTHER_MODEL,
                       "the gallery was made with other networks: enrol again, into another --gallery");
    uint32_t people = take_number(&reader, 4);
    faces_person *person = tb_secret_alloc(sizeof *person);
    tb_status status = person ? TB_OK : TB_NO_MEMORY;
    for (uint32_t i = 0; i < people && status == TB_OK; i++) {
        status = take_person(&reader, book->model, person);
        if (status == TB_OK)
            status = faces_book_put(book, person);
    }
    if (status == TB_OK && reader.left.size)
        status = TB_MALFORMED;
    tb_secret_free(person);
    return status == TB_OK ? TB_OK
                           : tb_fail(why, status, "the gallery file is damaged (%s)", tb_status_sentence(status));
}

/* Makes the folders above a path, for the owner alone. */
static tb_status make_folders(const char *path, tb_error *why)
{
    char folder[FACES_PATH_SIZE];
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        memcpy(folder, path, (size_t)(slash - path));
        folder[slash - path] = '\0';
        if (mkdir(folder, 0700) != 0 && errno != EEXIST)
            return tb_fail(why, TB_IO, "%.160s: %s", folder, strerror(errno));
    }
    return TB_OK;
}

/* Two enrolments at once would lose one of them: the second waits. */
static tb_status take_lock(const faces_arguments *arguments, faces_book *book, tb_error *why)
{
    char path[FACES_PATH_SIZE + 8];
    snprintf(path, sizeof path, "%s.lock", arguments->gallery);
    book->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (book->lock < 0 || flock(book->lock, LOCK_EX) != 0)
        return tb_fail(why, TB_IO, "%.160s: %s", path, strerror(errno));
    return TB_OK;
}

static tb_status read_sealed(const faces_arguments *arguments, faces_book *book, tb_error *why)
{
    tb_bytes sealed = {0}, plain = {0};
    tb_key key;
    tb_error absent = {0};
    tb_status status = tb_file_read(arguments->gallery, BOOK_LIMIT, &sealed, &absent);
    if (status == TB_NOT_FOUND)
        return TB_OK;
    if (status != TB_OK) {
        tb_bytes_free(&sealed);
        return tb_fail(why, status, "%s", tb_error_text(&absent));
    }
    /* tb_key_file would make a new key, which could not open what is there. */
    if (access(arguments->key, F_OK) != 0)
        status = tb_fail(why, TB_NOT_FOUND,
                         "the key file %.120s of the gallery is not there: bring it back, or name it with --key",
                         arguments->key);
    if (status == TB_OK)
        status = tb_key_file(arguments->key, &key, why);
    if (status == TB_OK) {
        status = tb_open(&key, tb_span_text(about), tb_bytes_span(&sealed), &plain);
        if (status == TB_CRYPTO)
            (void)tb_fail(why, status, "%.100s does not open with the key %.100s: another key, or a changed file",
                          arguments->gallery, arguments->key);
    }
    if (status == TB_OK)
        status = parse(tb_bytes_span(&plain), book, why);
    tb_wipe(&key, sizeof key);
    tb_bytes_free(&plain);
    tb_bytes_free(&sealed);
    return status;
}

static tb_status prepare_change(const faces_arguments *arguments, faces_book *book, tb_error *why)
{
    tb_status status = make_folders(arguments->gallery, why);
    if (status == TB_OK)
        status = make_folders(arguments->key, why);
    return status == TB_OK ? take_lock(arguments, book, why) : status;
}

tb_status faces_book_read(const faces_arguments *arguments, uint32_t model, int to_change, faces_book *out,
                          tb_error *why)
{
    *out = (faces_book){.model = model, .lock = -1};
    tb_status status = tb_crypto_start();
    if (status == TB_OK && to_change)
        status = prepare_change(arguments, out, why);
    if (status == TB_OK)
        status = read_sealed(arguments, out, why);
    if (status != TB_OK)
        faces_book_free(out);
    return status;
}

static tb_status append_number(tb_bytes *out, uint32_t value, size_t size)
{
    uint8_t bytes[4];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
    return tb_bytes_append(out, tb_span_of(bytes, size));
}

static tb_status append_person(tb_bytes *out, const faces_person *person)
{
    tb_status status = append_number(out, (uint32_t)strlen(person->name), 1);
    if (status == TB_OK)
        status = tb_bytes_append(out, tb_span_text(person->name));
    if (status == TB_OK)
        status = append_number(out, (uint32_t)person->count, 1);
    for (int i = 0; i < person->count && status == TB_OK; i++) {
        status = append_number(out, TB_TEMPLATE_BYTES((uint32_t)person->templates[i].dimension), 2);
        if (status == TB_OK)
            status = tb_template_encode(&person->templates[i], out);
    }
    return status;
}

tb_status faces_book_write(const faces_arguments *arguments, const faces_book *book, tb_error *why)
{
    tb_bytes plain = {0}, sealed = {0};
    tb_key key;
    tb_status status = tb_key_file(arguments->key, &key, why);
    if (status == TB_OK)
        status = tb_bytes_append(&plain, tb_span_text("TBB1"));
    if (status == TB_OK)
        status = append_number(&plain, book->model, 4);
    if (status == TB_OK)
        status = append_number(&plain, (uint32_t)book->count, 4);
    for (size_t i = 0; i < book->count && status == TB_OK; i++)
        status = append_person(&plain, &book->people[i]);
    if (status == TB_OK)
        status = tb_seal(&key, tb_span_text(about), tb_bytes_span(&plain), &sealed);
    if (status == TB_OK)
        status = tb_file_write(arguments->gallery, tb_bytes_span(&sealed), why);
    tb_wipe(&key, sizeof key);
    tb_bytes_free(&plain);
    tb_bytes_free(&sealed);
    return status;
}

static tb_status make_room(faces_book *book)
{
    if (book->count < book->room)
        return TB_OK;
    if (book->count >= FACES_PEOPLE_MAX)
        return TB_TOO_LARGE;
    size_t room = book->room ? 2 * book->room : 16;
    faces_person *people = tb_secret_alloc(room * sizeof *people);
    if (!people)
        return TB_NO_MEMORY;
    if (book->count)
        memcpy(people, book->people, book->count * sizeof *people);
    tb_secret_free(book->people);
    book->people = people;
    book->room = room;
    return TB_OK;
}

tb_status faces_book_put(faces_book *book, const faces_person *person)
{
    for (size_t i = 0; i < book->count; i++)
        if (strcmp(book->people[i].name, person->name) == 0) {
            book->people[i] = *person;
            return TB_OK;
        }
    tb_status status = make_room(book);
    if (status == TB_OK)
        book->people[book->count++] = *person;
    return status;
}

void faces_book_free(faces_book *book)
{
    tb_secret_free(book->people);
    if (book->lock >= 0)
        close(book->lock); /* gives the lock back */
    *book = (faces_book){.lock = -1};
}
