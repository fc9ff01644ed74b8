/* file.h: what it takes for a file to outlast a power cut; for those who write files in ways of their own. */
#ifndef TEBURA_BASE_FILE_H
#define TEBURA_BASE_FILE_H

#include <tebura/bytes.h>

/* Writes all of it. 0, or -1 with errno. */
int tb_file_write_all(int fd, tb_span content);
/* The same, and syncs. */
int tb_file_write_synced(int fd, tb_span content);
/* After a file's name was made or changed. Not every file system can; the file's content is synced by then. */
void tb_file_sync_folder_of(const char *path);
/* A file, or a folder with its names. TB_IO, TB_DISK_FULL. */
tb_status tb_file_sync(const char *path, tb_error *why) TB_MUST_CHECK;

#endif
