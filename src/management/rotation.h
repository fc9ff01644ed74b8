/* rotation.h: another master key in the old one's place (tb_management_rotate_key): what is sealed anew, and how the
 * key file and the databases change over together.
 *
 *  L1  At every moment one of the two keys opens everything, and which one is decided by one step that is done or not:
 *      with files the name `rotation` of a folder that holds the new key and both new databases, whole and synced; with
 *      PostgreSQL the commit.
 *  L2  Whoever opens the site afterwards finishes what is left: moves the files, or takes over master.key.next when it,
 *      and not master.key, opens what is in the database.
 *  L3  Nobody else writes meanwhile: files are held by their lock until the new ones stand in their places; on
 *      PostgreSQL it is one change under the site's lock, and a server that slept through it stops changing things
 *      (TB_CHANGED_KEYS). */
#ifndef MANAGEMENT_ROTATION_H
#define MANAGEMENT_ROTATION_H

#include <tebura/management.h>

#include "management/keyring.h"

/* L2 with files. *finished (may be NULL): there was something to finish. */
tb_status tb_rotation_finish(const char *directory, int *finished, tb_error *why) TB_MUST_CHECK;
/* L2 with PostgreSQL: `keys` are those of master.key, derived; they become those that are in force. */
tb_status tb_rotation_adopt(tb_db *db, const char *directory, tb_keyring *keys, int *finished,
                            tb_error *why) TB_MUST_CHECK;
/* What follows from other roots, and needs the profile; after an opening. The row says that it is due. */
#define TB_SITE_FIND_CHANGED "find_changed"
tb_status tb_rotation_follow(tb_management *m) TB_MUST_CHECK;

/* ---- reseal.c ---- */
typedef struct tb_resealing {
    tb_db *db;
    const tb_keyring *from, *to;
    const tb_rotation_options *options;
    tb_rotation *counts;
} tb_resealing;
/* Everything in the database that is sealed under `from`, under `to`; inside a transaction. What does not open today
 * does not open afterwards either: it is counted and left. */
tb_status tb_reseal(tb_resealing *r, tb_error *why) TB_MUST_CHECK;
/* Does the database open with these keys, in both files? */
tb_status tb_reseal_check(tb_db *db, tb_keyring *keys, tb_error *why) TB_MUST_CHECK;

/* ---- custody.c ---- */
/* A new key of their own for a person who has one, and their templates under it. */
tb_status tb_custody_rekey(tb_resealing *r, tb_id person) TB_MUST_CHECK;
/* ---- answer.c ---- */
/* Remembered answers say with a keyed hash whose they are. */
tb_status tb_answers_rekey(tb_resealing *r) TB_MUST_CHECK;

#endif
