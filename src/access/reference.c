/* reference.c: the form of what people hold, a reservation's number or a ticket's code: read, and kept from typing
 * errors. */
#include "access/profile_check.h"

#include <string.h>

#include <tebura/secret.h>

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_letter(char c)
{
    return c >= 'A' && c <= 'Z';
}

static int fits(const char *pattern, const char *text)
{
    if (strlen(pattern) != strlen(text))
        return 0;
    for (; *pattern; pattern++, text++) {
        int good = *pattern == '#'   ? is_digit(*text)
                   : *pattern == '@' ? is_letter(*text)
                   : *pattern == '*' ? is_digit(*text) || is_letter(*text)
                                     : *pattern == *text;
        if (!good)
            return 0;
    }
    return 1;
}

/* ISO/IEC 7812-1, annex B, over the digits: every second one from the right counts double. */
static int luhn_holds(const char *text)
{
    int sum = 0, doubled = 0;
    for (size_t i = strlen(text); i-- > 0;) {
        if (!is_digit(text[i]))
            continue;
        int value = (text[i] - '0') * (1 + doubled);
        sum += value > 9 ? value - 9 : value;
        doubled = !doubled;
    }
    return sum % 10 == 0;
}

/* ISO/IEC 7064, MOD 97-10; letters count from 10. */
static int mod97_holds(const char *text)
{
    int rest = 0;
    for (; *text; text++) {
        if (is_digit(*text))
            rest = (rest * 10 + (*text - '0')) % 97;
        else if (is_letter(*text))
            rest = (rest * 100 + (*text - 'A' + 10)) % 97;
    }
    return rest == 1;
}

/* Blanks go and letters become capitals where there is a pattern: people type what they read. 1 when it is printable
 * and short enough. */
static int tidy(const char *text, int fold, char out[TB_REFERENCE_SIZE])
{
    size_t length = 0;
    for (; *text; text++) {
        char c = *text;
        if (c == ' ' && fold)
            continue;
        if (c <= ' ' || c > '~' || length == TB_REFERENCE_SIZE - 1)
            return 0;
        out[length++] = fold && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    out[length] = '\0';
    return length > 0;
}

tb_status tb_profile_reference_read(const tb_profile *profile, const char *text, char out[TB_REFERENCE_SIZE])
{
    const tb_reference_form *form = profile->reference;
    tb_status status = TB_OK;
    if (!form)
        status = TB_UNSUPPORTED;
    else if (!tidy(text, form->pattern != NULL, out) || (form->pattern && !fits(form->pattern, out)))
        status = TB_MALFORMED;
    else if ((form->check == TB_CHECK_LUHN && !luhn_holds(out)) || (form->check == TB_CHECK_MOD97 && !mod97_holds(out)))
        status = TB_CHECK_DIGIT;
    if (status != TB_OK)
        tb_wipe(out, TB_REFERENCE_SIZE);
    return status;
}

const char *tb_profile_reference_title(const tb_profile *profile, const char *language)
{
    if (!profile->reference)
        return "";
    return strcmp(language, "ja") == 0 ? profile->reference->titles.ja : profile->reference->titles.en;
}

const char *tb_profile_reference_fact(const tb_profile *profile)
{
    return profile->reference && profile->reference->fact ? profile->reference->fact : "";
}

/* ---- is the profile's own word on it sound? ---- */

static void check_form(tb_checker *c)
{
    const tb_reference_form *form = c->profile->reference;
    tb_value_type type;
    tb_checker_look_at(c, "reference");
    if (form->fact && (!tb_profile_fact_type(c->profile, form->fact, &type) || type != TB_VALUE_TEXT))
        tb_checker_fault(c, "fact", "name a fact of type text, or remove it", "'%.40s' is no text that could hold it",
                         form->fact);
    if (form->check != TB_CHECK_NONE && !form->pattern)
        tb_checker_fault(c, "check", "add a pattern: '#' is a digit, '@' a letter, '*' either",
                         "check digits need a form in which they stand");
    for (const char *at = form->pattern; at && *at; at++)
        if (*at <= ' ' || *at > '~' || (*at >= 'a' && *at <= 'z')) {
            tb_checker_fault(c, "pattern", "'#' is a digit, '@' a letter, '*' either; all else stands for itself",
                             "a reference is read in capital letters, digits and signs without blanks");
            break;
        }
}

void tb_check_reference(tb_checker *c)
{
    if (c->profile->reference)
        check_form(c);
}

static int documents_are_good(const struct tb_role *role)
{
    const int *documents = role->documents;
    return role->documents_count == 0 || (role->documents_count == 1 && documents[0] == TB_DOCUMENT_REFERENCE) ||
           (role->documents_count == 2 && documents[0] == TB_DOCUMENT_PASSPORT &&
            documents[1] == TB_DOCUMENT_BOARDING_PASS);
}

void tb_check_role_reference(const tb_checker *c, const struct tb_role *role)
{
    int matches = role->kind == TB_KIND_PASSAGE || role->kind == TB_KIND_COUNTER || role->kind == TB_KIND_PICKUP;
    int reads = role->documents_count && role->documents[0] == TB_DOCUMENT_REFERENCE;
    if (!documents_are_good(role))
        tb_checker_fault(c, "documents", "write [passport, boarding_pass] or [reference]",
                         "no terminal can check in with these documents");
    if (role->documents_count && role->kind != TB_KIND_CHECKIN)
        tb_checker_fault(c, "documents", "remove it, or write kind: checkin", "only who checks in shows documents");
    if (role->reference && !matches)
        tb_checker_fault(c, "reference", "remove it; a checkin role has documents, a pos role has step_up",
                         "a second factor of this kind is asked for at passage, counter and pickup");
    if (role->reference && role->group != TB_GROUP_ALONE)
        tb_checker_fault(c, "reference", "remove one of them", "a reference names one visit, and a group has several");
    if ((reads || role->reference) && !c->profile->reference)
        tb_checker_fault(c, reads ? "documents" : "reference", "add 'reference' with its titles to the profile",
                         "nothing says what people hold");
    if (reads && !role->unknown)
        tb_checker_fault(c, "documents", "add 'unknown'",
                         "the role '%s' needs 'unknown': the reason when no visit has the reference", role->name);
}
