/* Files are read with a limit and written whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tebura/bytes.h>

static char folder[] = "/tmp/tebura-file-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int drop_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static void writes_and_reads_back(void **state)
{
    (void)state;
    char path[64];
    snprintf(path, sizeof path, "%s/a", folder);
    assert_int_equal(tb_file_write(path, tb_span_text("first, longer"), NULL), TB_OK);
    assert_int_equal(tb_file_write(path, tb_span_text("second"), NULL), TB_OK);
    tb_bytes content = {0};
    tb_error why = {0};
    assert_int_equal(tb_file_read(path, 100, &content, &why), TB_OK);
    assert_int_equal(content.size, 6);
    assert_memory_equal(content.data, "second", 6);
    tb_bytes_free(&content);
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(tb_file_read(path, 3, &content, &why), TB_TOO_LARGE);
    tb_bytes_free(&content);
    unlink(path);
}

static void names_what_is_wrong(void **state)
{
    (void)state;
    tb_bytes content = {0};
    tb_error why = {0};
    assert_int_equal(tb_file_read("/nonexistent/x", 100, &content, &why), TB_NOT_FOUND);
    assert_non_null(strstr(why.text, "/nonexistent/x"));
    assert_int_equal(tb_file_read("/tmp", 100, &content, &why), TB_IO);
    assert_int_equal(tb_file_write("/nonexistent/x", tb_span_text("x"), &why), TB_IO);
    tb_bytes_free(&content);
}

static void a_full_disk_keeps_the_old_content(void **state)
{
    (void)state;
    tb_error why = {0};
    assert_int_equal(tb_file_write("/dev/full/x", tb_span_text("x"), &why), TB_IO);
    char path[64];
    snprintf(path, sizeof path, "%s/a", folder);
    assert_int_equal(tb_file_write(path, tb_span_text("old"), NULL), TB_OK);
    struct rlimit whole, small;
    getrlimit(RLIMIT_FSIZE, &whole);
    small = whole;
    small.rlim_cur = 16;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    char big[4096] = {1};
    tb_status status = tb_file_write(path, tb_span_of(big, sizeof big), &why);
    setrlimit(RLIMIT_FSIZE, &whole);
    assert_int_not_equal(status, TB_OK);
    tb_bytes content = {0};
    assert_int_equal(tb_file_read(path, 100, &content, NULL), TB_OK);
    assert_memory_equal(content.data, "old", 3);
    tb_bytes_free(&content);
    unlink(path); /* drop_folder fails if a temporary file was left behind */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_and_reads_back),
        cmocka_unit_test(names_what_is_wrong),
        cmocka_unit_test(a_full_disk_keeps_the_old_content),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
