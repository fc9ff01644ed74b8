/* folder.c: temporary directories of tests. */
#include "folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *folder_make(char out[FOLDER_SIZE])
{
    const char *base = getenv("TMPDIR");
    snprintf(out, FOLDER_SIZE, "%.40s/tebura-XXXXXX", base && *base ? base : "/tmp");
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
