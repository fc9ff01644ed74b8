/* runtime_memory.c: see runtime_memory.h. A run of a network takes one block of 0.1 to 7 MB, the same each time, and
 * returns it: so a short list of free blocks serves, and one block serves all networks of an engine in turn.
 *
 * I1: a block outside a `free` list is the runtime's; one without an owner never gets into a list.
 * I2: what of a free block is not dirty is zero. */
#include "face/runtime_memory.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <tebura/secret.h>

enum { HEADER = 64 };

struct tb_runtime_block {
    size_t size, dirty; /* of the data; how much of it may not be zero */
    tb_runtime_memory *owner;
    struct tb_runtime_block *next;
};
_Static_assert(sizeof(struct tb_runtime_block) <= HEADER, "the header fits before the data");

/* Global because the runtime's environment is; guarded by `lock`. */
static struct known {
    OrtAllocator allocator;
    OrtMemoryInfo *info;
    int users; /* engines; with none the runtime does not know this memory */
} known;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The runtime does not say for whom it asks; the thread does. */
static _Thread_local tb_runtime_memory *in_use;

/* The smallest free block that is large enough, taken out of the list. */
static struct tb_runtime_block *take_free(tb_runtime_memory *memory, size_t size)
{
    struct tb_runtime_block **best = NULL;
    pthread_mutex_lock(&memory->lock);
    for (struct tb_runtime_block **at = &memory->free; *at; at = &(*at)->next)
        if ((*at)->size >= size && (!best || (*at)->size < (*best)->size))
            best = at;
    struct tb_runtime_block *found = best ? *best : NULL;
    if (found)
        *best = found->next;
    pthread_mutex_unlock(&memory->lock);
    return found;
}

static void *ORT_API_CALL allocate(OrtAllocator *self, size_t size)
{
    (void)self;
    if (size == 0 || size > SIZE_MAX / 2)
        return NULL;
    struct tb_runtime_block *block = in_use ? take_free(in_use, size) : NULL;
    if (!block) {
        block = tb_secret_alloc(HEADER + size);
        if (!block)
            return NULL;
        block->size = size;
        block->owner = in_use;
    }
    block->dirty = size > block->dirty ? size : block->dirty;
    return (uint8_t *)block + HEADER;
}

static void ORT_API_CALL give_back(OrtAllocator *self, void *data)
{
    (void)self;
    if (!data)
        return;
    struct tb_runtime_block *block = (struct tb_runtime_block *)(void *)((uint8_t *)data - HEADER);
    tb_runtime_memory *owner = block->owner;
    if (!owner) {
        tb_secret_free(block);
        return;
    }
    pthread_mutex_lock(&owner->lock);
    block->next = owner->free;
    owner->free = block;
    pthread_mutex_unlock(&owner->lock);
}

static const OrtMemoryInfo *ORT_API_CALL info_of(const OrtAllocator *self)
{
    (void)self;
    return known.info;
}

void tb_runtime_memory_use(tb_runtime_memory *memory)
{
    in_use = memory;
}

void tb_runtime_memory_wipe(tb_runtime_memory *memory)
{
    pthread_mutex_lock(&memory->lock);
    for (struct tb_runtime_block *block = memory->free; block; block = block->next) {
        tb_wipe((uint8_t *)block + HEADER, block->dirty);
        block->dirty = 0;
    }
    pthread_mutex_unlock(&memory->lock);
}

void tb_runtime_memory_trim(tb_runtime_memory *memory)
{
    pthread_mutex_lock(&memory->lock);
    while (memory->free) {
        struct tb_runtime_block *block = memory->free;
        memory->free = block->next;
        tb_secret_free(block);
    }
    pthread_mutex_unlock(&memory->lock);
}

static OrtStatus *make_known(const OrtApi *api, OrtEnv *env)
{
    known.allocator = (OrtAllocator){
        .version = ORT_API_VERSION, .Alloc = allocate, .Free = give_back, .Info = info_of, .Reserve = allocate};
    OrtStatus *status = api->CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, &known.info);
    if (status)
        return status;
    status = api->RegisterAllocator(env, &known.allocator);
    if (status) {
        api->ReleaseMemoryInfo(known.info);
        known.info = NULL;
    }
    return status;
}

OrtStatus *tb_runtime_memory_open(const OrtApi *api, OrtEnv *env, tb_runtime_memory *out)
{
    *out = (tb_runtime_memory){.lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_mutex_lock(&lock);
    OrtStatus *status = known.users == 0 ? make_known(api, env) : NULL;
    known.users += !status;
    pthread_mutex_unlock(&lock);
    return status;
}

void tb_runtime_memory_close(const OrtApi *api, OrtEnv *env, tb_runtime_memory *memory)
{
    tb_runtime_memory_trim(memory);
    pthread_mutex_lock(&lock);
    assert(known.users > 0);
    if (--known.users == 0) {
        OrtStatus *status = api->UnregisterAllocator(env, known.info);
        if (status)
            api->ReleaseStatus(status);
        api->ReleaseMemoryInfo(known.info);
        known.info = NULL;
    }
    pthread_mutex_unlock(&lock);
    pthread_mutex_destroy(&memory->lock);
}
