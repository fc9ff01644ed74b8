/* names.c: do passport and boarding pass name the same person? Both sides are folded to letters; the pass may be cut
 * at 20 characters and may carry a title, apart ("ANNA MARIA MRS") or stuck to the given name ("ANNAMRS").
 *
 * Sticking is ambiguous (ALEXANDR ends in DR), so a title is taken off only as one more way to agree, never instead. */
#include <tebura/document.h>

#include <string.h>

#include <tebura/secret.h>

#define NAME_FIELD 20 /* characters on the pass */
/* a cut surname has at least so many letters: the rest of the field is slash and given name */
#define SURNAME_LEAST 14

typedef struct folded {
    char surname[48], given[48];
    int is_cut; /* the field is full */
} folded;

static void fold(const char *text, size_t size, char *out, size_t room)
{
    size_t used = 0;
    for (size_t i = 0; i < size && text[i] && used + 1 < room; i++) {
        char c = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 'a' + 'A') : text[i];
        if (c >= 'A' && c <= 'Z')
            out[used++] = c;
    }
    out[used] = '\0';
}

static int begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static int ends_in(const char *text, const char *end, size_t size)
{
    size_t length = strlen(text);
    return length >= size && memcmp(text + length - size, end, size) == 0;
}

static int surnames_agree(const folded *pass, const folded *passport)
{
    if (strcmp(pass->surname, passport->surname) == 0)
        return 1;
    return pass->is_cut && strlen(pass->surname) >= SURNAME_LEAST && begins(passport->surname, pass->surname);
}

static int given_agrees(const char *pass, const folded *passport, int pass_is_cut)
{
    const char *given = passport->given;
    if (given[0] == '\0') /* one name only: airlines fill in what they like */
        return pass[0] == '\0' || strcmp(pass, "FNU") == 0 || strcmp(pass, passport->surname) == 0;
    if (pass[0] == '\0')
        return pass_is_cut;
    return begins(given, pass) || (passport->is_cut && begins(pass, given));
}

/* As it is, or without one title, or without two ("DR MRS"). A title at the end of a full field may be cut itself. */
static int given_agrees_without_titles(const char *pass, const folded *passport, int pass_is_cut, int depth)
{
    static const char *const titles[] = {"MR", "MRS", "MS", "MISS", "MSTR", "MX", "DR", "PROF", "CHD", "INF"};
    if (given_agrees(pass, passport, pass_is_cut))
        return 1;
    for (size_t i = 0; depth > 0 && i < sizeof titles / sizeof *titles; i++) {
        size_t whole = strlen(titles[i]);
        for (size_t size = pass_is_cut ? 1 : whole; size <= whole; size++) {
            if (!ends_in(pass, titles[i], size))
                continue;
            char shorter[sizeof passport->given];
            size_t left = strlen(pass) - size;
            memcpy(shorter, pass, left);
            shorter[left] = '\0';
            int agree = (left > 0 || passport->given[0] == '\0') &&
                        given_agrees_without_titles(shorter, passport, pass_is_cut, depth - 1);
            tb_wipe(shorter, sizeof shorter);
            if (agree)
                return 1;
        }
    }
    return 0;
}

int tb_document_names_agree(const tb_mrz *passport, const tb_bcbp *pass)
{
    folded theirs = {.is_cut = passport->names_cut},
           ours = {.is_cut = strnlen(pass->name, sizeof pass->name) >= NAME_FIELD};
    fold(passport->surname, sizeof passport->surname, theirs.surname, sizeof theirs.surname);
    fold(passport->given, sizeof passport->given, theirs.given, sizeof theirs.given);
    size_t length = strnlen(pass->name, sizeof pass->name);
    const char *slash = memchr(pass->name, '/', length);
    size_t surname = slash ? (size_t)(slash - pass->name) : length;
    fold(pass->name, surname, ours.surname, sizeof ours.surname);
    if (slash)
        fold(slash + 1, length - surname - 1, ours.given, sizeof ours.given);
    int agree = ours.surname[0] && theirs.surname[0] && surnames_agree(&ours, &theirs) &&
                given_agrees_without_titles(ours.given, &theirs, ours.is_cut, 2);
    tb_wipe(&ours, sizeof ours);
    tb_wipe(&theirs, sizeof theirs);
    return agree;
}
