/* find_models.c: where the manifest and the network files lie, and that they are the ones meant. */
#include "face/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tebura/crypto.h>

enum { MANIFEST_LIMIT = 1 << 20 };
#define NETWORK_LIMIT (512u << 20)

/* <prefix>/bin/tebura reads <prefix>/share/tebura/models/manifest.yaml. */
static int installed_manifest(char *out, size_t size)
{
    char program[1024];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0)
        return 0;
    program[length] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(program, '/');
        if (!slash)
            return 0;
        *slash = '\0';
    }
    int used = snprintf(out, size, "%s/share/tebura/models/manifest.yaml", program);
    return used > 0 && (size_t)used < size && access(out, R_OK) == 0;
}

static int find_manifest(const char *path, char *out, size_t size)
{
    if (!path)
        path = getenv("TEBURA_MODELS");
    if (!path && installed_manifest(out, size))
        return 1;
    int used = snprintf(out, size, "%s", path ? path : TEBURA_SOURCE_DIR "/models/manifest.yaml");
    return used > 0 && (size_t)used < size;
}

tb_status tb_manifest_read(const char *path, tb_manifest *out, char *found, size_t size, tb_error *why)
{
    memset(out, 0, sizeof *out);
    if (!find_manifest(path, found, size))
        return tb_fail(why, TB_INVALID_ARGUMENT, "the path of the manifest is too long");
    tb_bytes yaml = {0};
    tb_status status = tb_file_read(found, MANIFEST_LIMIT, &yaml, why);
    if (status == TB_NOT_FOUND)
        status = tb_fail(why, TB_MODEL_MISSING,
                         "%.160s is not there: set TEBURA_MODELS to the manifest of the networks", found);
    if (status == TB_OK)
        status = tb_manifest_parse(tb_bytes_span(&yaml), out, why);
    tb_bytes_free(&yaml);
    return status;
}

/* Beside the manifest, else where tools/setup puts what it fetched. */
static int find_network(const char *file, const char *directory, const char *manifest_path, char *out, size_t size)
{
    const char *slash = strrchr(manifest_path, '/'), *deps = getenv("TEBURA_DEPS");
    int used;
    if (directory) {
        used = snprintf(out, size, "%s/%s", directory, file);
        return used > 0 && (size_t)used < size;
    }
    used = snprintf(out, size, "%.*s/%s", slash ? (int)(slash - manifest_path) : 1, slash ? manifest_path : ".", file);
    if (used > 0 && (size_t)used < size && access(out, R_OK) == 0)
        return 1;
    used = snprintf(out, size, "%s/models/%s", deps ? deps : TEBURA_DEPS_DIR, file);
    return used > 0 && (size_t)used < size;
}

tb_status tb_manifest_load(const tb_network_entry *entry, const char *directory, const char *manifest_path,
                           tb_bytes *out, tb_error *why)
{
    char path[1024], text[65];
    if (!find_network(entry->file, directory, manifest_path, path, sizeof path))
        return tb_fail(why, TB_INVALID_ARGUMENT, "the path of the network %s is too long", entry->file);
    size_t before = out->size;
    tb_status status = tb_file_read(path, NETWORK_LIMIT, out, why);
    if (status == TB_NOT_FOUND)
        return tb_fail(why, TB_MODEL_MISSING, "the network %.160s is not there: run tools/setup", path);
    if (status != TB_OK)
        return status;
    uint8_t hash[32];
    tb_sha256(tb_span_of(out->data + before, out->size - before), hash);
    tb_hex_encode(tb_span_of(hash, sizeof hash), text);
    if (strcmp(text, entry->sha256) != 0)
        return tb_fail(why, TB_MODEL_MISSING,
                       "%.140s is not the file that the manifest means (other SHA-256): run tools/setup", path);
    return TB_OK;
}
