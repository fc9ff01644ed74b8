/* decision.h: open-set decision: this person, nobody, or not sure. Pure. */
#ifndef TEBURA_DECISION_H
#define TEBURA_DECISION_H

#include <tebura/face.h>
#include <tebura/gallery.h>

/* TB_THIS_PERSON: the best candidate is at or above the threshold, and nobody else comes near.
 * TB_NOBODY: the best candidate is below the threshold: a stranger, or a picture too poor.
 * TB_NOT_SURE: a second candidate is at or above the threshold too, or closer to the best than the margin (twins,
 * parents and children, one person enrolled twice): never guessed, the person shows a second factor. */
typedef enum tb_identity { TB_NOBODY, TB_NOT_SURE, TB_THIS_PERSON } tb_identity;

#define TB_DEFAULT_FPIR 1e-3

/* The false match rate of one comparison at this similarity, 0..1; 1 when the similarity is no number. */
double tb_calibration_fmr(const tb_calibration *calibration, float similarity);
/* The similarity at which a list of `rows` templates (of however many people) has at most the false-positive
 * identification rate `fpir`: FMR = fpir / rows. That holds whether or not a person's comparisons are independent (the
 * sum of the chances bounds the chance that any comes true); ISO/IEC 19795-1's 1 - (1 - fpir)^(1/rows) assumes
 * independence and is the same to within fpir / 2. rows 0 counts as 1. Rates outside 1e-12..0.5 are taken as the nearer
 * end, no number as 1e-12. */
float tb_decision_threshold(const tb_calibration *calibration, size_t rows, double fpir);
/* `candidates` best first, as tb_gallery_search gives them. */
tb_identity tb_decide(const tb_calibration *calibration, size_t rows, double fpir, const tb_candidate *candidates,
                      int count);

#endif
