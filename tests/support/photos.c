/* photos.c: see photos.h. */
#include "photos.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static tb_image read_or_abort(const char *path)
{
    tb_image image;
    tb_error why = {0};
    if (tb_image_read(path, &image, &why) != TB_OK) {
        fprintf(stderr, "%s\n", tb_error_text(&why));
        abort();
    }
    return image;
}

tb_image photos_demo(int number)
{
    char path[1024];
    snprintf(path, sizeof path, TEBURA_DEPS_DIR "/pictures/sample%d.jpg", number);
    return read_or_abort(path);
}

const char *photos_folder(void)
{
    static const char beside[] = TEBURA_SOURCE_DIR "/../shared/faces",
                      above[] = TEBURA_SOURCE_DIR "/../../shared/faces";
    const char *given = getenv("TEBURA_FACES");
    if (given)
        return access(given, R_OK) == 0 ? given : NULL;
    /* above: a worktree of the project */
    return access(beside, R_OK) == 0 ? beside : access(above, R_OK) == 0 ? above : NULL;
}

tb_image photos_read(const char *set, const char *person, int number, const char *ext)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s/%s/%d.%s", photos_folder(), set, person, number, ext);
    return read_or_abort(path);
}
