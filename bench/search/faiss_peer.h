/* faiss_peer.h: FAISS behind C: an exact list of float32 rows, or of rows quantised to 8 bits, scores by inner product.
 * Every function that can fail answers 1 when it did what it says and 0 otherwise. */
#ifndef TEBURA_BENCH_FAISS_PEER_H
#define TEBURA_BENCH_FAISS_PEER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct faiss_peer faiss_peer;
typedef enum faiss_kind { FAISS_FLAT, FAISS_SQ8 } faiss_kind;

/* Version, what it was built for and which matrix library it uses; NULL: this build is without FAISS. */
const char *faiss_peer_about(void);
/* Room for `rows` and a few more is reserved. FAISS_SQ8 learns its range from `samples` rows. */
int faiss_peer_new(faiss_kind kind, int dimension, size_t rows, const float *samples, size_t sample_count,
                   faiss_peer **out);
void faiss_peer_free(faiss_peer **peer);
int faiss_peer_add(faiss_peer *peer, const float *rows, size_t count);
/* Row numbers into labels[count * k]. Any number of threads; each uses itself only once it has called
 * faiss_peer_one_thread(). */
int faiss_peer_search(const faiss_peer *peer, const float *probes, size_t count, int k, float *scores, int64_t *labels);
int faiss_peer_remove(faiss_peer *peer, int64_t label); /* those behind it move up */
void faiss_peer_one_thread(void);                       /* of FAISS' own, for searches of the calling thread */
/* From how many probes on FAISS_FLAT multiplies matrices instead of going row by row; FAISS' own choice is 20. */
void faiss_peer_matrices_from(int probes);

#ifdef __cplusplus
}
#endif

#endif
