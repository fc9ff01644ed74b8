/* softmax.c: what the classes of an output say, as shares of one. */
#include "face/engine.h"

#include <assert.h>
#include <math.h>

static float most_of(const tb_tensor *output)
{
    float most = output->values[0];
    for (size_t i = 1; i < output->count; i++)
        most = fmaxf(most, output->values[i]);
    return most;
}

float tb_softmax_share(const tb_tensor *output, uint32_t class)
{
    assert(class < output->count);
    float most = most_of(output);
    double sum = 0;
    for (size_t i = 0; i < output->count; i++)
        sum += exp((double)(output->values[i] - most));
    return (float)(exp((double)(output->values[class] - most)) / sum);
}

float tb_softmax_expected(const tb_tensor *output)
{
    float most = most_of(output);
    double sum = 0, weighted = 0, middle = ((double)output->count - 1) / 2;
    for (size_t i = 0; i < output->count; i++) {
        double share = exp((double)(output->values[i] - most));
        sum += share;
        weighted += share * ((double)i - middle);
    }
    return (float)(weighted / sum);
}
