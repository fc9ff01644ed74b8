/* decision.h: open-set decision: this person, nobody, or not sure. Pure. */
#ifndef TEBURA_DECISION_H
#define TEBURA_DECISION_H

#include <tebura/face.h>
#include <tebura/gallery.h>

typedef enum tb_identity { TB_NOBODY, TB_NOT_SURE, TB_THIS_PERSON } tb_identity;

#define TB_DEFAULT_FPIR 1e-3

/* Similarity at which a list of `size` ids has the false-positive identification rate `fpir` (0..1):
 * FMR = 1 - (1 - fpir)^(1/size) (ISO/IEC 19795-1), turned into a similarity by the calibration. size 0 counts as 1. */
float tb_decision_threshold(const tb_calibration *calibration, size_t size, double fpir);
/* `candidates` best first, as tb_gallery_search gives them. */
tb_identity tb_decide(const tb_calibration *calibration, size_t size, double fpir, const tb_candidate *candidates,
                      int count);

#endif
