/* flight_changes.c: what a flight information source says, applied field by field (A4).
 *
 * F1  About each field the newest word counts, by the time that the source gives it, in whatever order words arrive.
 * F2  A message is taken once for each source and number.
 * F3  A flight's id never changes, also when it is re-timed over midnight: the date in it is the scheduled one.
 * F4  Nothing that is refused leaves a trace, and it disturbs nothing else. */
#include "management/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/log.h>

#define AHEAD (5 * TB_MINUTE)     /* clocks differ; more than that is wrong */
#define BOARDING (30 * TB_MINUTE) /* before departure, where nobody tells */
#define REMEMBERED (7 * TB_DAY)   /* a message that comes again later than that is too old by its time anyway */
#define BIT(field) (1u << (field))
#define OF_ARRIVAL                                                                                                     \
    (BIT(TB_FLIGHT_TO) | BIT(TB_FLIGHT_STA) | BIT(TB_FLIGHT_ETA) | BIT(TB_FLIGHT_ATA) | BIT(TB_FLIGHT_STATUS))

const char *tb_flight_outcome_name(tb_flight_outcome outcome)
{
    static const char *const names[TB_CHANGE_OUTCOMES] = {"",         "applied",  "unchanged",
                                                          "repeated", "outdated", "refused"};
    return (unsigned)outcome < TB_CHANGE_OUTCOMES ? names[outcome] : "";
}

tb_time tb_flight_arrival(const tb_flight *f)
{
    return f->ata ? f->ata : f->eta ? f->eta : f->sta;
}

typedef struct change {
    tb_management *m;
    const tb_flight_change *word;
    tb_time now, said;
    unsigned takes; /* fields about which nothing newer is known */
    int found;
    tb_flight before, after;
    tb_flight_answer *answer;
} change;

static tb_status refuse(change *c, const char *cause)
{
    c->answer->outcome = TB_CHANGE_REFUSED;
    (void)tb_fail(&c->answer->why, TB_INVALID_ARGUMENT, "flight %s: %s", c->word->flight, cause);
    return TB_OK;
}

static int settled(change *c, tb_flight_outcome outcome)
{
    c->answer->outcome = outcome;
    return 1;
}

/* ---- what is newer (F1, F2) ---- */

static tb_status find(change *c)
{
    tb_status status = tb_flight_get(c->m->db, c->word->flight, &c->before);
    c->found = status == TB_OK;
    if (!c->found)
        c->before = (tb_flight){0};
    return status == TB_NOT_FOUND ? TB_OK : status;
}

static tb_status choose_fields(change *c)
{
    tb_status status = TB_OK;
    for (int i = 0; i < TB_FLIGHT_FIELDS && status == TB_OK; i++) {
        tb_time told = 0;
        if (!(c->word->says & BIT(i)))
            continue;
        status = tb_flight_told_get(c->m->db, c->word->flight, tb_flight_field_name((tb_flight_field)i), &told);
        if (status == TB_OK && told <= c->said)
            c->takes |= BIT(i);
    }
    return status;
}

/* ---- what comes of it ---- */

static int takes(const change *c, tb_flight_field field)
{
    return (c->takes & BIT(field)) != 0;
}

static void take_fields(change *c)
{
    tb_flight *f = &c->after;
    tb_time *const times[TB_FLIGHT_FIELDS] = {
        [TB_FLIGHT_STD] = &f->std,          [TB_FLIGHT_ETD] = &f->etd, [TB_FLIGHT_ATD] = &f->atd,
        [TB_FLIGHT_STA] = &f->sta,          [TB_FLIGHT_ETA] = &f->eta, [TB_FLIGHT_ATA] = &f->ata,
        [TB_FLIGHT_BOARDING] = &f->boarding};
    if (takes(c, TB_FLIGHT_FROM))
        memcpy(f->from, c->word->from, sizeof f->from);
    if (takes(c, TB_FLIGHT_TO))
        memcpy(f->to, c->word->to, sizeof f->to);
    if (takes(c, TB_FLIGHT_GATE))
        memcpy(f->gate, c->word->gate, sizeof f->gate);
    if (takes(c, TB_FLIGHT_STATUS))
        f->status = c->word->status;
    for (int i = 0; i < TB_FLIGHT_FIELDS; i++)
        if (times[i] && takes(c, (tb_flight_field)i))
            *times[i] = c->word->times[i];
}

/* A status that says what a time would have said stands for it. */
static void follow_status(change *c)
{
    tb_flight *f = &c->after;
    int down = f->status == TB_FLIGHT_LANDED || f->status == TB_FLIGHT_ARRIVED;
    if (takes(c, TB_FLIGHT_STATUS)) {
        f->cancelled = f->status == TB_FLIGHT_CANCELLED;
        if (down && !f->ata)
            f->ata = c->said;
        if ((down || f->status == TB_FLIGHT_DEPARTED) && !f->atd)
            f->atd = down && f->ata < c->said ? f->ata : c->said;
    }
    if (f->ata && !f->atd)
        f->atd = f->etd && f->etd < f->ata ? f->etd : f->std && f->std < f->ata ? f->std : f->ata;
}

/* Boarding goes with the departure, unless the source says otherwise in the same breath. */
static void follow_times(change *c)
{
    tb_flight *f = &c->after;
    f->departure = f->atd ? f->atd : f->etd ? f->etd : f->std;
    if (takes(c, TB_FLIGHT_BOARDING) ? !f->boarding : !c->found)
        f->boarding = f->departure - BOARDING;
    else if (!takes(c, TB_FLIGHT_BOARDING) && !f->atd)
        f->boarding += f->departure - c->before.departure;
    if (f->atd && f->boarding > f->departure)
        f->boarding = f->departure;
}

/* The day in the flight's id: of the scheduled departure, by the clock of wherever it leaves from. */
static tb_time day_of(const char *flight)
{
    int year = 0, month = 0, day = 0;
    if (sscanf(flight + strcspn(flight, "/"), "/%4d-%2d-%2d", &year, &month, &day) != 3)
        return 0;
    return tb_date_days(year, month, day) * TB_DAY;
}

static const char *judge(const change *c)
{
    const tb_flight *f = &c->after;
    const tb_time day = day_of(f->id);
    if (!f->from[0] || !f->to[0] || !f->departure)
        return "it is not known yet, so \"from\", \"to\" and \"std\" are needed";
    if (f->atd > c->now + AHEAD || f->ata > c->now + AHEAD)
        return "an actual time lies in the future: check the source's clock";
    if (f->ata && f->ata < f->atd)
        return "it cannot arrive before it departs";
    if (f->std && llabs(f->std - day) > 2 * TB_DAY)
        return "\"std\" is not on its \"date\"";
    if (llabs(f->departure - day) > 8 * TB_DAY)
        return "its departure is more than a week away from its date: check the day";
    if (f->boarding > f->departure || f->boarding <= 0)
        return "boarding comes before departure";
    if (!f->atd && !f->departed && f->departure + TB_DEPARTURE_GRACE <= c->now)
        return "its departure lies more than two hours back: say that it has departed, or when it will";
    return NULL;
}

/* Of a flight that has left, only the arrival is still open. 1: there is nothing left to do. */
static int left_already(change *c, tb_status *status)
{
    const tb_flight_change *w = c->word;
    if (!c->before.departed)
        return 0;
    c->takes &= OF_ARRIVAL;
    if (takes(c, TB_FLIGHT_STATUS) && w->status != TB_FLIGHT_LANDED && w->status != TB_FLIGHT_ARRIVED &&
        w->status != TB_FLIGHT_DIVERTED && w->status != TB_FLIGHT_DEPARTED) {
        *status = refuse(c, "it has departed; its passengers' data are gone, it cannot be taken back");
        return 1;
    }
    if (!c->takes)
        *status = refuse(c, "it has departed: only its arrival can change");
    return !c->takes;
}

static int same(const tb_flight *a, const tb_flight *b)
{
    return strcmp(a->from, b->from) == 0 && strcmp(a->to, b->to) == 0 && strcmp(a->gate, b->gate) == 0 &&
           a->boarding == b->boarding && a->departure == b->departure && a->departed == b->departed &&
           a->cancelled == b->cancelled && a->std == b->std && a->etd == b->etd && a->atd == b->atd &&
           a->sta == b->sta && a->eta == b->eta && a->ata == b->ata && a->status == b->status;
}

static tb_status remember(change *c)
{
    tb_status status = TB_OK;
    for (int i = 0; i < TB_FLIGHT_FIELDS && status == TB_OK; i++)
        if (takes(c, (tb_flight_field)i))
            status = tb_flight_told_set(c->m->db, c->word->flight, tb_flight_field_name((tb_flight_field)i), c->said);
    if (status == TB_OK && c->word->message[0])
        status = tb_message_add(c->m->db, c->word->source, c->word->message, c->now);
    return status;
}

static tb_status write_change(change *c)
{
    tb_status status = TB_OK;
    c->answer->outcome = c->found && same(&c->before, &c->after) ? TB_CHANGE_UNCHANGED : TB_CHANGE_APPLIED;
    if (c->answer->outcome == TB_CHANGE_APPLIED) {
        status = tb_flight_put(c->m->db, &c->after);
        if (status == TB_OK && c->after.atd && !c->before.departed)
            status = tb_flight_end(c->m, &c->after);
        else if (status == TB_OK)
            status = tb_flight_recompute(c->m, c->after.id);
    }
    return status == TB_OK ? remember(c) : status;
}

/* A flight that nobody here knows and that is long gone: a source's table keeps such lines for a while. */
static int is_history(const change *c)
{
    const tb_flight *f = &c->after;
    return !c->found && f->departure && (f->atd || f->departure + TB_DEPARTURE_GRACE <= c->now);
}

static tb_status apply(change *c)
{
    tb_status status = TB_OK;
    if (c->word->at > c->now + AHEAD)
        return refuse(c, "it is said in the future: check the source's clock");
    if (c->word->message[0])
        status = tb_message_get(c->m->db, c->word->source, c->word->message);
    if (status == TB_OK && c->word->message[0] && settled(c, TB_CHANGE_REPEATED))
        return TB_OK;
    if (status == TB_OK || status == TB_NOT_FOUND)
        status = find(c);
    if (status == TB_OK)
        status = choose_fields(c);
    if (status != TB_OK)
        return status;
    if (!c->takes && settled(c, TB_CHANGE_OUTDATED))
        return TB_OK;
    if (left_already(c, &status))
        return status;
    c->after = c->before;
    snprintf(c->after.id, sizeof c->after.id, "%s", c->word->flight);
    take_fields(c);
    follow_status(c);
    if (!c->before.departed)
        follow_times(c);
    if (is_history(c) && settled(c, TB_CHANGE_OUTDATED))
        return TB_OK;
    const char *cause = judge(c);
    return cause ? refuse(c, cause) : write_change(c);
}

static tb_status apply_all(tb_management *m, const tb_flight_change *changes, size_t count, tb_flight_answer *answers)
{
    tb_status status = TB_OK;
    for (size_t i = 0; i < count && status == TB_OK; i++) {
        change c = {.m = m, .word = &changes[i], .now = tb_service_now(m), .answer = &answers[i]};
        c.said = changes[i].at ? changes[i].at : c.now;
        answers[i] = (tb_flight_answer){0};
        status = apply(&c);
    }
    return status;
}

tb_status tb_management_flight_changes(tb_management *m, const tb_flight_change *changes, size_t count,
                                       tb_flight_answer *answers)
{
    tb_service_lock(m);
    tb_status status = tb_change_begin(m);
    if (status == TB_OK)
        status = tb_change_end(m, apply_all(m, changes, count, answers));
    for (size_t i = 0; i < count && status == TB_OK; i++)
        m->flight_changes[answers[i].outcome]++;
    tb_service_unlock(m);
    return status;
}

void tb_management_flight_changes_refused(tb_management *m, uint64_t count)
{
    tb_service_lock(m);
    m->flight_changes[TB_CHANGE_REFUSED] += count;
    tb_service_unlock(m);
}
