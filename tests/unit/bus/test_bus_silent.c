/* A broker that falls silent: in the middle of a TLS handshake, or frozen with its connection open. The library waits
 * for either without end, and holds its lock meanwhile. */
#include "bus_support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Says that it wants TLS, and to the first who calls never another word; others it sends away. */
typedef struct mute {
    int listener, leave[2];
    pthread_t thread;
    atomic_int callers;
} mute;

static void *be_mute(void *context)
{
    static const char info[] = "INFO {\"server_id\":\"mute\",\"version\":\"2.9.10\",\"tls_required\":true,"
                               "\"max_payload\":1048576,\"headers\":true}\r\n";
    mute *m = context;
    struct pollfd wait[2] = {{m->listener, POLLIN, 0}, {m->leave[0], POLLIN, 0}};
    int first = -1;
    while (poll(wait, 2, -1) > 0 && !wait[1].revents) {
        int caller = accept(m->listener, NULL, NULL);
        if (first < 0 && send(caller, info, sizeof info - 1, MSG_NOSIGNAL) > 0)
            first = caller;
        else
            close(caller);
        atomic_fetch_add(&m->callers, 1);
    }
    close(first);
    return NULL;
}

static void begin_mute(mute *m, char url[64])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    *m = (mute){.listener = socket(AF_INET, SOCK_STREAM, 0)};
    assert_int_equal(bind(m->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(m->listener, 16), 0);
    assert_int_equal(getsockname(m->listener, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(pipe(m->leave), 0);
    snprintf(url, 64, "tls://127.0.0.1:%d", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&m->thread, NULL, be_mute, m), 0);
}

static void end_mute(mute *m)
{
    assert_int_equal(write(m->leave[1], "", 1), 1);
    pthread_join(m->thread, NULL);
    close(m->leave[0]);
    close(m->leave[1]);
    close(m->listener);
}

static void given_up_in_the_handshake(void **state)
{
    (void)state;
    mute m;
    char url[64];
    tb_bus *bus = NULL;
    begin_mute(&m, url);
    tb_bus_options options = {.url = url};
    assert_int_equal(tb_bus_open(&options, &bus, NULL), TB_OK); /* it returns */
    assert_false(tb_bus_is_connected(bus));
    wait_for(atomic_load(&m.callers) >= 2); /* it is tried again */
    tb_bus_free(&bus);
    end_mute(&m);
}

/* Much more than all buffers between us and the broker hold. */
static void given_up_while_writing(void **state)
{
    enum { SIZE = 512 << 10, TIMES = 64 };
    nats_server *server = *state;
    tb_bus *bus = bus_to(server);
    char *much = calloc(1, SIZE);
    tb_bytes reply = {0};
    tb_status status = TB_OK;
    assert_non_null(much);
    assert_int_equal(kill(server->pid, SIGSTOP), 0);
    for (int i = 0; i < TIMES && status != TB_BUS_DOWN; i++)
        status = tb_bus_request(bus, "tb.airport.ask.gate-1", tb_span_of(much, SIZE), 10, &reply);
    assert_int_equal(status, TB_BUS_DOWN);
    assert_int_equal(kill(server->pid, SIGCONT), 0);
    wait_for(tb_bus_is_connected(bus));
    tb_bytes_free(&reply);
    free(much);
    tb_bus_free(&bus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(given_up_in_the_handshake),
        cmocka_unit_test_setup_teardown(given_up_while_writing, server_setup, server_teardown),
    };
    RUN_WITH_SERVER(tests);
}
