/* folder.h: a directory of its own for a test, and its removal with everything in it. */
#ifndef SUPPORT_FOLDER_H
#define SUPPORT_FOLDER_H

#define FOLDER_SIZE 64
/* Makes tebura-XXXXXX under $TMPDIR, /dev/shm or /tmp; returns out. Aborts the test program when that is impossible. */
const char *folder_make(char out[FOLDER_SIZE]);
void folder_remove(const char *folder);

#endif
