/* Static pages: what is there is served with its type and its limits, and nothing outside the directory ever. */
#include "http_support.h"

#include <sys/stat.h>

static char directory[] = "/tmp/tebura-pages-XXXXXX";

static void put(const char *name, const char *content)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void make_directory(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static int setup(void **state)
{
    assert_non_null(mkdtemp(directory));
    make_directory("web");
    make_directory("web/assets");
    make_directory("web/sub");
    put("secret.txt", "outside");
    put("web/index.html", "<title>console</title>");
    put("web/touchpoint.html", "<title>touchpoint</title>");
    put("web/sub/index.html", "<title>sub</title>");
    put("web/assets/app-1a2b.js", "let x");
    put("web/.hidden", "hidden");
    char web[256];
    snprintf(web, sizeof web, "%s/web", directory);
    tb_http *http = NULL;
    assert_int_equal(tb_http_open(&(tb_http_options){.listen = "127.0.0.1:0", .static_directory = web}, &http, NULL),
                     TB_OK);
    *state = http;
    return 0;
}

static int teardown(void **state)
{
    tb_http_free((tb_http **)state);
    static const char *const names[] = {"web/index.html",
                                        "web/touchpoint.html",
                                        "web/sub/index.html",
                                        "web/assets/app-1a2b.js",
                                        "web/.hidden",
                                        "secret.txt",
                                        "web/assets",
                                        "web/sub",
                                        "web",
                                        ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        assert_int_equal(remove(path), 0);
    }
    return 0;
}

static void served(void **state)
{
    assert_int_equal(ask(*state, "GET", "/", "", NULL), 200);
    assert_says("<title>console</title>");
    assert_says("Content-Type: text/html; charset=utf-8");
    assert_says("Content-Security-Policy: default-src 'none'; script-src 'self'");
    assert_says("frame-ancestors 'none'");
    assert_says("X-Content-Type-Options: nosniff");
    assert_says("Cache-Control: no-cache");
    char *tag = strstr(answer_text, "ETag: "), line[128] = "If-None-Match: ";
    assert_non_null(tag);
    strncat(line, tag + 6, strcspn(tag + 6, "\r"));
    strcat(line, "\r\n");
    assert_int_equal(ask(*state, "GET", "/", line, NULL), 304);
    assert_says_not("console");
    assert_int_equal(ask(*state, "GET", "/touchpoint", "", NULL), 200);
    assert_says("<title>touchpoint</title>");
    assert_int_equal(ask(*state, "GET", "/touchpoint?code=1", "", NULL), 200);
    assert_int_equal(ask(*state, "GET", "/sub", "", NULL), 200);
    assert_int_equal(ask(*state, "GET", "/sub/", "", NULL), 200);
    assert_says("<title>sub</title>");
    assert_int_equal(ask(*state, "GET", "/assets/app-1a2b.js", "", NULL), 200);
    assert_says("Content-Type: text/javascript");
    assert_says("immutable");
    assert_int_equal(ask(*state, "HEAD", "/", "", NULL), 200);
    assert_says_not("<title>");
}

static void nothing_else(void **state)
{
    static const char *const paths[] = {"/../secret.txt",
                                        "/%2e%2e/secret.txt",
                                        "/..%2fsecret.txt",
                                        "/sub/../../secret.txt",
                                        "/assets/%2e%2e/%2e%2e/secret.txt",
                                        "/.hidden",
                                        "//secret.txt",
                                        "/..\\secret.txt",
                                        "/%5c..%5csecret.txt",
                                        "/assets",
                                        "/assets/",
                                        "/index.html/",
                                        "/sub//index.html",
                                        "/none",
                                        "/api/none",
                                        "/index.html%00.js",
                                        "/./index.html"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        int status = ask(*state, "GET", paths[i], "", NULL);
        if (strstr(paths[i], "%00") || strcmp(paths[i], "/index.html/") == 0)
            assert_true(status == 200 || status == 404); /* cut at the NUL, or the same file: never another one */
        else
            assert_int_equal(status, 404);
        assert_says_not("outside");
        assert_says_not("hidden\n");
    }
    assert_int_equal(ask(*state, "POST", "/", "", "x"), 404);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(served), cmocka_unit_test(nothing_else)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
