/* view.c: see view.h. */
#include "evaluation/view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int tb_ascending_float(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

int tb_ascending_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

tb_status tb_crowd_gather(const tb_comparisons *view, tb_crowd *out)
{
    *out = (tb_crowd){.who = calloc(view->people + 1, sizeof *out->who),
                      .samples = calloc(view->people + 1, sizeof *out->samples)};
    if (!out->who || !out->samples) {
        tb_crowd_free(out);
        return TB_NO_MEMORY;
    }
    for (size_t i = 0; i < view->samples; i++) {
        uint32_t person = tb_view_person(view, i);
        uint32_t before = out->samples[person]++;
        if (before == 0)
            out->who[out->count++] = person;
        out->mated += before == 1;
    }
    return TB_OK;
}

void tb_crowd_free(tb_crowd *crowd)
{
    free(crowd->who);
    free(crowd->samples);
    *crowd = (tb_crowd){0};
}

void tb_crowd_resample(const tb_crowd *crowd, size_t people, tb_chance *chance, uint32_t *weights)
{
    memset(weights, 0, people * sizeof *weights);
    for (size_t i = 0; i < crowd->count; i++)
        weights[crowd->who[tb_chance_below(chance, crowd->count)]]++;
}

/* Standard deviations to the end of an interval: z for very many people, more for few. Student's quantile by Fisher's
 * expansion, good to 1 % from 3 degrees of freedom on. */
static double reach(size_t people, double z)
{
    if (people < 3)
        return 8;
    double nu = (double)people - 1, z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
    double t = z + (z3 + z) / (4 * nu) + (5 * z5 + 16 * z3 + 3 * z) / (96 * nu * nu) +
               (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * nu * nu * nu);
    return t * sqrt((nu + 1) / nu);
}

static double below_normal(double z)
{
    return erfc(-z / sqrt(2)) / 2;
}

/* The z below which the share p of a normal distribution lies, by bisection. */
static double normal_quantile(double p)
{
    double low = -8, high = 8;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (below_normal(middle) < p)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

/* A rate varies the more the larger it is, so its replicates lean to one side: a sixth of their skewness is the
 * acceleration of Efron's BCa interval. */
static double acceleration(const double *values, size_t count)
{
    double mean = 0, second = 0, third = 0;
    for (size_t i = 0; i < count; i++)
        mean += values[i] / (double)count;
    for (size_t i = 0; i < count; i++) {
        double off = values[i] - mean;
        second += off * off / (double)count;
        third += off * off * off / (double)count;
    }
    double skewness = second > 0 ? third / (second * sqrt(second)) : 0;
    return fmax(-0.2, fmin(0.2, skewness / 6));
}

static size_t sort_numbers(double *values, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i]))
            values[kept++] = values[i];
    qsort(values, kept, sizeof *values, tb_ascending_double);
    return kept;
}

static tb_estimate interval(double value, double *values, size_t count, size_t people, double deviations)
{
    size_t kept = sort_numbers(values, count), under = 0;
    if (isnan(value) || kept < 2)
        return (tb_estimate){value, NAN, NAN};
    for (size_t i = 0; i < kept; i++) /* twice: a tie counts half */
        under += (values[i] < value) + (values[i] <= value);
    double z = reach(people, deviations), a = acceleration(values, kept), ends[2];
    double bias = normal_quantile(fmin(0.9, fmax(0.1, (double)under / (double)(2 * kept))));
    for (int i = 0; i < 2; i++) {
        double from = bias + (i ? z : -z), scale = fmax(0.2, 1 - a * from);
        double place = below_normal(bias + from / scale) * (double)(kept - 1);
        ends[i] = values[(size_t)(i ? ceil(place) : floor(place))];
    }
    return (tb_estimate){value, fmin(ends[0], value), fmax(ends[1], value)};
}

tb_estimate tb_estimate_of(double value, double *values, size_t count, size_t people)
{
    return interval(value, values, count, people, 1.959964);
}

double tb_upper_bound_of(double value, double *values, size_t count, size_t people)
{
    return interval(value, values, count, people, 1.644854).high;
}

double tb_rule_of_three(double trials)
{
    return trials >= 1 ? 1 - pow(0.05, 1 / trials) : 1;
}

tb_estimate tb_estimate_widen(tb_estimate estimate, double trials)
{
    double reach = tb_rule_of_three(trials);
    if (estimate.value == 0)
        return (tb_estimate){0, 0, fmax(isnan(estimate.high) ? 0 : estimate.high, reach)};
    if (estimate.value == 1)
        return (tb_estimate){1, fmin(isnan(estimate.low) ? 1 : estimate.low, 1 - reach), 1};
    return estimate;
}
