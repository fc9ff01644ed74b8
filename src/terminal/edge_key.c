/* edge_key.c: a key of its own for each store, sealed under the master key; and the order in which a store ends: a
 * note, the keys, the rows' file, the note. Whatever the moment of a power cut, either nothing has ended yet or the
 * next start ends the rest. Flash memory may keep an old copy of an overwritten block: that is why the keys come first
 * and why the master key is better kept elsewhere. */
#include "terminal/edge_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tebura/secret.h>

#include "base/file.h"

static const char seal_name[] = "edge.seal", note_name[] = "edge.wipe", about[] = "edge.db";

tb_status tb_edge_path(const char *directory, const char *name, char out[TB_EDGE_PATH_SIZE], tb_error *why)
{
    if (snprintf(out, TB_EDGE_PATH_SIZE, "%s/%s", directory, name) >= TB_EDGE_PATH_SIZE)
        return tb_fail(why, TB_TOO_LARGE, "the path of the data directory is too long");
    return TB_OK;
}

tb_status tb_edge_make_directory(const char *directory, tb_error *why)
{
    if (mkdir(directory, 0700) == 0 || errno == EEXIST)
        return TB_OK;
    return tb_fail(why, errno == ENOSPC || errno == EDQUOT ? TB_DISK_FULL : TB_IO, "%s: %s", directory,
                   strerror(errno));
}

static tb_status paths(const char *directory, const char *key_file, char master[TB_EDGE_PATH_SIZE],
                       char seal[TB_EDGE_PATH_SIZE], tb_error *why)
{
    tb_status status = tb_edge_path(directory, seal_name, seal, why);
    if (status == TB_OK && !key_file)
        return tb_edge_path(directory, "edge.key", master, why);
    if (status == TB_OK && snprintf(master, TB_EDGE_PATH_SIZE, "%s", key_file) >= TB_EDGE_PATH_SIZE)
        return tb_fail(why, TB_TOO_LARGE, "the path of the key file is too long");
    return status;
}

static int has_rows(const char *directory)
{
    char path[TB_EDGE_PATH_SIZE];
    struct stat file;
    return tb_edge_path(directory, "edge.db", path, NULL) == TB_OK && stat(path, &file) == 0 && file.st_size > 0;
}

static tb_status unseal(const tb_key *wrap, tb_span sealed, const char *path, tb_key *out, tb_error *why)
{
    tb_bytes plain = {0};
    tb_status status = tb_open(wrap, tb_span_text(about), sealed, &plain);
    if (status == TB_CRYPTO || (status == TB_OK && plain.size != sizeof out->bytes))
        status = tb_fail(why, TB_DB_KEY, "%s: %s", path, tb_status_sentence(TB_DB_KEY));
    else if (status == TB_OK)
        memcpy(out->bytes, plain.data, sizeof out->bytes);
    tb_bytes_free(&plain);
    return status;
}

/* Stores of before had a key derived from the master key: it is sealed as it is. */
static tb_status make_seal(const char *directory, const tb_key *master, const tb_key *wrap, const char *path,
                           tb_key *out, tb_error *why)
{
    tb_bytes sealed = {0};
    tb_status status = TB_OK;
    if (has_rows(directory))
        status = tb_key_derive(master, "edge-db_", 1, out);
    else
        *out = tb_key_random();
    if (status == TB_OK)
        status = tb_seal(wrap, tb_span_text(about), tb_span_of(out->bytes, sizeof out->bytes), &sealed);
    if (status == TB_OK)
        status = tb_file_write(path, tb_bytes_span(&sealed), why);
    tb_bytes_free(&sealed);
    return status;
}

tb_status tb_edge_key_open(const char *directory, const char *key_file, tb_key *out, tb_error *why)
{
    char master_path[TB_EDGE_PATH_SIZE], seal_path[TB_EDGE_PATH_SIZE];
    tb_key master = {{0}}, wrap = {{0}};
    tb_bytes sealed = {0};
    tb_status status = paths(directory, key_file, master_path, seal_path, why);
    if (status == TB_OK)
        status = tb_key_file(master_path, &master, why);
    if (status == TB_OK)
        status = tb_key_derive(&master, "edge-key", 1, &wrap);
    if (status == TB_OK)
        status = tb_file_read(seal_path, 4096, &sealed, why);
    if (status == TB_OK) {
        status = unseal(&wrap, tb_bytes_span(&sealed), seal_path, out, why);
    } else if (status == TB_NOT_FOUND) {
        if (why)
            *why = (tb_error){0};
        status = make_seal(directory, &master, &wrap, seal_path, out, why);
    }
    tb_wipe(&master, sizeof master);
    tb_wipe(&wrap, sizeof wrap);
    tb_bytes_free(&sealed);
    if (status != TB_OK)
        tb_wipe(out, sizeof *out);
    return status;
}

/* ---- the end ---- */

/* Overwritten, synced, removed, and the removal synced. One that is not there is well. */
static tb_status end_file(const char *path, tb_error *why)
{
    static const uint8_t zeros[65536];
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return TB_OK;
    struct stat file;
    int failed = fd < 0 || fstat(fd, &file) != 0 ? errno : 0;
    for (off_t left = failed ? 0 : file.st_size; left > 0 && !failed;) {
        ssize_t put = write(fd, zeros, left < (off_t)sizeof zeros ? (size_t)left : sizeof zeros);
        if (put < 0 && errno != EINTR)
            failed = errno;
        left -= put > 0 ? put : 0;
    }
    if (!failed && fsync(fd) != 0)
        failed = errno;
    if (fd >= 0)
        close(fd);
    if (unlink(path) != 0 && !failed && errno != ENOENT) /* also where it could not be overwritten */
        failed = errno;
    tb_file_sync_folder_of(path);
    return failed ? tb_fail(why, TB_IO, "%s: %s", path, strerror(failed)) : TB_OK;
}

tb_status tb_edge_key_destroy(const char *directory, const char *key_file, tb_error *why)
{
    char note[TB_EDGE_PATH_SIZE], master[TB_EDGE_PATH_SIZE], seal[TB_EDGE_PATH_SIZE];
    tb_status status = paths(directory, key_file, master, seal, why);
    if (status == TB_OK)
        status = tb_edge_path(directory, note_name, note, why);
    if (status != TB_OK)
        return status;
    tb_error unwritten = {0}; /* a full disk must not keep the keys alive */
    tb_status noted = tb_file_write(note, tb_span_of(NULL, 0), &unwritten);
    status = end_file(seal, why);
    if (!key_file) {
        tb_error other = {0};
        tb_status ended = end_file(master, status == TB_OK ? why : &other);
        status = status == TB_OK ? ended : status;
    }
    return status == TB_OK && noted != TB_OK && noted != TB_DISK_FULL ? tb_fail(why, noted, "%s", unwritten.text)
                                                                      : status;
}

int tb_edge_is_to_end(const char *directory)
{
    char path[TB_EDGE_PATH_SIZE];
    return tb_edge_path(directory, note_name, path, NULL) == TB_OK && access(path, F_OK) == 0;
}

tb_status tb_edge_files_destroy(const char *directory, tb_error *why)
{
    static const char *const names[] = {"edge.db-journal", "edge.db", note_name}; /* the note last */
    tb_status status = TB_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names && status == TB_OK; i++) {
        char path[TB_EDGE_PATH_SIZE];
        status = tb_edge_path(directory, names[i], path, why);
        if (status == TB_OK)
            status = end_file(path, why);
    }
    return status;
}
