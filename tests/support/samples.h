/* samples.h: messages and documents of invented people, for tests and for the fuzzers' first seeds. */
#ifndef TEBURA_TESTS_SAMPLES_H
#define TEBURA_TESTS_SAMPLES_H

#include <tebura/message.h>

/* A small generator with a seed of its own: the same numbers in every run. */
typedef struct sample_random {
    uint64_t state;
} sample_random;
uint64_t sample_number(sample_random *random, uint64_t below);

tb_id sample_id(uint8_t first);
tb_bytes sample_template(uint8_t fill, size_t dimension); /* of the right size only; no face, and not valid inside */
tb_entry sample_entry(void);
tb_event sample_event(void);
tb_request sample_request(tb_request_kind kind);
tb_answer sample_answer(void);
tb_heartbeat sample_heartbeat(void);
tb_mark sample_mark(void);
tb_facts sample_facts(void);

#endif
