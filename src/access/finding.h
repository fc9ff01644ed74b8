/* finding.h: mistakes of a profile as they are gathered. */
#ifndef ACCESS_FINDING_H
#define ACCESS_FINDING_H

#include <tebura/profile_check.h>

/* Keeps the order of lines; the same cause on the same line is told once. Out of memory is remembered in `to`. */
void tb_findings_add(tb_findings *to, int line, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The name that was probably meant by `word`: `stride` bytes apart lie structs whose first member is their name. NULL
 * when none is near. */
const char *tb_nearest_name(const char *word, const void *first, size_t count, size_t stride);

#endif
