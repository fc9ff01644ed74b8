/* vectors.h: made-up templates: unit vectors from a seed. */
#ifndef TEBURA_TEST_VECTORS_H
#define TEBURA_TEST_VECTORS_H

#include <tebura/template.h>

#define VECTORS_MODEL 77u

/* A unit vector of `dimension` values drawn from the seed. */
tb_template vectors_template(uint32_t seed, int dimension);
/* Near `from`: the cosine between them is `cosine` to within rounding. */
tb_template vectors_near(const tb_template *from, float cosine, uint32_t seed);
tb_id vectors_id(uint32_t number);

#endif
