/* backup.c: a copy of both databases while the service goes on. It is made beside its place and gets its name when it
 * is whole and on the disk: a folder of that name is a backup, whatever happened. */
#include "management/service.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define PATH 4096

static const char *const files[] = {"central.db", "visitor.db"};

static const char *file_of(const char *folder, size_t i, char out[PATH])
{
    snprintf(out, PATH, "%.3900s/%s", folder, files[i]);
    return out;
}

static void discard(const char *folder)
{
    char path[PATH];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(file_of(folder, i, path));
    rmdir(folder);
}

static tb_status settle(const char *part, const char *folder, uint64_t *bytes, tb_error *why)
{
    char path[PATH];
    struct stat about;
    tb_status status = TB_OK;
    *bytes = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files && status == TB_OK; i++) {
        status = tb_file_sync(file_of(part, i, path), why);
        if (status == TB_OK && stat(path, &about) == 0)
            *bytes += (uint64_t)about.st_size;
    }
    if (status == TB_OK)
        status = tb_file_sync(part, why);
    if (status == TB_OK && rename(part, folder) != 0)
        status =
            tb_fail(why, errno == ENOTEMPTY || errno == EEXIST ? TB_EXISTS : TB_IO, "%s: %s", folder, strerror(errno));
    tb_file_sync_folder_of(folder);
    return status;
}

tb_status tb_management_backup(tb_management *m, const char *folder, uint64_t *bytes, tb_error *why)
{
    char part[PATH];
    uint64_t size = 0;
    struct stat about;
    if (strlen(folder) > 3800)
        return tb_fail(why, TB_TOO_LARGE, "the folder's name is too long");
    if (stat(folder, &about) == 0)
        return tb_fail(why, TB_EXISTS, "%s is there already", folder);
    snprintf(part, sizeof part, "%s.part", folder);
    if (mkdir(part, 0700) != 0)
        return tb_fail(why,
                       errno == EEXIST                      ? TB_EXISTS
                       : errno == ENOSPC || errno == EDQUOT ? TB_DISK_FULL
                                                            : TB_IO,
                       "%s: %s", part, strerror(errno));
    tb_service_lock(m);
    tb_status status = tb_db_copy(m->db, part, why);
    tb_service_unlock(m);
    if (status == TB_OK)
        status = settle(part, folder, &size, why);
    if (status != TB_OK)
        discard(part);
    if (bytes)
        *bytes = size;
    return status;
}
