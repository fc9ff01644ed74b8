/* facts_check.h: are facts fit to travel? */
#ifndef TEBURA_WIRE_FACTS_CHECK_H
#define TEBURA_WIRE_FACTS_CHECK_H

#include <tebura/facts.h>

/* Count in range, names good and unique, kinds known, texts UTF-8 and ended. */
int tb_facts_are_good(const tb_facts *facts);

#endif
