/* photos.h: where the test photographs lie. Never copied into the repository. */
#ifndef TEBURA_TEST_PHOTOS_H
#define TEBURA_TEST_PHOTOS_H

#include <tebura/image.h>

/* One of the demo pictures that tools/setup fetched. Aborts when it is not there: without set-up nothing was built. */
tb_image photos_demo(int number);
/* ../shared/faces or $TEBURA_FACES; NULL when it is not on this machine. */
const char *photos_folder(void);
/* <folder>/<set>/<person>/<number>.<ext>. Aborts when it cannot be read. */
tb_image photos_read(const char *set, const char *person, int number, const char *ext);

#endif
