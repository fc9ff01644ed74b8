/* routes_backup.c: a backup beside the databases; where it goes from there is the operator's to say (deploy/). */
#include "routes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <tebura/log.h>

/* The port of a broker of ours goes with it: terminals remember it. A backup without it is still one. */
static void copy_port(const char *data, const char *folder)
{
    char from[3300], to[3300];
    tb_bytes port = {0};
    tb_error why = {0};
    snprintf(from, sizeof from, "%s/nats.port", data);
    snprintf(to, sizeof to, "%s/nats.port", folder);
    tb_status status = tb_file_read(from, 16, &port, &why);
    if (status == TB_OK)
        status = tb_file_write(to, tb_bytes_span(&port), &why);
    tb_bytes_free(&port);
    if (status != TB_OK && status != TB_NOT_FOUND)
        tb_log(TB_LOG_WARNING, "teburad", "the backup lacks the broker's port: %s", tb_error_text(&why));
}

HANDLER(post_backup)
{
    teburad *s = context;
    char place[3072], folder[3200];
    struct tm date;
    time_t now = (time_t)(tb_clock_now() / TB_SECOND);
    uint64_t bytes = 0;
    (void)request;
    gmtime_r(&now, &date);
    if (snprintf(place, sizeof place, "%s/backups", s->options.data) >= (int)sizeof place)
        return tb_fail(why, TB_TOO_LARGE, "the data directory's name is too long");
    if (mkdir(place, 0700) != 0 && errno != EEXIST)
        return tb_fail(why, errno == ENOSPC ? TB_DISK_FULL : TB_IO, "%s: %s", place, strerror(errno));
    snprintf(folder, sizeof folder, "%s/%04d%02d%02dT%02d%02d%02dZ", place, date.tm_year + 1900, date.tm_mon + 1,
             date.tm_mday, date.tm_hour, date.tm_min, date.tm_sec);
    tb_status status = tb_management_backup(s->management, folder, &bytes, why);
    if (status != TB_OK)
        return status;
    copy_port(s->options.data, folder);
    return tb_http_reply_json(reply, 201, json_pack("{s:s, s:I}", "folder", folder, "bytes", (json_int_t)bytes));
}
