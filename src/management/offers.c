/* offers.c: templates from touchpoints: of a person who was recognised with certainty and let through, the terminal
 * offers what it has just seen (X12: of a model the person has none of; S6: a better one).
 *
 * O1  Only of a visitor whose consent is in force, only from a role that the profile allows to (offers_templates), only
 *     from a touchpoint that has them on its list or let them through a moment ago.
 * O2  The offer has to prove itself against an anchor: one of its templates matches one of the same model at a rate of
 *     false matches of PROOF, and none of them contradicts what is stored of its model. Anchors are what was enrolled;
 *     when nothing of that is left of a served model, the oldest of each model. Against all that is stored a template
 *     could be walked to another face, one offer a day, each close enough to the last. A terminal's word that it knows
 *     somebody is not enough.
 * O3  Only of the model in force, five at most; anchors are never replaced. One a day is taken, unless the person has
 *     none of that model yet. */
#include "management/service.h"

#include <math.h>

#include <tebura/secret.h>

#define PROOF 1e-5

typedef struct offer {
    const tb_request *request;
    tb_time now;
    tb_booking booking;
    tb_template *faces; /* what is offered */
    int count;
    tb_custody custody;  /* what is stored */
    tb_template *stored; /* the same, decoded; places as in custody */
    int anchors[TB_ENTRY_TEMPLATES_MAX];
} offer;

static int is_oldest_of_its_model(const tb_custody *custody, int i)
{
    const tb_template_row *row = &custody->rows[i];
    for (int k = 0; k < custody->count; k++) {
        const tb_template_row *other = &custody->rows[k];
        if (other->model == row->model &&
            (other->since < row->since || (other->since == row->since && other->slot < row->slot)))
            return 0;
    }
    return 1;
}

static void find_anchors(const tb_management *m, offer *o)
{
    int enrolled = 0;
    for (int i = 0; i < o->custody.count; i++) {
        const tb_template_row *row = &o->custody.rows[i];
        o->anchors[i] = row->source == TB_TEMPLATE_ENROLLED && tb_service_model(m, row->model);
        enrolled |= o->anchors[i];
    }
    for (int i = 0; i < o->custody.count && !enrolled; i++)
        o->anchors[i] = is_oldest_of_its_model(&o->custody, i);
}

static tb_status open_stored(tb_management *m, offer *o)
{
    tb_status status = tb_custody_open(m, o->booking.person, &o->custody);
    if (status == TB_OK && o->custody.damaged) /* the anchor may be among them */
        status = TB_CRYPTO;
    o->stored = status == TB_OK ? tb_secret_alloc(TB_ENTRY_TEMPLATES_MAX * sizeof *o->stored) : NULL;
    if (status == TB_OK && !o->stored)
        status = TB_NO_MEMORY;
    for (int i = 0; i < o->custody.count && status == TB_OK; i++)
        status = tb_template_decode(tb_bytes_span(&o->custody.encoded[i]), 0, &o->stored[i]);
    if (status == TB_OK)
        find_anchors(m, o);
    return status;
}

/* The best similarity to what is stored of the same model, or to anchors only; -2: there is nothing. */
static float likeness(const offer *o, const tb_template *face, int to_anchors)
{
    float best = -2, score;
    for (int i = 0; i < o->custody.count; i++)
        if ((!to_anchors || o->anchors[i]) && tb_template_compare(face, &o->stored[i], &score) == TB_OK)
            best = fmaxf(best, score);
    return best;
}

/* O2 */
static int is_proven(const tb_management *m, const offer *o)
{
    int proven = 0;
    for (int i = 0; i < o->count; i++) {
        const tb_calibration *calibration = &tb_service_model(m, o->faces[i].model)->calibration;
        float like = likeness(o, &o->faces[i], 0);
        if (like > -2 && like < calibration->verification)
            return 0;
        proven |= likeness(o, &o->faces[i], 1) >=
                  fmaxf(calibration->verification, tb_decision_threshold(calibration, 1, PROOF));
    }
    return proven;
}

typedef struct shelf { /* what is stored of one model */
    int count, worst;  /* place of the worst one that may go, -1 */
    int taken_today;   /* of any model */
} shelf;

static shelf shelf_of(const offer *o, uint32_t model)
{
    shelf s = {.worst = -1};
    for (int i = 0; i < o->custody.count; i++) {
        const tb_template_row *row = &o->custody.rows[i];
        s.taken_today |= row->source == TB_TEMPLATE_TOUCHPOINT && row->since > o->now - TB_DAY;
        s.count += row->model == model;
        if (row->model != model || row->source == TB_TEMPLATE_ENROLLED || o->anchors[i])
            continue;
        const tb_template_row *worst = s.worst < 0 ? NULL : &o->custody.rows[s.worst];
        if (!worst || row->quality < worst->quality || (row->quality == worst->quality && row->since < worst->since))
            s.worst = i;
    }
    return s;
}

/* O3. A former model's templates only prove; what would be kept of it would soon be thrown away. Most offers have no
 * place: they cost no transaction. */
static int is_wanted(const tb_management *m, const offer *o, const tb_template *face)
{
    shelf s = shelf_of(o, face->model);
    if (face->model != m->models[0].id)
        return 0;
    if (!s.count)
        return 1;
    if (s.taken_today || face->quality < TB_OFFER_QUALITY)
        return 0;
    return s.count < TB_TEMPLATES_MAX || (s.worst >= 0 && face->quality > o->custody.rows[s.worst].quality);
}

static const tb_template *wanted(const tb_management *m, const offer *o)
{
    for (int i = 0; i < o->count; i++)
        if (is_wanted(m, o, &o->faces[i]))
            return &o->faces[i];
    return NULL;
}

static tb_status keep(tb_management *m, offer *o, const tb_template *face)
{
    shelf s = shelf_of(o, face->model);
    int slot = s.count < TB_TEMPLATES_MAX ? -1 : o->custody.rows[s.worst].slot;
    return tb_custody_put(m, o->booking.person, slot, face, TB_TEMPLATE_TOUCHPOINT);
}

static tb_status keep_it(tb_management *m, offer *o, const tb_template *face, tb_answer *answer)
{
    tb_status status = keep(m, o, face);
    if (status == TB_OK)
        status = tb_person_recompute(m, o->booking.person, TB_RECOMPUTE_RESEND);
    if (status == TB_OK)
        status = tb_answer_admitted(answer, o->request, o->request->visit);
    return status == TB_OK ? tb_answer_remember(m, o->request, answer, o->now) : status;
}

/* O1: on its list, or let through so lately that the event which took them off it may have overtaken the offer. */
static tb_status is_known_there(tb_management *m, const offer *o, int *known)
{
    tb_entry_row row;
    tb_status status = tb_entry_row_get(m->db, o->request->visit, o->request->touchpoint, &row);
    *known = status == TB_OK;
    return status == TB_NOT_FOUND
               ? tb_passage_since(m->db, o->request->visit, o->request->touchpoint, o->now - TB_REQUEST_AGE, known)
               : status;
}

static tb_status judge(tb_management *m, offer *o, tb_answer *answer)
{
    int known = 0;
    tb_status status = tb_answer_before(m, o->request, answer);
    if (status != TB_NOT_FOUND)
        return status;
    const tb_terminal *terminal = tb_terminal_find(m, o->request->touchpoint);
    if (!terminal || !terminal->role || !terminal->view.offers_templates)
        return TB_FORBIDDEN; /* O1 */
    status = tb_booking_get(m->db, o->request->visit, &o->booking);
    if (status == TB_NOT_FOUND || (status == TB_OK && (!o->booking.visiting || !o->booking.consented)))
        return tb_answer_refused(answer, o->request, (tb_id){{0}}, "no_consent");
    if (status == TB_OK)
        status = is_known_there(m, o, &known);
    if (status == TB_OK && !known)
        return tb_answer_refused(answer, o->request, (tb_id){{0}}, "not_listed");
    if (status == TB_OK)
        status = open_stored(m, o);
    if (status == TB_OK && !is_proven(m, o))
        return tb_answer_refused(answer, o->request, (tb_id){{0}}, "not_sure");
    const tb_template *face = status == TB_OK ? wanted(m, o) : NULL;
    if (status == TB_OK && !face)
        return tb_answer_refused(answer, o->request, o->request->visit, "not_needed");
    if (status == TB_OK)
        status = tb_change_begin(m);
    return status == TB_OK ? tb_change_end(m, keep_it(m, o, face, answer)) : status;
}

tb_status tb_service_offer(tb_management *m, const tb_request *request, tb_answer *answer)
{
    offer o = {.request = request, .now = tb_service_now(m)};
    tb_status status = tb_request_templates(m, request, &o.faces, &o.count);
    if (status == TB_OK) {
        tb_service_lock_to_change(m);
        status = judge(m, &o, answer);
        tb_service_unlock_changed(m);
    }
    tb_custody_free(&o.custody);
    tb_secret_free(o.stored);
    tb_secret_free(o.faces);
    return status == TB_OK ? TB_OK : tb_answer_failed(answer, request, status);
}
