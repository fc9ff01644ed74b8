/* again.h: what every message's fuzzer checks: what decodes encodes, and comes back as the same bytes. */
#ifndef TEBURA_FUZZ_AGAIN_H
#define TEBURA_FUZZ_AGAIN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/bytes.h>

/* Not assert: it has to hold whatever the build. */
#define FUZZ_MUST(condition)                                                                                           \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

static inline void fuzz_must_be_equal(const tb_bytes *a, const tb_bytes *b)
{
    FUZZ_MUST(a->size == b->size && memcmp(a->data, b->data, a->size) == 0);
}

/* FUZZ_MESSAGE(noun, how to free it, by how many bytes it may grow when encoded again). */
static inline void fuzz_nothing_to_free(const void *message)
{
    (void)message;
}

#define FUZZ_MESSAGE(noun, free_it, growth)                                                                            \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);                                                      \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)                                                       \
    {                                                                                                                  \
        tb_##noun first, second;                                                                                       \
        tb_bytes once = {0}, twice = {0};                                                                              \
        tb_error why = {0};                                                                                            \
        tb_status status = tb_##noun##_decode(tb_span_of(data, size), &first, &why);                                   \
        FUZZ_MUST((status == TB_OK) == (why.text[0] == '\0'));                                                         \
        if (status == TB_OK) {                                                                                         \
            FUZZ_MUST(tb_##noun##_encode(&first, &once) == TB_OK);                                                     \
            FUZZ_MUST(once.size <= size + (growth)); /* keys that are not known are left out */                        \
            FUZZ_MUST(tb_##noun##_decode(tb_bytes_span(&once), &second, &why) == TB_OK);                               \
            FUZZ_MUST(tb_##noun##_encode(&second, &twice) == TB_OK);                                                   \
            fuzz_must_be_equal(&once, &twice);                                                                         \
            free_it(&second);                                                                                          \
        } else {                                                                                                       \
            static const tb_##noun zero;                                                                               \
            FUZZ_MUST(memcmp(&first, &zero, sizeof zero) == 0); /* a refusal leaves nothing behind */                  \
        }                                                                                                              \
        free_it(&first);                                                                                               \
        tb_bytes_free(&once);                                                                                          \
        tb_bytes_free(&twice);                                                                                         \
        return 0;                                                                                                      \
    }

#endif
