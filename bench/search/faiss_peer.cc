/* faiss_peer.cc: no exception leaves it. */
#include "faiss_peer.h"

#include <cstdio>
#include <memory>

#include <faiss/IndexFlat.h>
#include <faiss/IndexScalarQuantizer.h>
#include <faiss/impl/IDSelector.h>
#include <faiss/utils/distances.h>
#include <faiss/utils/utils.h>
#include <omp.h>

extern "C" char *openblas_get_config(void) __attribute__((weak));
extern "C" char *openblas_get_corename(void) __attribute__((weak));

struct faiss_peer {
    std::unique_ptr<faiss::IndexFlatCodes> index;
};

template <typename Act> static int done(Act act)
{
    try {
        act();
        return 1;
    } catch (const std::exception &e) {
        std::fprintf(stderr, "FAISS: %s\n", e.what());
        return 0;
    }
}

const char *faiss_peer_about(void)
{
    static char text[200];
    const char *blas = openblas_get_corename ? openblas_get_corename() : nullptr;
    std::snprintf(text, sizeof text, "%d.%d.%d, compiled as %s; matrices by %s%s", FAISS_VERSION_MAJOR,
                  FAISS_VERSION_MINOR, FAISS_VERSION_PATCH, faiss::get_compile_options().c_str(),
                  blas ? "OpenBLAS for " : "another BLAS", blas ? blas : "");
    return text;
}

int faiss_peer_new(faiss_kind kind, int dimension, size_t rows, const float *samples, size_t sample_count,
                   faiss_peer **out)
{
    *out = nullptr;
    return done([&] {
        auto peer = std::make_unique<faiss_peer>();
        if (kind == FAISS_FLAT)
            peer->index = std::make_unique<faiss::IndexFlatIP>(dimension);
        else
            peer->index = std::make_unique<faiss::IndexScalarQuantizer>(
                dimension, faiss::ScalarQuantizer::QT_8bit, faiss::METRIC_INNER_PRODUCT);
        peer->index->train((faiss::Index::idx_t)sample_count, samples);
        peer->index->codes.reserve((rows + 1024) * peer->index->code_size);
        *out = peer.release();
    });
}

void faiss_peer_free(faiss_peer **peer)
{
    delete *peer;
    *peer = nullptr;
}

int faiss_peer_add(faiss_peer *peer, const float *rows, size_t count)
{
    return done([&] { peer->index->add((faiss::Index::idx_t)count, rows); });
}

int faiss_peer_search(const faiss_peer *peer, const float *probes, size_t count, int k, float *scores, int64_t *labels)
{
    return done([&] { peer->index->search((faiss::Index::idx_t)count, probes, k, scores, labels); });
}

int faiss_peer_remove(faiss_peer *peer, int64_t label)
{
    return done([&] { peer->index->remove_ids(faiss::IDSelectorRange(label, label + 1)); });
}

void faiss_peer_one_thread(void)
{
    omp_set_num_threads(1);
}

void faiss_peer_matrices_from(int probes)
{
    faiss::distance_compute_blas_threshold = probes;
}
