/* random.h: chance from a seed (splitmix64), the same on every machine. */
#ifndef TEBURA_EVALUATION_RANDOM_H
#define TEBURA_EVALUATION_RANDOM_H

#include <stddef.h>
#include <stdint.h>

typedef struct tb_chance {
    uint64_t state;
} tb_chance;

static inline uint64_t tb_chance_next(tb_chance *chance)
{
    uint64_t z = chance->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* 0..below-1; below >= 1. The bias is below 2^-32 for every `below` that occurs here. */
static inline size_t tb_chance_below(tb_chance *chance, size_t below)
{
    return (size_t)(((tb_chance_next(chance) >> 32) * (uint64_t)below) >> 32);
}

/* Order by chance (Fisher and Yates). */
static inline void tb_chance_shuffle(tb_chance *chance, uint32_t *values, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = tb_chance_below(chance, i);
        uint32_t swap = values[i - 1];
        values[i - 1] = values[j];
        values[j] = swap;
    }
}

#endif
