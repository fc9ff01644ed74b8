/* rotate.c: another master key (rotation.h). */
#include "management/rotation.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tebura/log.h>
#include <tebura/secret.h>

#include "base/file.h"
#include "management/service.h"
#include "store/migration.h"

#define PATH 4096
#define PART "rotation.part" /* being made: of no use to anybody */
#define WHOLE "rotation"     /* L1: from here on the new key counts */
#define NEXT "master.key.next"

static const char *in(const char *directory, const char *folder, const char *name, char out[PATH])
{
    snprintf(out, PATH, "%.3000s/%s%s%s", directory, folder, folder[0] && name[0] ? "/" : "", name);
    return out;
}

static int is_there(const char *path)
{
    struct stat about;
    return lstat(path, &about) == 0;
}

static void tell(const tb_rotation_options *options, const char *step)
{
    if (options->progress)
        options->progress(options->context, step, 0, 0);
}

/* ---- files: what is left to do ---- */

/* Databases first: whoever looks at the folder in between sees by the key that it is not done. */
static const char *const moved[] = {"central.db", "visitor.db", "master.key"};

#define LEFT ": the new key counts from here on; run this again, or start the service, which moves what is left"

tb_status tb_rotation_finish(const char *directory, int *finished, tb_error *why)
{
    char from[PATH], to[PATH], whole[PATH];
    if (!is_there(in(directory, WHOLE, "", whole)))
        return TB_OK;
    if (finished)
        *finished = 1;
    for (size_t i = 0; i < sizeof moved / sizeof *moved; i++)
        if (rename(in(directory, WHOLE, moved[i], from), in(directory, "", moved[i], to)) != 0 && errno != ENOENT)
            return tb_fail(why, TB_IO, "%s: %s" LEFT, to, strerror(errno));
    tb_status status = tb_file_sync(directory, why);
    if (status == TB_OK && rmdir(whole) != 0 && errno != ENOENT)
        return tb_fail(why, TB_IO, "%s: %s" LEFT, whole, strerror(errno));
    if (status == TB_OK)
        tb_log(TB_LOG_INFO, "management", "the new master key is in its place");
    return status;
}

/* ---- files: what is made ---- */

/* All of it, but those named (NULL: all of it, and the folder). */
static void clear_part(const char *directory, const char *const *keep, size_t kept)
{
    char path[PATH];
    DIR *folder = opendir(in(directory, PART, "", path));
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        int stays = entry->d_name[0] == '.';
        for (size_t i = 0; i < kept; i++)
            stays |= strcmp(entry->d_name, keep[i]) == 0;
        if (!stays)
            (void)!unlink(in(directory, PART, entry->d_name, path));
    }
    if (folder)
        closedir(folder);
    if (!keep)
        (void)!rmdir(in(directory, PART, "", path));
}

/* The service's own word for it, which it does not know. */
static tb_status open_with(const char *directory, const tb_keyring *keys, int scratch, tb_db **db, tb_error *why)
{
    tb_db_options options = {.directory = directory,
                             .central = &keys->central,
                             .visitor = &keys->visitor,
                             .busy_ms = 500,
                             .scratch = scratch};
    tb_status status = tb_db_open(&options, db, why);
    return status == TB_DB_LOCKED
               ? tb_fail(why, status, "%s: a service runs on these databases: stop it first", directory)
               : status;
}

static tb_status read_key(const char *path, tb_keyring *keys, tb_error *why)
{
    tb_status status = tb_key_file(path, &keys->master, why);
    if (status == TB_OK && (status = tb_keyring_derive(keys)) != TB_OK)
        status = tb_fail(why, status, "keys cannot be derived");
    return status;
}

/* What stays when the master key goes; or does not (leaked). */
static void carry_over(const tb_rotation_options *options, const tb_keyring *from, tb_keyring *to)
{
    to->own = from->own;
    to->find = options->leaked ? tb_key_random() : from->find;
    to->trust = options->leaked ? tb_key_random() : from->trust;
    to->derived = from->derived && !options->leaked;
}

static tb_status reseal(tb_db *db, const tb_rotation_options *options, tb_keyring *from, const tb_keyring *to,
                        tb_rotation *out, tb_error *why)
{
    int served = 0;
    tb_resealing r = {.db = db, .from = from, .to = to, .options = options, .counts = out};
    out->old_roots = to->derived;
    tb_status status = tb_db_begin(db);
    if (status != TB_OK)
        return tb_fail(why, status, "%s", tb_status_sentence(status));
    status = tb_db_is_served(db, &served); /* who starts now waits for us, and finds another key */
    if (status == TB_OK && served)
        status = tb_fail(why, TB_DB_LOCKED, "a service runs on this database: stop all of them first");
    if (status == TB_OK)
        status = tb_keyring_read(db, from); /* nobody has done the same since we looked */
    if (status == TB_OK)
        status = tb_reseal(&r, why);
    tell(options, "commit");
    if (status == TB_OK)
        return tb_db_commit(db);
    tb_db_rollback(db);
    return status;
}

/* Copies of both files in `part`, sealed anew and under new keys. */
static tb_status make_copies(tb_db *db, const char *part, const tb_rotation_options *options, tb_keyring *from,
                             tb_keyring *to, tb_rotation *out, tb_error *why)
{
    tb_db *copy = NULL;
    tell(options, "copy");
    tb_status status = tb_db_copy(db, part, why);
    if (status == TB_OK)
        status = open_with(part, from, 1, &copy, why);
    if (status == TB_OK)
        status = reseal(copy, options, from, to, out, why);
    tell(options, "encrypt");
    if (status == TB_OK)
        status = tb_db_rekey(copy, &to->central, &to->visitor);
    tb_db_free(&copy);
    tell(options, "check");
    if (status == TB_OK)
        status = open_with(part, to, 1, &copy, why);
    if (status == TB_OK)
        status = tb_reseal_check(copy, to, why);
    tb_db_free(&copy);
    return status;
}

/* L1: everything is on the disk before it has its name. */
static tb_status settle(const tb_rotation_options *options, const char *part, tb_error *why)
{
    char path[PATH];
    tb_status status = TB_OK;
    clear_part(options->directory, moved, sizeof moved / sizeof *moved);
    for (size_t i = 0; i < sizeof moved / sizeof *moved && status == TB_OK; i++)
        status = tb_file_sync(in(options->directory, PART, moved[i], path), why);
    if (status == TB_OK)
        status = tb_file_sync(part, why);
    tell(options, "change over");
    if (status == TB_OK && rename(part, in(options->directory, WHOLE, "", path)) != 0)
        status = tb_fail(why, TB_IO, "%s: %s", path, strerror(errno));
    tb_file_sync_folder_of(part);
    tell(options, "move");
    return status == TB_OK ? tb_rotation_finish(options->directory, NULL, why) : status;
}

static tb_status rotate_files(tb_db *db, const tb_rotation_options *options, tb_keyring *from, tb_keyring *to,
                              tb_rotation *out, tb_error *why)
{
    char part[PATH], key[PATH];
    clear_part(options->directory, NULL, 0); /* of a run that was cut short */
    if (mkdir(in(options->directory, PART, "", part), 0700) != 0)
        return tb_fail(why, errno == ENOSPC || errno == EDQUOT ? TB_DISK_FULL : TB_IO, "%s: %s", part, strerror(errno));
    tb_status status = read_key(in(options->directory, PART, "master.key", key), to, why); /* makes it */
    if (status == TB_OK) {
        carry_over(options, from, to);
        status = make_copies(db, part, options, from, to, out, why);
    }
    if (status == TB_OK)
        status = settle(options, part, why);
    if (status != TB_OK)
        clear_part(options->directory, NULL, 0); /* nothing there, when it has its other name already */
    return status;
}

/* ---- PostgreSQL ---- */

static tb_status take_over_next(const char *directory, tb_error *why)
{
    char next[PATH], key[PATH];
    if (rename(in(directory, "", NEXT, next), in(directory, "", "master.key", key)) != 0 && errno != ENOENT)
        return tb_fail(why, TB_IO, "%s: %s", key, strerror(errno));
    tb_file_sync_folder_of(key);
    tb_log(TB_LOG_INFO, "management", "the new master key is in its place");
    return TB_OK;
}

tb_status tb_rotation_adopt(tb_db *db, const char *directory, tb_keyring *keys, int *finished, tb_error *why)
{
    char path[PATH];
    if (!is_there(in(directory, "", NEXT, path)))
        return TB_OK;
    tb_keyring *next = tb_secret_alloc(sizeof *next);
    tb_status ours = next ? tb_keyring_read(db, keys) : TB_NO_MEMORY, status = ours;
    if (ours == TB_DB_KEY)
        status = read_key(path, next, why);
    if (ours == TB_DB_KEY && status == TB_OK)
        status = tb_keyring_read(db, next);
    if (ours == TB_DB_KEY && status == TB_OK) {
        status = take_over_next(directory, why);
        if (status == TB_OK)
            *keys = *next;
        if (finished)
            *finished = 1;
    }
    tb_secret_free(next);
    /* Neither opens it: the opening says so. No site yet, or a rotation under way: nothing to finish. */
    return status == TB_DB_KEY || status == TB_NOT_FOUND ? TB_OK : status;
}

static tb_status rotate_postgres(tb_db *db, const tb_rotation_options *options, tb_keyring *from, tb_keyring *to,
                                 tb_rotation *out, tb_error *why)
{
    char path[PATH];
    tb_status status = read_key(in(options->directory, "", NEXT, path), to, why); /* makes it, or a former run did */
    if (status == TB_OK)
        status = tb_file_sync(path, why);
    if (status == TB_OK)
        status = tb_file_sync(options->directory, why); /* before the commit, which nothing but it opens */
    if (status != TB_OK)
        return status;
    carry_over(options, from, to);
    status = reseal(db, options, from, to, out, why);
    if (status == TB_DB_GONE)
        return tb_fail(why, status,
                       "PostgreSQL went away while it was done: run this again, it finds out whether it was");
    tell(options, "change over");
    if (status == TB_OK)
        status = tb_reseal_check(db, to, why);
    return status == TB_OK ? take_over_next(options->directory, why) : status;
}

/* ---- both ---- */

static tb_status rotate_open(tb_db *db, const tb_rotation_options *options, tb_keyring keys[2], tb_rotation *out,
                             tb_error *why)
{
    int served = 0;
    tb_status status = tb_store_is_current(db, why);
    if (status == TB_OK && options->database)
        status = tb_rotation_adopt(db, options->directory, &keys[0], &out->finished, why);
    if (status != TB_OK || out->finished)
        return status;
    status = tb_keyring_read(db, &keys[0]);
    if (status == TB_DB_KEY)
        return tb_fail(why, status, "master.key is not the one of this database: put the right one there first");
    if (status == TB_OK)
        status = tb_db_is_served(db, &served);
    if (status == TB_OK && served)
        status = tb_fail(why, TB_DB_LOCKED, "a service runs on this database: stop all of them first");
    if (status != TB_OK)
        return status;
    return options->database ? rotate_postgres(db, options, &keys[0], &keys[1], out, why)
                             : rotate_files(db, options, &keys[0], &keys[1], out, why);
}

/* What another user makes, here root above all, the service could not open. */
static tb_status check_user(const char *key, tb_error *why)
{
    struct stat about;
    if (lstat(key, &about) != 0 || about.st_uid == geteuid())
        return TB_OK;
    return tb_fail(why, TB_FORBIDDEN, "%s belongs to another user: run this as that user (runuser -u NAME -- ...)",
                   key);
}

static tb_status open_old(const tb_rotation_options *options, tb_keyring *keys, tb_rotation *out, tb_db **db,
                          tb_error *why)
{
    char path[PATH];
    tb_status status = options->database ? TB_OK : tb_rotation_finish(options->directory, &out->finished, why);
    if (status != TB_OK || out->finished)
        return status;
    if (!is_there(in(options->directory, "", "master.key", path)) ||
        (!options->database && !is_there(in(options->directory, "", "central.db", path))))
        return tb_fail(why, TB_NOT_FOUND, "%s: there is no such file: no site's data here", path);
    status = check_user(in(options->directory, "", "master.key", path), why);
    if (status == TB_OK)
        status = read_key(path, keys, why);
    if (status != TB_OK)
        return status;
    if (!options->database)
        return open_with(options->directory, keys, 0, db, why);
    return tb_db_open(&(tb_db_options){.url = options->database}, db, why);
}

tb_status tb_management_rotate_key(const tb_rotation_options *options, tb_rotation *out, tb_error *why)
{
    tb_error own = {0};
    tb_db *db = NULL;
    *out = (tb_rotation){0};
    why = why ? why : &own;
    *why = (tb_error){0};
    if (!options->directory || strlen(options->directory) > 3000)
        return tb_fail(why, TB_INVALID_ARGUMENT, "the data directory is needed, and a shorter name of it");
    tb_status status = tb_crypto_start();
    tb_keyring *keys = tb_secret_alloc(2 * sizeof *keys);
    if (!keys)
        status = TB_NO_MEMORY;
    if (status == TB_OK)
        status = open_old(options, &keys[0], out, &db, why);
    if (status == TB_OK && !out->finished)
        status = rotate_open(db, options, keys, out, why);
    tb_db_free(&db); /* with files: after the new ones stand in their places (L3) */
    tb_secret_free(keys);
    return status == TB_OK || why->status ? status : tb_fail(why, status, "%s", tb_status_sentence(status));
}
