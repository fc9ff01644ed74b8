/* random_site.h: a site that lives through chance: people, visits, flights, terminals, events, clock, restarts, drawn
 * from a seed. What the service keeps step by step is held against its own recomputation from nothing, against the
 * rules asked for every visit at every terminal, and against what the terminals were told. Ends the test on a
 * difference. */
#ifndef SUPPORT_RANDOM_SITE_H
#define SUPPORT_RANDOM_SITE_H

#include <stdint.h>

typedef struct random_site_result {
    uint64_t seed, changes; /* changes: calls that changed something, each event counted */
    uint64_t entries;       /* seen on lists when comparing: 0 would mean that nothing was tested */
    uint64_t comparisons;
} random_site_result;

/* `profile` is a file's text. Flights exist when the profile knows the fact "flight". */
random_site_result random_site_live(const char *name, const char *profile, uint64_t seed, int rounds);

#endif
