/* bus_support.h: what the tests of this folder share: a server, a connection, waiting for a condition. */
#ifndef TEBURA_TESTS_BUS_SUPPORT_H
#define TEBURA_TESTS_BUS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <tebura/bus.h>

#include "nats_server.h"

#define VISIT_A "0000000000000000000000000000000a"
#define VISIT_B "0000000000000000000000000000000b"

static inline void pause_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000L}, NULL);
}

/* Waits for what another thread brings about; 60 s is "never", not a measure. */
#define wait_for(condition)                                                                                            \
    do {                                                                                                               \
        int waited = 0;                                                                                                \
        while (!(condition) && waited++ < 6000)                                                                        \
            pause_ms(10);                                                                                              \
        assert_true(condition);                                                                                        \
    } while (0)

static inline tb_bus *bus_to(const nats_server *server)
{
    tb_bus *bus = NULL;
    tb_error why = {0};
    assert_int_equal(tb_bus_open(&(tb_bus_options){.url = server->url, .name = "test"}, &bus, &why), TB_OK);
    wait_for(tb_bus_is_connected(bus));
    return bus;
}

static inline int server_setup(void **state)
{
    static nats_server server;
    nats_server_prepare(&server);
    nats_server_start(&server);
    *state = &server;
    return 0;
}

static inline int server_teardown(void **state)
{
    nats_server_end(*state);
    return 0;
}

#define RUN_WITH_SERVER(tests)                                                                                         \
    if (!nats_server_available()) {                                                                                    \
        puts("skipped: there is no nats-server on this machine");                                                      \
        return 77;                                                                                                     \
    }                                                                                                                  \
    return cmocka_run_group_tests(tests, NULL, NULL)

#endif
