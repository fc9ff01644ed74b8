/* faces_made.h: made-up templates for tests that are not about networks: random unit vectors, and others close to
 * them. */
#ifndef TEBURA_TESTS_FACES_MADE_H
#define TEBURA_TESTS_FACES_MADE_H

#include <tebura/decision.h>
#include <tebura/message.h>

#define MADE_MODEL 7
#define MADE_DIMENSION 512

/* The same `who` gives the same face. */
void made_face(uint32_t who, tb_template *out);
/* The face of `who` seen again: cosine to the first is about `likeness` (0..1). */
void made_face_again(uint32_t who, float likeness, uint32_t seed, tb_template *out);
tb_id made_visit(uint32_t who);
/* A present entry with one template and a few facts. Free with tb_entry_free. */
tb_entry made_entry(uint32_t who, uint64_t sequence, tb_time from, tb_time until);
/* As measured for the real network: false match rate 1e-3 at 0.395, 1e-4 at 0.440. */
extern const tb_calibration made_calibration;
extern const tb_model made_model;

#endif
