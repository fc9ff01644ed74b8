/* demo_documents.c: passports and boarding passes of made-up people, in the forms of ICAO 9303 and IATA 792. */
#include "demo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/camera.h>

static const demo_traveller *neighbour(const demo_traveller *t) /* somebody else, the same one every time */
{
    const demo *d = t->demo;
    return &d->travellers[t->index == 0 ? d->traveller_count - 1 : 0];
}

static void copy(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text);
}

static void fill_mrz(const demo_traveller *t, demo_act act, tb_mrz *out)
{
    const demo_role *role = t->role;
    int years = act == DEMO_EXPIRED ? -1 : 5;
    *out = (tb_mrz){
        .lines = 2, .columns = 44, .kind = "P", .sex = 'X', .born = {1970 + t->index, 1 + t->index % 12, 1 + t->index}};
    size_t state = strcspn(role->nationality, "<");
    snprintf(out->issuer, sizeof out->issuer, "%.*s", (int)state, role->nationality);
    snprintf(out->nationality, sizeof out->nationality, "%.*s", (int)state, role->nationality);
    copy(out->number, sizeof out->number, role->number);
    copy(out->surname, sizeof out->surname, role->surname);
    copy(out->given, sizeof out->given, role->given);
    out->expires = (tb_date){t->demo->today.year + years, 1, 15};
}

static void fill_pass(const demo_traveller *t, demo_act act, tb_bcbp *out)
{
    const demo_role *role = t->role;
    const demo_flight *flight = &t->demo->flights[role->flight >= 0 ? role->flight : 0];
    *out = (tb_bcbp){.legs = 1, .electronic = 1};
    tb_bcbp_leg *leg = &out->leg[0];
    snprintf(out->name, sizeof out->name, "%.12s/%.7s", role->surname, role->given);
    out->name[strcspn(out->name, " ")] = '\0'; /* one given name is enough on a pass */
    snprintf(leg->pnr, sizeof leg->pnr, "TBR%03d", t->index);
    copy(leg->from, sizeof leg->from, flight->from);
    copy(leg->to, sizeof leg->to, flight->to);
    snprintf(leg->carrier, sizeof leg->carrier, "%.2s", flight->number);
    copy(leg->flight, sizeof leg->flight, flight->number + 2);
    copy(leg->seat, sizeof leg->seat, role->seat ? role->seat : "");
    snprintf(leg->sequence, sizeof leg->sequence, "%04u", (unsigned)t->index % 1000 + 1);
    leg->compartment = 'Y';
    leg->passenger_status = '1';
    leg->day_of_year = flight->day_of_year;
    if (act == DEMO_YESTERDAY) {
        tb_date day, today = t->demo->today; /* not the flight's: late in the evening that is tomorrow */
        int64_t days = tb_date_days(today.year, today.month, today.day) - 1;
        tb_days_date(days, &day.year, &day.month, &day.day);
        leg->day_of_year = (int)(days - tb_date_days(day.year, 1, 1)) + 1;
    }
}

static tb_status into_text(tb_bytes *from, char *out, size_t size, tb_error *why)
{
    if (from->size >= size)
        return tb_fail(why, TB_INTERNAL, "a document of the demo is too long");
    memcpy(out, from->data, from->size);
    out[from->size] = '\0';
    return TB_OK;
}

tb_status demo_documents(const demo_traveller *t, demo_act act, char mrz[100], char pass[512], tb_error *why)
{
    tb_mrz passport;
    tb_bcbp boarding;
    tb_bytes text = {0}, code = {0};
    fill_mrz(t, act, &passport);
    fill_pass(act == DEMO_OTHERS_PASS ? neighbour(t) : t, act, &boarding);
    tb_status status = tb_mrz_print(&passport, &text);
    if (status == TB_OK)
        status = tb_bcbp_print(&boarding, &code);
    if (status != TB_OK)
        tb_fail(why, status, "the documents of %s cannot be printed: %s", t->role->surname, tb_status_sentence(status));
    if (status == TB_OK)
        status = into_text(&text, mrz, 100, why);
    if (status == TB_OK)
        status = into_text(&code, pass, 512, why);
    if (status == TB_OK && act == DEMO_CHECK_DIGIT)
        mrz[45 + 9] = mrz[45 + 9] == '0' ? '1' : '0'; /* the number's own check digit in the second line */
    tb_bytes_free(&text);
    tb_bytes_free(&code);
    return status;
}

/* RFC 4648, with padding. */
static tb_status encode(const tb_bytes *picture, char **out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = malloc(4 * ((picture->size + 2) / 3) + 1), *to = text;
    if (!text)
        return TB_NO_MEMORY;
    for (size_t i = 0; i < picture->size; i += 3) {
        size_t left = picture->size - i;
        uint32_t group = (uint32_t)picture->data[i] << 16;
        group |= left > 1 ? (uint32_t)picture->data[i + 1] << 8 : 0;
        group |= left > 2 ? picture->data[i + 2] : 0;
        *to++ = digits[group >> 18];
        *to++ = digits[group >> 12 & 63];
        *to++ = left > 1 ? digits[group >> 6 & 63] : '=';
        *to++ = left > 2 ? digits[group & 63] : '=';
    }
    *to = '\0';
    *out = text;
    return TB_OK;
}

tb_status demo_passport_picture(const demo_traveller *t, demo_act act, char **base64, tb_error *why)
{
    const demo_face *face = act == DEMO_OTHERS_PASSPORT ? neighbour(t)->face : t->face;
    const demo_view *view = &face->view[0]; /* the live pictures use the last ones */
    tb_scene scene = {.count = 1,
                      .light = 1.05f,
                      .noise = 1.5f,
                      .jpeg = 88,
                      .width = 480,
                      .height = 600,
                      .seed = 9000u + (uint32_t)t->index};
    tb_image page = {0};
    tb_bytes picture = {0};
    copy(scene.people[0].picture, sizeof scene.people[0].picture, view->picture);
    scene.people[0].region = view->region;
    scene.people[0].distance = 1.15f;
    scene.people[0].angle = t->index % 3 - 1.0f;
    *base64 = NULL;
    tb_status status = tb_scene_render(&scene, 1, &page, why);
    if (status == TB_OK)
        status = tb_image_encode_jpeg(&page, 90, &picture);
    if (status == TB_OK)
        status = encode(&picture, base64);
    tb_image_free(&page);
    tb_bytes_free(&picture);
    return status;
}
