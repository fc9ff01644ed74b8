/* pad.h: what the files of `tebura selftest pad` share. */
#ifndef TEBURA_APP_PAD_H
#define TEBURA_APP_PAD_H

#include "attack.h"

enum { PAD_SUBJECTS_MAX = 64, PAD_PATH_SIZE = 1024, PAD_KINDS_MAX = 32, PAD_NAME_SIZE = 64 };

/* What is judged: the network alone; with motion and source; with an active challenge too. */
typedef enum pad_stage { PAD_PASSIVE, PAD_COMBINED, PAD_ACTIVE, PAD_STAGES } pad_stage;

typedef struct pad_result { /* of one presentation */
    int responded;          /* 0: no face was found, or none good enough: neither accepted nor refused */
    int has[PAD_STAGES], live[PAD_STAGES];
    tb_liveness_verdict verdict[PAD_STAGES];
} pad_result;

typedef struct pad_counts { /* of one kind of presentation */
    char name[PAD_NAME_SIZE];
    const char *title;
    int is_attack, presentations, silent; /* silent: non-response */
    int judged[PAD_STAGES], live[PAD_STAGES];
} pad_counts;

/* pad_subjects.c: people to make presentations of, from photographs. `left_out`: faces that the network refuses as they
 * are in the photograph (attacks made of them would look harmless). directory NULL: the demo's pictures. */
tb_status pad_subjects_read(tb_engine *engine, const char *directory, int most, int side, attack_subject *out,
                            int *count, int *left_out, tb_error *why) TB_MUST_CHECK;

/* pad_present.c: one presentation from the first picture to the verdicts. */
tb_status pad_present(tb_engine *engine, const attack_subject *subject, attack_kind kind, uint32_t seed, int pictures,
                      int with_active, pad_result *out) TB_MUST_CHECK;
/* A film of a real presentation, read as a camera's. */
tb_status pad_present_clip(tb_engine *engine, const char *path, int rate, pad_result *out, tb_error *why) TB_MUST_CHECK;

/* Wilson's interval of `hits` out of `all` at 95 %. */
void pad_interval(int hits, int all, double *low, double *high);

#endif
