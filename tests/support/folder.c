/* folder.c: temporary directories of tests. */
#include "folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *folder_make(char out[FOLDER_SIZE])
{
    /* In memory where the system has that: what is tested is order and atomicity, not the speed of a disk's syncs. */
    const char *wanted = getenv("TMPDIR"), *base = wanted && *wanted               ? wanted
                                                   : access("/dev/shm", W_OK) == 0 ? "/dev/shm"
                                                                                   : "/tmp";
    snprintf(out, FOLDER_SIZE, "%.40s/tebura-XXXXXX", base);
    if (!mkdtemp(out)) {
        perror(out);
        abort();
    }
    return out;
}

static int drop(const char *path, const struct stat *about, int kind, struct FTW *place)
{
    (void)about, (void)kind, (void)place;
    return remove(path);
}

void folder_remove(const char *folder)
{
    (void)nftw(folder, drop, 16, FTW_DEPTH | FTW_PHYS);
}
