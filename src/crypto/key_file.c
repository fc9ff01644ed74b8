/* key_file.c: a master key in a file. Made in a temporary file of its own and then linked to its name, which fails when
 * the name is taken: a crash leaves no half key, and of two that make it at once the second reads the first's. */
#include <tebura/crypto.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tebura/secret.h>

#include "base/file.h"

#define TEXT_SIZE (2 * TB_KEY_SIZE)

static tb_status read_text(int fd, const char *path, char text[TEXT_SIZE + 1], tb_error *why)
{
    char buffer[TEXT_SIZE + 2]; /* digits, a line end, and one byte too many */
    size_t size = 0;
    tb_status status = TB_OK;
    while (size < sizeof buffer) {
        ssize_t got = read(fd, buffer + size, sizeof buffer - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            status = tb_fail(why, TB_IO, "%s: %s", path, strerror(errno));
        if (got <= 0)
            break;
        size += (size_t)got;
    }
    if (status == TB_OK && !(size == TEXT_SIZE || (size == TEXT_SIZE + 1 && buffer[TEXT_SIZE] == '\n')))
        status = tb_fail(why, TB_MALFORMED, "%s: a key file holds %d hex digits and nothing else", path, TEXT_SIZE);
    if (status == TB_OK) {
        memcpy(text, buffer, TEXT_SIZE);
        text[TEXT_SIZE] = '\0';
    }
    tb_wipe(buffer, sizeof buffer);
    return status;
}

static tb_status read_key(const char *path, tb_key *out, tb_error *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* not waiting for a writer, should it be a pipe */
    if (fd < 0)
        return tb_fail(why,
                       errno == ENOENT   ? TB_NOT_FOUND
                       : errno == EACCES ? TB_FORBIDDEN
                                         : TB_IO,
                       "%s: %s", path, strerror(errno));
    char text[TEXT_SIZE + 1] = {0};
    struct stat about;
    tb_status status = TB_OK;
    if (fstat(fd, &about) != 0)
        status = tb_fail(why, TB_IO, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(about.st_mode))
        status = tb_fail(why, TB_MALFORMED, "%s: not a file", path);
    else if (about.st_mode & 077)
        status =
            tb_fail(why, TB_FORBIDDEN, "%s: others may read this key: chmod 600, and think of the key as known", path);
    if (status == TB_OK)
        status = read_text(fd, path, text, why);
    if (status == TB_OK && tb_hex_decode(text, out->bytes, sizeof out->bytes) != TB_OK)
        status = tb_fail(why, TB_MALFORMED, "%s: a key file holds %d hex digits and nothing else", path, TEXT_SIZE);
    tb_wipe(text, sizeof text);
    close(fd);
    return status;
}

static tb_status make_key(const char *path, tb_error *why)
{
    char temporary[4096], text[TEXT_SIZE + 2], mark[TB_ID_TEXT_SIZE];
    if (snprintf(temporary, sizeof temporary, "%s.new.%s", path, tb_id_text(tb_id_random(), mark)) >=
        (int)sizeof temporary)
        return tb_fail(why, TB_TOO_LARGE, "the path of the key file is too long");
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return tb_fail(why, errno == ENOSPC || errno == EDQUOT ? TB_DISK_FULL : TB_IO, "%s: %s", temporary,
                       strerror(errno));
    tb_key key = tb_key_random();
    tb_hex_encode(tb_span_of(key.bytes, sizeof key.bytes), text);
    text[TEXT_SIZE] = '\n';
    int failed = tb_file_write_synced(fd, tb_span_of(text, TEXT_SIZE + 1)) != 0 ? errno : 0;
    tb_wipe(&key, sizeof key);
    tb_wipe(text, sizeof text);
    if (close(fd) != 0 && !failed)
        failed = errno;
    if (!failed && link(temporary, path) != 0 && errno != EEXIST)
        failed = errno;
    unlink(temporary);
    tb_file_sync_folder_of(path);
    if (failed)
        return tb_fail(why, failed == ENOSPC || failed == EDQUOT ? TB_DISK_FULL : TB_IO, "%s: %s", path,
                       strerror(failed));
    return TB_OK;
}

tb_status tb_key_file(const char *path, tb_key *out, tb_error *why)
{
    tb_status status = read_key(path, out, why);
    if (status == TB_NOT_FOUND) {
        if (why)
            *why = (tb_error){0};
        status = make_key(path, why);
        if (status == TB_OK)
            status = read_key(path, out, why);
    }
    if (status != TB_OK)
        tb_wipe(out, sizeof *out);
    return status;
}
