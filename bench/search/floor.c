/* floor.c: eight sums, so that no addition waits for the one before it. */
#include "floor.h"

#include <string.h>
#include <sys/mman.h>

typedef uint64_t lanes __attribute__((vector_size(64), aligned(64)));

/* A macro, as the compiler must see the whole function under its own target. */
#define READ(name, target)                                                                                             \
    target static uint64_t name(const void *memory, size_t bytes)                                                      \
    {                                                                                                                  \
        const lanes *p = memory;                                                                                       \
        lanes a = {0}, b = {0}, c = {0}, d = {0}, e = {0}, f = {0}, g = {0}, h = {0};                                  \
        for (size_t i = 0; i < bytes / sizeof *p; i += 8) {                                                            \
            a += p[i];                                                                                                 \
            b += p[i + 1];                                                                                             \
            c += p[i + 2];                                                                                             \
            d += p[i + 3];                                                                                             \
            e += p[i + 4];                                                                                             \
            f += p[i + 5];                                                                                             \
            g += p[i + 6];                                                                                             \
            h += p[i + 7];                                                                                             \
        }                                                                                                              \
        lanes all = ((a + b) + (c + d)) + ((e + f) + (g + h));                                                         \
        uint64_t sum = 0;                                                                                              \
        for (int i = 0; i < 8; i++)                                                                                    \
            sum += all[i];                                                                                             \
        return sum;                                                                                                    \
    }

READ(read_plain, )
#if defined(__x86_64__)
READ(read_avx2, __attribute__((target("avx2"))))
READ(read_avx512, __attribute__((target("avx512f"))))
#endif

uint64_t floor_read(const void *memory, size_t bytes)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
        return read_avx512(memory, bytes);
    if (__builtin_cpu_supports("avx2"))
        return read_avx2(memory, bytes);
#endif
    return read_plain(memory, bytes);
}

const char *floor_kind(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
        return "64-byte";
    if (__builtin_cpu_supports("avx2"))
        return "32-byte";
#endif
    return "16-byte";
}

void *floor_new(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    (void)madvise(memory, bytes, MADV_HUGEPAGE);
    memset(memory, 0x5a, bytes);
    return memory;
}

void floor_free(void *memory, size_t bytes)
{
    if (memory)
        munmap(memory, bytes);
}
