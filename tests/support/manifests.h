/* manifests.h: the manifest of the source tree with another model: the same embedding network over another alignment,
 * which makes templates that have nothing to do with the first one's. As strict as a new network, and no other has to
 * be fetched. */
#ifndef TEBURA_TESTS_MANIFESTS_H
#define TEBURA_TESTS_MANIFESTS_H

#include <tebura/bytes.h>

#define MANIFESTS_OLD_MODEL 11u

typedef enum manifests_kind {
    MANIFESTS_OLD,        /* the other model in force */
    MANIFESTS_BOTH,       /* the tree's own in force, the other one former */
    MANIFESTS_BOTH_TWICE, /* the same number for both: refused */
} manifests_kind;
/* Appended to `out`. Aborts when the tree's manifest is not as it was. */
void manifests_make(manifests_kind kind, tb_bytes *out);
/* The same as a file. */
void manifests_write(manifests_kind kind, const char *path);

#endif
