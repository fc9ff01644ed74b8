/* file.c: whole files in and out. Writing goes through a temporary file, fsync and rename: whole or not at all. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

tb_status tb_file_read(const char *path, size_t limit, tb_bytes *out, tb_error *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return tb_fail(why, errno == ENOENT || errno == ENOTDIR ? TB_NOT_FOUND : TB_IO, "%s: %s", path,
                       strerror(errno));
    tb_status status = TB_OK;
    struct stat about;
    if (fstat(fd, &about) != 0 || S_ISDIR(about.st_mode)) {
        status = tb_fail(why, TB_IO, "%s: not a file", path);
        goto out;
    }
    for (;;) {
        status = tb_bytes_reserve(out, out->size + (64u << 10));
        if (status != TB_OK)
            break;
        ssize_t got = read(fd, out->data + out->size, out->capacity - out->size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            status = tb_fail(why, TB_IO, "%s: %s", path, strerror(errno));
        if (got <= 0)
            break;
        out->size += (size_t)got;
        if (out->size > limit) {
            status = tb_fail(why, TB_TOO_LARGE, "%s: larger than %zu bytes", path, limit);
            break;
        }
    }
out:
    close(fd);
    return status;
}

int tb_file_write_all(int fd, tb_span content)
{
    while (content.size) {
        ssize_t put = write(fd, content.data, content.size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        content = tb_span_of(content.data + put, content.size - (size_t)put);
    }
    return 0;
}

int tb_file_write_synced(int fd, tb_span content)
{
    return tb_file_write_all(fd, content) == 0 ? fsync(fd) : -1;
}

tb_status tb_file_sync(const char *path, tb_error *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return tb_fail(why, TB_IO, "%s: %s", path, strerror(errno));
    int failed = fsync(fd) != 0 ? errno : 0;
    close(fd);
    return failed ? tb_fail(why, failed == ENOSPC ? TB_DISK_FULL : TB_IO, "%s: %s", path, strerror(failed)) : TB_OK;
}

void tb_file_sync_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[4096];
    if (snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".") >=
        (int)sizeof folder)
        return;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)!fsync(fd);
        close(fd);
    }
}

tb_status tb_file_write(const char *path, tb_span content, tb_error *why)
{
    char temporary[4096];
    if (snprintf(temporary, sizeof temporary, "%s.tmp.%d", path, (int)getpid()) >= (int)sizeof temporary)
        return tb_fail(why, TB_TOO_LARGE, "the path is too long");
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return tb_fail(why, errno == ENOSPC ? TB_DISK_FULL : TB_IO, "%s: %s", temporary, strerror(errno));
    int failed = tb_file_write_synced(fd, content) != 0 ? errno : 0;
    if (close(fd) != 0 && !failed)
        failed = errno;
    if (!failed && rename(temporary, path) != 0)
        failed = errno;
    if (failed) {
        unlink(temporary);
        return tb_fail(why, failed == ENOSPC || failed == EDQUOT ? TB_DISK_FULL : TB_IO, "%s: %s", path,
                       strerror(failed));
    }
    tb_file_sync_folder_of(path);
    return TB_OK;
}
