/* eval_folder.c: finds pictures in folders named by identity. */
#include "eval.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 8, PATH_SIZE = 4096 };

/* ---- names ---- */

/* Bytes of the UTF-8 character at `text`, 0 when it is none or should not be shown. */
static size_t character(const unsigned char *text)
{
    if (text[0] < 0x80)
        return text[0] >= 0x20 && text[0] != 0x7f;
    size_t size = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
    if (text[0] < 0xc2 || text[0] > 0xf4)
        return 0;
    uint32_t code = text[0] & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3fu);
    }
    if ((size == 3 && code < 0x800) || (size == 4 && code < 0x10000) || code > 0x10ffff)
        return 0;
    if ((code >= 0xd800 && code < 0xe000) || code < 0xa0) /* surrogates, C1 controls */
        return 0;
    int turns = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0x200e ||
                code == 0x200f || code == 0x2028 || code == 0x2029;
    return turns ? 0 : size;
}

char *eval_showable(const char *text)
{
    char *out = malloc(3 * strlen(text) + 1), *to = out;
    while (out && *text) {
        size_t size = character((const unsigned char *)text);
        memcpy(to, size ? text : "\xef\xbf\xbd", size ? size : 3);
        to += size ? size : 3;
        text += size ? size : 1;
    }
    if (out)
        *to = '\0';
    return out;
}

/* ---- growing arrays ---- */

static void *grow(void *array, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return array;
    size_t more = *room ? 2 * *room : 64;
    void *grown = realloc(array, more * size);
    if (grown)
        *room = more;
    return grown;
}

static tb_status add_set(eval_folder *folder, const char *path, uint32_t *number)
{
    char *name = eval_showable(path);
    for (size_t i = 0; name && i < folder->set_count; i++)
        if (strcmp(folder->sets[i], name) == 0) {
            free(name);
            *number = (uint32_t)i;
            return TB_OK;
        }
    char **sets = name ? grow(folder->sets, folder->set_count, &folder->set_room, sizeof *sets) : NULL;
    if (!sets) {
        free(name);
        return TB_NO_MEMORY;
    }
    folder->sets = sets;
    *number = (uint32_t)folder->set_count;
    sets[folder->set_count++] = name;
    return TB_OK;
}

static tb_status add_person(eval_folder *folder, const char *path)
{
    char set[PATH_SIZE];
    const char *slash = strrchr(path, '/');
    snprintf(set, sizeof set, "%.*s", slash ? (int)(slash - path) : 0, path);
    eval_person person = {.name = eval_showable(slash ? slash + 1 : path), .namesake = (uint32_t)folder->person_count};
    if (!person.name)
        return TB_NO_MEMORY;
    eval_person *people = grow(folder->people, folder->person_count, &folder->person_room, sizeof *people);
    if (people)
        folder->people = people;
    if (!people || add_set(folder, set, &person.set) != TB_OK) {
        free(person.name);
        return TB_NO_MEMORY;
    }
    for (size_t i = folder->person_count; i-- > 0;)
        if (strcmp(folder->people[i].name, person.name) == 0)
            person.namesake = folder->people[i].namesake;
    folder->people[folder->person_count++] = person;
    return TB_OK;
}

static tb_status add_picture(eval_folder *folder, const char *path, tb_error *why)
{
    if (folder->picture_count == EVAL_PICTURES_MAX)
        return tb_fail(why, TB_TOO_LARGE, "more than %d pictures: evaluate a part of them at a time",
                       EVAL_PICTURES_MAX);
    eval_picture *pictures = grow(folder->pictures, folder->picture_count, &folder->picture_room, sizeof *pictures);
    if (!pictures)
        return TB_NO_MEMORY;
    folder->pictures = pictures;
    eval_picture *picture = &pictures[folder->picture_count];
    *picture = (eval_picture){.path = strdup(path), .name = eval_showable(path)};
    picture->person = (uint32_t)folder->person_count - 1;
    if (!picture->path || !picture->name) {
        free(picture->path);
        free(picture->name);
        return TB_NO_MEMORY;
    }
    folder->picture_count++;
    return TB_OK;
}

/* ---- walking ---- */

/* By its name or by its first bytes: a picture that is broken is still meant as one. */
static int is_picture(const char *path)
{
    static const char *const endings[] = {".jpg", ".jpeg", ".png", ".pgm", ".ppm", ".pnm"};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return 1;
    unsigned char first[4] = {0};
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ssize_t got = file >= 0 ? read(file, first, sizeof first) : 0;
    if (file >= 0)
        close(file);
    return got == 4 && (memcmp(first, "\xff\xd8\xff", 3) == 0 || memcmp(first, "\x89PNG", 4) == 0 ||
                        (first[0] == 'P' && (first[1] == '5' || first[1] == '6') && first[2] <= ' '));
}

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static tb_status walk(eval_folder *folder, const char *inside, int depth, tb_error *why);

/* One entry of a folder: a picture is added (its person with the first one), a folder is walked later. */
static tb_status visit(eval_folder *folder, const char *inside, const char *name, int depth, int want_folders,
                       int *has_person, tb_error *why)
{
    char path[PATH_SIZE], full[PATH_SIZE];
    struct stat about;
    int used = snprintf(path, sizeof path, "%s%s%s", inside, *inside ? "/" : "", name);
    if (used < 0 || (size_t)used >= sizeof path ||
        (size_t)snprintf(full, sizeof full, "%s/%s", folder->root, path) >= sizeof full || lstat(full, &about) != 0) {
        folder->aside += !want_folders;
        return TB_OK;
    }
    if (S_ISDIR(about.st_mode))
        return want_folders ? walk(folder, path, depth + 1, why) : TB_OK;
    if (want_folders)
        return TB_OK;
    if (!*inside || !S_ISREG(about.st_mode) || !is_picture(full)) {
        folder->aside++;
        return TB_OK;
    }
    tb_status status = *has_person ? TB_OK : add_person(folder, inside);
    *has_person = 1;
    return status == TB_OK ? add_picture(folder, path, why) : status;
}

static tb_status walk(eval_folder *folder, const char *inside, int depth, tb_error *why)
{
    char full[PATH_SIZE];
    struct dirent **entries;
    if (depth > DEPTH_MAX || (size_t)snprintf(full, sizeof full, "%s/%s", folder->root, inside) >= sizeof full) {
        folder->aside++;
        return TB_OK;
    }
    int count = scandir(full, &entries, is_shown, by_bytes);
    if (count < 0) {
        if (depth == 0)
            return tb_fail(why, errno == ENOENT ? TB_NOT_FOUND : TB_IO, "%.150s: %s", folder->root, strerror(errno));
        folder->aside++;
        return TB_OK;
    }
    tb_status status = TB_OK;
    int has_person = 0;
    for (int want_folders = 0; want_folders < 2; want_folders++)
        for (int i = 0; i < count && status == TB_OK; i++)
            status = visit(folder, inside, entries[i]->d_name, depth, want_folders, &has_person, why);
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    return status;
}

tb_status eval_folder_read(const char *root, eval_folder *out, tb_error *why)
{
    *out = (eval_folder){.root = root};
    tb_status status = walk(out, "", 0, why);
    if (status == TB_OK && out->picture_count == 0)
        status = tb_fail(why, TB_NOT_FOUND,
                         "%.120s: no pictures in folders: it has to hold a folder for each person with JPEG, PNG or "
                         "PNM files in it",
                         root);
    if (status != TB_OK)
        eval_folder_free(out);
    return status;
}

void eval_folder_free(eval_folder *folder)
{
    for (size_t i = 0; i < folder->picture_count; i++) {
        free(folder->pictures[i].path);
        free(folder->pictures[i].name);
    }
    for (size_t i = 0; i < folder->person_count; i++)
        free(folder->people[i].name);
    for (size_t i = 0; i < folder->set_count; i++)
        free(folder->sets[i]);
    free(folder->pictures);
    free(folder->people);
    free(folder->sets);
    *folder = (eval_folder){0};
}
