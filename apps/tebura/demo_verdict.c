/* demo_verdict.c: what was expected, what was seen, how long it took, and what is left when the flights have gone. */
#include "demo.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void demo_find(demo *d, int good, const char *seen, const char *format, ...)
{
    va_list args;
    pthread_mutex_lock(&d->lock);
    if (d->finding_count < DEMO_FINDINGS_MAX) {
        demo_finding *finding = &d->findings[d->finding_count++];
        va_start(args, format);
        vsnprintf(finding->what, sizeof finding->what, format, args);
        va_end(args);
        snprintf(finding->seen, sizeof finding->seen, "%s", seen);
        finding->good = good;
    }
    pthread_mutex_unlock(&d->lock);
}

/* ---- what the server and the terminals hold ---- */

static json_t *ask(demo *d, const char *method, const char *path)
{
    http_reply reply;
    tb_error why = {0};
    json_t *body = NULL;
    if (http_call(d->client, method, path, NULL, 30, &reply, &why) == TB_OK)
        body = json_incref(reply.body);
    else
        demo_say(d, "  %s", tb_error_text(&why));
    http_reply_free(&reply);
    return body;
}

static int64_t number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? json_integer_value(value) : -1;
}

/* Entries on the terminal's own list, as it says itself; -1 when it does not answer. */
static int64_t own_entries(const demo_point *point)
{
    http_client *terminal;
    http_reply reply;
    int64_t entries = -1;
    if (http_client_new(point->screen, point->token, &terminal) != TB_OK)
        return -1;
    if (http_call(terminal, "GET", "/v1/state", NULL, 20, &reply, NULL) == TB_OK)
        entries = number_of(json_object_get(reply.body, "list"), "entries");
    http_reply_free(&reply);
    http_client_free(&terminal);
    return entries;
}

static int64_t all_entries(const demo *d)
{
    int64_t sum = 0;
    for (int i = 0; i < d->point_count && sum >= 0; i++) {
        int64_t entries = own_entries(&d->points[i]);
        sum = entries < 0 ? -1 : sum + entries;
    }
    return sum;
}

static int somebody_does(const demo *d, demo_act act)
{
    int found = 0;
    for (int i = 0; i < d->traveller_count; i++)
        for (int s = 0; s < d->travellers[i].role->step_count; s++)
            found |= d->travellers[i].role->steps[s].act == act;
    return found;
}

void demo_check_payments(demo *d)
{
    char seen[96];
    json_t *counts = ask(d, "GET", "/api/v1/counts");
    int64_t payments = number_of(counts, "payments"),
            ledger = json_integer_value(json_object_get(counts, "ledger_sum"));
    snprintf(seen, sizeof seen, "%lld payments, %lld voided, the ledger sums to %lld", (long long)payments,
             (long long)number_of(counts, "payments_voided"), (long long)ledger);
    demo_find(d, counts && payments == d->payments && ledger == 0, seen,
              "%lld purchases are in the ledger, each exactly once%s", (long long)d->payments,
              somebody_does(d, DEMO_SERVER_HANGS) ? ", although a terminal had to repeat itself" : "");
    json_decref(counts);
    json_t *check = ask(d, "POST", "/api/v1/check");
    int equal = json_is_true(json_object_get(check, "equal"));
    const char *difference = json_string_value(json_object_get(check, "difference"));
    demo_find(d, equal,
              equal        ? "equal"
              : difference ? difference
                           : "no answer",
              "every list, worked out again from nothing, equals the one that was fed");
    json_decref(check);
}

typedef struct left { /* of the passengers whose flight has gone, and of the others */
    int64_t known, in_visitor_db, on_lists, others_on_lists, others_in_visitor_db;
} left;

static int is_departed(const demo *d, const char *flight)
{
    for (int i = 0; i < 2; i++)
        if (strncmp(flight, d->flights[i].number, strlen(d->flights[i].number)) == 0 &&
            flight[strlen(d->flights[i].number)] == '/')
            return 1;
    return 0;
}

static left count_left(const demo *d, const json_t *people)
{
    left sum = {0};
    size_t i;
    json_t *person;
    json_array_foreach(people, i, person)
    {
        const char *flight = json_string_value(json_object_get(person, "flight"));
        int64_t visitor = json_is_true(json_object_get(person, "in_visitor_db")), lists = number_of(person, "lists");
        int gone = flight && is_departed(d, flight);
        sum.known += gone;
        sum.in_visitor_db += gone ? visitor : 0;
        sum.on_lists += gone ? lists : 0;
        sum.others_in_visitor_db += gone ? 0 : visitor;
        sum.others_on_lists += gone ? 0 : lists;
    }
    return sum;
}

void demo_count_before(demo *d)
{
    json_t *counts = ask(d, "GET", "/api/v1/counts");
    d->visitors_before = number_of(counts, "visitors");
    d->entries_before = all_entries(d);
    json_decref(counts);
}

/* The feed takes its moment: looks until nothing is left, ten seconds at most. */
void demo_check_what_is_left(demo *d)
{
    char seen[96];
    left sum = {0};
    int64_t own = -1, visitors = -1;
    for (int64_t deadline = tb_clock_monotonic() + 10 * TB_SECOND;
         tb_clock_monotonic() < deadline && !demo_is_interrupted();) {
        json_t *answer = ask(d, "GET", "/api/v1/people"), *counts = ask(d, "GET", "/api/v1/counts");
        sum = count_left(d, json_object_get(answer, "people"));
        visitors = number_of(counts, "visitors");
        own = all_entries(d);
        json_decref(answer);
        json_decref(counts);
        if (sum.in_visitor_db == 0 && sum.on_lists == 0 && own == sum.others_on_lists)
            break;
    }
    snprintf(seen, sizeof seen, "%lld visitors before, %lld after: of the flight that has not left",
             (long long)d->visitors_before, (long long)visitors);
    demo_find(d, d->visitors_before > visitors && sum.in_visitor_db == 0 && visitors == sum.others_in_visitor_db, seen,
              "no departed passenger is in the visitor database");
    snprintf(seen, sizeof seen, "%lld entries before, %lld after, on %d terminals", (long long)d->entries_before,
             (long long)own, d->point_count);
    demo_find(d, own >= 0 && d->entries_before >= own && sum.on_lists == 0 && own == sum.others_on_lists, seen,
              "no departed passenger is on any terminal, as the terminals say themselves");
    int alive = process_is_alive(&d->server);
    for (int i = 0; i < d->point_count; i++)
        alive += process_is_alive(&d->points[i].program);
    snprintf(seen, sizeof seen, "%d of %d", alive, d->point_count + 1);
    demo_find(d, alive == d->point_count + 1, seen, "every program is still running");
}

/* ---- times ---- */

typedef struct timing {
    int count;
    int64_t median, p95; /* microseconds */
} timing;

static int by_size(const void *a, const void *b)
{
    int64_t left_one = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left_one > right) - (left_one < right);
}

/* From the first sight of the face to the decision, of everybody who was let through at this place. */
static timing time_at(const demo *d, int place)
{
    int64_t all[DEMO_TRAVELLERS_MAX * DEMO_STEPS_MAX];
    timing result = {0};
    for (int i = 0; i < d->traveller_count; i++)
        for (int s = 0; s < d->travellers[i].role->step_count; s++) {
            const demo_step *step = &d->travellers[i].role->steps[s];
            const demo_seen *seen = &d->travellers[i].seen[s];
            int usual = step->act == DEMO_AS_USUAL || step->act == DEMO_TO_PICKUP;
            if ((int)step->place == place && usual && seen->done && seen->duration > 0 &&
                strcmp(seen->outcome, "admitted") == 0)
                all[result.count++] = seen->duration;
        }
    if (result.count == 0)
        return result;
    qsort(all, (size_t)result.count, sizeof *all, by_size);
    result.median = all[result.count / 2];
    result.p95 = all[(result.count * 95 + 99) / 100 - 1];
    return result;
}

static void print_times(demo *d)
{
    fprintf(d->screen, "\nFrom first sight of the face to the decision (simulated cameras, 15 pictures a second):\n");
    for (int place = 0; place < DEMO_PLACES; place++) {
        timing t = time_at(d, place);
        if (t.count)
            fprintf(d->screen, "  %-12s %3d people   median %5lld ms   95 %% within %5lld ms\n",
                    demo_place_names[place], t.count, (long long)(t.median / 1000), (long long)(t.p95 / 1000));
    }
}

/* ---- the verdict ---- */

static const char *mark(const demo *d, int good)
{
    if (!d->options.colours)
        return good ? "ok  " : "NOT ";
    return good ? "\033[32m\xe2\x9c\x93\033[0m   " : "\033[31m\xe2\x9c\x97\033[0m   ";
}

static int traveller_is_good(const demo_traveller *t)
{
    int good = 1;
    for (int s = 0; s < t->role->step_count; s++)
        good &= t->seen[s].done && t->seen[s].good;
    return good;
}

static void print_traveller(demo *d, const demo_traveller *t)
{
    fprintf(d->screen, "  %s%-10s %-11s %s\n", mark(d, traveller_is_good(t)), t->role->surname, t->role->given,
            t->role->story);
    for (int s = 0; s < t->role->step_count; s++) {
        const demo_step *step = &t->role->steps[s];
        const demo_seen *seen = &t->seen[s];
        int refusal = strcmp(step->outcome, "admitted") != 0;
        if (seen->good && refusal)
            fprintf(d->screen, "                                %s: %s%s%s\n", demo_place_names[step->place],
                    seen->outcome, seen->reason[0] ? ", " : "", seen->reason);
        if (!seen->good)
            fprintf(d->screen, "        %s: expected %s %s, saw %s %s %s\n", demo_place_names[step->place],
                    step->outcome, step->reason ? step->reason : "", seen->done ? seen->outcome : "nothing",
                    seen->reason, seen->remark);
    }
}

int demo_verdict(demo *d)
{
    int good = 1;
    fprintf(d->screen, "\nExpected and seen:\n");
    for (int i = 0; i < d->traveller_count; i++) {
        print_traveller(d, &d->travellers[i]);
        good &= traveller_is_good(&d->travellers[i]);
    }
    fprintf(d->screen, "\nLooked at besides:\n");
    for (int i = 0; i < d->finding_count; i++) {
        fprintf(d->screen, "  %s%s (%s)\n", mark(d, d->findings[i].good), d->findings[i].what, d->findings[i].seen);
        good &= d->findings[i].good;
    }
    print_times(d);
    fprintf(d->screen, "\nThe site was up after %.1f s, the journey took %.1f s.\n%s\n",
            (double)(d->started - d->began) / TB_SECOND, (double)(d->journey_ended - d->started) / TB_SECOND,
            good ? "Everything was as expected." : "NOT everything was as expected.");
    fflush(d->screen);
    return good;
}

/* ---- for machines ---- */

static json_t *steps_json(const demo *d, int *steps, int *good)
{
    json_t *unexpected = json_array();
    *steps = *good = 0;
    for (int i = 0; i < d->traveller_count; i++)
        for (int s = 0; s < d->travellers[i].role->step_count; s++) {
            const demo_traveller *t = &d->travellers[i];
            const demo_step *step = &t->role->steps[s];
            const demo_seen *seen = &t->seen[s];
            (*steps)++;
            *good += seen->done && seen->good;
            if (!seen->done || !seen->good)
                json_array_append_new(unexpected,
                                      json_pack("{s:s, s:s, s:[s, s], s:[s, s], s:s}", "traveller", t->role->surname,
                                                "place", demo_place_names[step->place], "expected", step->outcome,
                                                step->reason ? step->reason : "", "seen", seen->outcome, seen->reason,
                                                "remark", seen->remark));
        }
    return unexpected;
}

json_t *demo_summary(const demo *d, int passed)
{
    int steps, good;
    json_t *unexpected = steps_json(d, &steps, &good), *times = json_object(), *findings = json_array();
    int different = 0;
    for (int i = 0; i < d->traveller_count; i++)
        different += d->travellers[i].face->views > 1;
    for (int place = 0; place < DEMO_PLACES; place++) {
        timing t = time_at(d, place);
        json_object_set_new(times, demo_place_names[place],
                            json_pack("{s:i, s:I, s:I}", "count", t.count, "median_us", (json_int_t)t.median, "p95_us",
                                      (json_int_t)t.p95));
    }
    for (int i = 0; i < d->finding_count; i++)
        json_array_append_new(findings, json_pack("{s:s, s:s, s:b}", "what", d->findings[i].what, "seen",
                                                  d->findings[i].seen, "good", d->findings[i].good));
    return json_pack("{s:b, s:s, s:i, s:i, s:i, s:i, s:i, s:f, s:f, s:o, s:o, s:o}", "passed", passed, "simulation",
                     "cameras re-photograph pictures, no money moves", "travellers", d->traveller_count,
                     "different_photographs", different, "terminals", d->point_count, "steps", steps, "as_expected",
                     good, "start_seconds", (double)(d->started - d->began) / TB_SECOND, "journey_seconds",
                     (double)(d->journey_ended - d->started) / TB_SECOND, "unexpected", unexpected, "findings",
                     findings, "times", times);
}
