/* bench_wire.c: what it costs to write, seal, open and read one message, and to read documents. A table on standard
 * error, one JSON value (microseconds for one) on standard output. Everyone in it is invented. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/clock.h>
#include <tebura/crypto.h>
#include <tebura/document.h>
#include <tebura/message.h>
#include <tebura/secret.h>

typedef struct bench {
    tb_entry entry;
    tb_bytes plain, sealed, out;
    tb_key_pair server, gate;
    tb_key to_gate;
    tb_span about, zone, pass;
} bench;

static tb_status write_entry(bench *b)
{
    b->out.size = 0;
    return tb_entry_encode(&b->entry, &b->out);
}

static tb_status seal_entry(bench *b)
{
    b->out.size = 0;
    return tb_seal_to(&b->server.private_key, &b->gate.public_key, b->about, tb_bytes_span(&b->plain), &b->out);
}

static tb_status open_entry(bench *b)
{
    b->out.size = 0;
    return tb_open_from(&b->gate.private_key, &b->server.public_key, b->about, tb_bytes_span(&b->sealed), &b->out);
}

static tb_status seal_prepared(bench *b)
{
    b->out.size = 0;
    return tb_seal(&b->to_gate, b->about, tb_bytes_span(&b->plain), &b->out);
}

static tb_status read_entry(bench *b)
{
    tb_entry back;
    tb_status status = tb_entry_decode(tb_bytes_span(&b->plain), &back, NULL);
    tb_entry_free(&back);
    return status;
}

static tb_status read_zone(bench *b)
{
    tb_mrz mrz;
    return tb_mrz_parse(b->zone, (tb_date){2026, 11, 21}, &mrz, NULL);
}

static tb_status read_pass(bench *b)
{
    tb_bcbp pass;
    return tb_bcbp_parse(b->pass, (tb_date){2026, 11, 21}, &pass, NULL);
}

static void must(tb_status status)
{
    if (status != TB_OK) {
        fprintf(stderr, "bench_wire: %s\n", tb_status_sentence(status));
        exit(1);
    }
}

/* Rounds until a quarter of a second has passed, then microseconds for one. */
static double measure(tb_status (*act)(bench *), bench *b)
{
    for (long rounds = 100;; rounds *= 4) {
        int64_t begin = tb_clock_monotonic();
        for (long i = 0; i < rounds; i++)
            must(act(b));
        int64_t took = tb_clock_monotonic() - begin;
        if (took > TB_SECOND / 4)
            return (double)took / (double)rounds;
    }
}

static void prepare(bench *b)
{
    must(tb_crypto_start());
    b->entry = (tb_entry){.sequence = 1000,
                          .visit = tb_id_random(),
                          .present = 1,
                          .from = TB_DAY,
                          .until = 2 * TB_DAY,
                          .template_count = 1};
    uint8_t template[TB_TEMPLATE_BYTES(512)];
    tb_random(template, sizeof template); /* the size of one; this part never looks inside */
    must(tb_bytes_append(&b->entry.templates[0], tb_span_of(template, sizeof template)));
    must(tb_facts_set_text(&b->entry.fields, "name", "ERIKSSON ANNA MARIA"));
    must(tb_facts_set_text(&b->entry.fields, "seat", "12A"));
    must(tb_facts_set_text(&b->entry.fields, "flight", "NH105"));
    must(tb_facts_set_time(&b->entry.fields, "boarding", TB_DAY));
    b->server = tb_key_pair_random();
    b->gate = tb_key_pair_random();
    must(tb_key_to(&b->server.private_key, &b->gate.public_key, &b->to_gate));
    b->about = tb_span_text("gate-12.000102030405060708090a0b0c0d0e0f");
    b->zone =
        tb_span_text("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10");
    b->pass = tb_span_text("M1ERIKSSON/ANNA MARIA EABC123 HNDITMNH 0105 325Y012A0025 100");
    must(tb_entry_encode(&b->entry, &b->plain));
    must(tb_seal_to(&b->server.private_key, &b->gate.public_key, b->about, tb_bytes_span(&b->plain), &b->sealed));
}

int main(void)
{
    static const struct {
        const char *name;
        tb_status (*act)(bench *);
    } acts[] = {{"entry_write", write_entry},           {"entry_seal", seal_entry}, {"entry_open", open_entry},
                {"entry_seal_prepared", seal_prepared}, {"entry_read", read_entry}, {"mrz_read", read_zone},
                {"boarding_pass_read", read_pass}};
    bench b = {0};
    prepare(&b);
    printf("{\"entry_bytes\":%zu,\"microseconds\":{", b.sealed.size);
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        double one = measure(acts[i].act, &b);
        fprintf(stderr, "%-20s %8.2f us\n", acts[i].name, one);
        printf("%s\"%s\":%.3f", i ? "," : "", acts[i].name, one);
    }
    printf("}}\n");
    tb_entry_free(&b.entry);
    tb_bytes_free(&b.plain);
    tb_bytes_free(&b.sealed);
    tb_bytes_free(&b.out);
    tb_wipe(&b.server, sizeof b.server);
    tb_wipe(&b.gate, sizeof b.gate);
    tb_wipe(&b.to_gate, sizeof b.to_gate);
    return 0;
}
