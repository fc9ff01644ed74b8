/* edge_key.h: the key of edge.db, and its end. Private to edge_store.
 *
 * The file's key is random. It rests in `edge.seal` in the data directory, sealed under the terminal's master key,
 * which is in `edge.key` beside it or, better, elsewhere (a credential of systemd, a token): either without the other
 * opens nothing. So the store ends with `edge.seal`, also where the master key is out of our reach. */
#ifndef TERMINAL_EDGE_KEY_H
#define TERMINAL_EDGE_KEY_H

#include <tebura/crypto.h>

#define TB_EDGE_PATH_SIZE 4096

/* "<directory>/<name>" into `out`. TB_TOO_LARGE */
tb_status tb_edge_path(const char *directory, const char *name, char out[TB_EDGE_PATH_SIZE],
                       tb_error *why) TB_MUST_CHECK;
/* Mode 0700, when it is not there. TB_DISK_FULL, TB_IO */
tb_status tb_edge_make_directory(const char *directory, tb_error *why) TB_MUST_CHECK;
/* The key of edge.db; made where there is no store yet. `key_file` NULL: edge.key in the directory. TB_DB_KEY: the
 * master key is another's, or the store was wiped; TB_FORBIDDEN, TB_MALFORMED, TB_IO, TB_DISK_FULL. */
tb_status tb_edge_key_open(const char *directory, const char *key_file, tb_key *out, tb_error *why) TB_MUST_CHECK;
/* Writes down that the store is to end, then ends edge.seal and, where it can be written, the master key: overwritten,
 * removed, synced. Idempotent. TB_IO: something of them may be left; the note stays, so the next start goes on. */
tb_status tb_edge_key_destroy(const char *directory, const char *key_file, tb_error *why) TB_MUST_CHECK;
/* Is there such a note, of a wipe that was interrupted? */
int tb_edge_is_to_end(const char *directory);
/* After tb_edge_key_destroy, nothing open: overwrites and removes edge.db and its journal, then the note. */
tb_status tb_edge_files_destroy(const char *directory, tb_error *why) TB_MUST_CHECK;

#endif
