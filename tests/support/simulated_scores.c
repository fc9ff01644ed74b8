/* simulated_scores.c: see simulated_scores.h. */
#include "simulated_scores.h"

#include <math.h>
#include <stdlib.h>

#include "evaluation/random.h"

#define PERSON 0.04 /* deviation of a person's shift */
#define REST 0.06   /* of everything else */

static double normal(tb_chance *chance)
{
    double u = ((double)(tb_chance_next(chance) >> 11) + 0.5) * 0x1p-53,
           v = (double)(tb_chance_next(chance) >> 11) * 0x1p-53;
    return sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v);
}

simulated simulated_make(size_t people, size_t pictures, uint64_t seed)
{
    size_t rows = people * pictures;
    tb_chance chance = {seed};
    simulated s = {.sample = calloc(rows, sizeof *s.sample),
                   .person = calloc(rows, sizeof *s.person),
                   .scores = calloc(tb_pair(rows, 0), sizeof *s.scores)};
    double *own = calloc(people, sizeof *own), *other = calloc(people, sizeof *other);
    if (!s.sample || !s.person || !s.scores || !own || !other)
        abort();
    for (size_t i = 0; i < people; i++) {
        own[i] = PERSON * normal(&chance);
        other[i] = PERSON * normal(&chance);
    }
    for (size_t i = 0; i < rows; i++) {
        s.sample[i] = (uint32_t)i;
        s.person[i] = (uint32_t)(i / pictures);
        for (size_t j = 0; j < i; j++) {
            uint32_t a = s.person[i], b = s.person[j];
            double shift = a == b ? 0.3 + own[a] : 0.1 + other[a] + other[b];
            s.scores[tb_pair(i, j)] = (float)(shift + REST * normal(&chance));
        }
    }
    free(own);
    free(other);
    s.view =
        (tb_comparisons){.people = people, .samples = rows, .sample = s.sample, .person = s.person, .scores = s.scores};
    return s;
}

void simulated_free(simulated *s)
{
    free(s->sample);
    free(s->person);
    free(s->scores);
    *s = (simulated){0};
}

static double above(double deviations)
{
    return erfc(deviations / sqrt(2)) / 2;
}

double simulated_fmr(double threshold)
{
    return above((threshold - 0.1) / sqrt(2 * PERSON * PERSON + REST * REST));
}

double simulated_fnmr(double threshold)
{
    return above((0.3 - threshold) / sqrt(PERSON * PERSON + REST * REST));
}
