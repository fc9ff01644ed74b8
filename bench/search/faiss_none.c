/* faiss_none.c: where libfaiss-dev was not found when this was built. */
#include "faiss_peer.h"

const char *faiss_peer_about(void)
{
    return NULL;
}

int faiss_peer_new(faiss_kind kind, int dimension, size_t rows, const float *samples, size_t sample_count,
                   faiss_peer **out)
{
    (void)kind, (void)dimension, (void)rows, (void)samples, (void)sample_count;
    *out = NULL;
    return 0;
}

void faiss_peer_free(faiss_peer **peer)
{
    *peer = NULL;
}

int faiss_peer_add(faiss_peer *peer, const float *rows, size_t count)
{
    (void)peer, (void)rows, (void)count;
    return 0;
}

int faiss_peer_search(const faiss_peer *peer, const float *probes, size_t count, int k, float *scores, int64_t *labels)
{
    (void)peer, (void)probes, (void)count, (void)k, (void)scores, (void)labels;
    return 0;
}

int faiss_peer_remove(faiss_peer *peer, int64_t label)
{
    (void)peer, (void)label;
    return 0;
}

void faiss_peer_one_thread(void)
{
}

void faiss_peer_matrices_from(int probes)
{
    (void)probes;
}
