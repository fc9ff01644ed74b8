/* runtime_memory.h: what ONNX Runtime holds between the layers of a network, in secret memory of ours that is used
 * again and wiped. */
#ifndef TEBURA_FACE_RUNTIME_MEMORY_H
#define TEBURA_FACE_RUNTIME_MEMORY_H

#include <onnxruntime_c_api.h>
#include <pthread.h>

#include <tebura/status.h>

/* The blocks of one engine that are not in use. */
typedef struct tb_runtime_memory {
    pthread_mutex_t lock;
    struct tb_runtime_block *free;
} tb_runtime_memory;

/* Makes our memory known to the runtime. Its environment is one for the whole process, and so is this: the last close
 * takes it back. Any thread. NULL is success, as with the runtime; then every open is paired with a close, which comes
 * after the last session was released and frees everything. */
OrtStatus *tb_runtime_memory_open(const OrtApi *api, OrtEnv *env, tb_runtime_memory *out);
void tb_runtime_memory_close(const OrtApi *api, OrtEnv *env, tb_runtime_memory *memory);

/* What this thread's runs take from now on comes from there, and goes back there; NULL: from nowhere in particular. */
void tb_runtime_memory_use(tb_runtime_memory *memory);
/* Wipes what was written to since the last time and is not in use now. */
void tb_runtime_memory_wipe(tb_runtime_memory *memory);
/* Frees what is not in use: once a network has found its shape, what it took to find it is of no use. */
void tb_runtime_memory_trim(tb_runtime_memory *memory);

#endif
