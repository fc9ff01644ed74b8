/* The runtime's own reporting to its maker is off: no file in the home folder, no debug log, no further thread, no
 * socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tebura/face.h>

static int entries_of(const char *folder)
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    int count = 0;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(dir);
    return count;
}

static int open_sockets(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++) {
        char path[64], target[64] = "";
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(path, target, sizeof target - 1);
        count += length > 0 && strncmp(target, "socket:", 7) == 0;
    }
    return count;
}

static void nothing_is_left_or_sent(void **state)
{
    (void)state;
    char home[] = "/tmp/tebura-home-XXXXXX", log[64];
    assert_non_null(mkdtemp(home));
    assert_int_equal(setenv("HOME", home, 1), 0);
    assert_int_equal(setenv("XDG_CACHE_HOME", home, 1), 0);
    assert_int_equal(unsetenv("ORT_DISABLE_TELEMETRY"), 0);
    snprintf(log, sizeof log, "/tmp/mat-debug-%d.log", (int)getpid());
    unlink(log); /* of an earlier process with our number */
    int threads = entries_of("/proc/self/task"), sockets = open_sockets();
    tb_engine *engine;
    tb_error why = {0};
    assert_int_equal(tb_engine_open(NULL, &engine, &why), TB_OK);
    assert_int_equal(entries_of(home), 0);
    assert_int_equal(access(log, F_OK), -1);
    assert_int_equal(entries_of("/proc/self/task"), threads);
    assert_int_equal(open_sockets(), sockets);
    tb_engine_free(&engine);
    assert_int_equal(entries_of(home), 0);
    assert_int_equal(rmdir(home), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_left_or_sent)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
