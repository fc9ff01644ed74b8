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

/* Standard deviations to each end of a 95 % interval: 1.96 for very many people, more for few. Student's quantile by
 * Fisher's expansion, good to 1 % from 3 degrees of freedom on. */
static double reach(size_t people)
{
    if (people < 3)
        return 8;
    double z = 1.959964, nu = (double)people - 1;
    double t = z + 2.3724 / nu + 2.8225 / (nu * nu) + 2.5554 / (nu * nu * nu);
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

tb_estimate tb_estimate_of(double value, double *values, size_t count, size_t people)
{
    size_t kept = 0, under = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i]))
            values[kept++] = values[i];
    if (isnan(value) || kept < 2)
        return (tb_estimate){value, NAN, NAN};
    qsort(values, kept, sizeof *values, tb_ascending_double);
    for (size_t i = 0; i < kept; i++) /* twice: a tie counts half */
        under += (values[i] < value) + (values[i] <= value);
    double z = reach(people), a = acceleration(values, kept), ends[2];
    double bias = normal_quantile(fmin(0.9, fmax(0.1, (double)under / (double)(2 * kept))));
    for (int i = 0; i < 2; i++) {
        double from = bias + (i ? z : -z), scale = fmax(0.2, 1 - a * from);
        double place = below_normal(bias + from / scale) * (double)(kept - 1);
        ends[i] = values[(size_t)(i ? ceil(place) : floor(place))];
    }
    return (tb_estimate){value, fmin(ends[0], value), fmax(ends[1], value)};
}

double tb_rule_of_three(double trials)
{
    return trials >= 1 ? 1 - pow(0.05, 1 / trials) : 1;
}
