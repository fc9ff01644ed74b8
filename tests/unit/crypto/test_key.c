/* Keys: published vectors, derivation, the key file and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <tebura/crypto.h>

static void public_keys_of_rfc_7748(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
                                            "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"},
                                           {"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
                                            "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"}};
    for (size_t i = 0; i < 2; i++) {
        tb_key private_key, expected;
        assert_int_equal(tb_hex_decode(pairs[i][0], private_key.bytes, 32), TB_OK);
        assert_int_equal(tb_hex_decode(pairs[i][1], expected.bytes, 32), TB_OK);
        tb_key public_key = tb_key_public(&private_key);
        assert_memory_equal(public_key.bytes, expected.bytes, 32);
    }
}

static void random_keys_differ_and_pairs_belong_together(void **state)
{
    (void)state;
    tb_key a = tb_key_random(), b = tb_key_random();
    assert_memory_not_equal(a.bytes, b.bytes, 32);
    tb_key_pair pair = tb_key_pair_random();
    tb_key public_key = tb_key_public(&pair.private_key);
    assert_memory_equal(public_key.bytes, pair.public_key.bytes, 32);
}

/* The expected value was computed with another implementation of BLAKE2b (salt = number, personal = context). */
static void subkeys(void **state)
{
    (void)state;
    tb_key master, key, expected;
    for (int i = 0; i < 32; i++)
        master.bytes[i] = (uint8_t)i;
    assert_int_equal(
        tb_hex_decode("8c673c68b4a0cc8aeb8e5bbf0fbbcea905967f15d5248925d2b8e357b921194e", expected.bytes, 32), TB_OK);
    assert_int_equal(tb_key_derive(&master, "templte1", 7, &key), TB_OK);
    assert_memory_equal(key.bytes, expected.bytes, 32);
    assert_int_equal(tb_key_derive(&master, "templte1", 8, &key), TB_OK);
    assert_memory_not_equal(key.bytes, expected.bytes, 32);
    assert_int_equal(tb_key_derive(&master, "templte2", 7, &key), TB_OK);
    assert_memory_not_equal(key.bytes, expected.bytes, 32);
}

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/tebura-key-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"key", "bad", "fifo"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(path_of(names[i]));
    return rmdir(folder); /* fails when a temporary file was left behind */
}

static void put(const char *path, const char *text, mode_t mode)
{
    unlink(path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void a_key_file_is_made_once_and_read_again(void **state)
{
    (void)state;
    tb_key first, second;
    tb_error why = {0};
    mode_t old = umask(0);
    assert_int_equal(tb_key_file(path_of("key"), &first, &why), TB_OK);
    umask(old);
    assert_string_equal(why.text, "");
    struct stat about;
    assert_int_equal(stat(path_of("key"), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(tb_key_file(path_of("key"), &second, &why), TB_OK);
    assert_memory_equal(first.bytes, second.bytes, 32);
}

static void a_key_file_that_others_may_read_is_refused(void **state)
{
    (void)state;
    static const tb_key zero;
    tb_key key;
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0660, 0644};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        tb_error why = {0};
        put(path_of("bad"), "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n", modes[i]);
        memset(&key, 7, sizeof key);
        assert_int_equal(tb_key_file(path_of("bad"), &key, &why), TB_FORBIDDEN);
        assert_non_null(strstr(why.text, "chmod 600"));
        assert_memory_equal(&key, &zero, sizeof key);
    }
    assert_int_equal(chmod(path_of("bad"), 0600), 0);
    assert_int_equal(tb_key_file(path_of("bad"), &key, NULL), TB_OK);
    assert_int_equal(key.bytes[31], 0x1f);
}

static void a_key_file_of_other_content_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "00",
                                      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1",
                                      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1g\n",
                                      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f0",
                                      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tb_key key;
        tb_error why = {0};
        put(path_of("bad"), bad[i], 0600);
        assert_int_equal(tb_key_file(path_of("bad"), &key, &why), TB_MALFORMED);
        assert_null(strstr(why.text, "0102030405")); /* no part of a key in a sentence */
    }
    tb_key key;
    assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
    assert_int_equal(tb_key_file(path_of("fifo"), &key, NULL), TB_MALFORMED);
    assert_int_equal(tb_key_file(folder, &key, NULL), TB_MALFORMED);
    assert_int_equal(tb_key_file("/nonexistent/folder/key", &key, NULL), TB_IO);
}

/* Eight processes make the same file at once: all must end with the same key. */
static void makers_at_once_agree(void **state)
{
    (void)state;
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t children[8];
    for (int i = 0; i < 8; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            tb_key key;
            int good = tb_key_file(path_of("key"), &key, NULL) == TB_OK;
            _exit(good && write(pipes[1], key.bytes, sizeof key.bytes) == (ssize_t)sizeof key.bytes ? 0 : 1);
        }
    }
    tb_key first, next;
    for (int i = 0; i < 8; i++) {
        int result;
        assert_int_equal(waitpid(children[i], &result, 0), children[i]);
        assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 0);
    }
    assert_int_equal(read(pipes[0], first.bytes, sizeof first.bytes), sizeof first.bytes);
    for (int i = 1; i < 8; i++) {
        assert_int_equal(read(pipes[0], next.bytes, sizeof next.bytes), sizeof next.bytes);
        assert_memory_equal(first.bytes, next.bytes, sizeof first.bytes);
    }
    close(pipes[0]);
    close(pipes[1]);
}

int main(void)
{
    if (tb_crypto_start() != TB_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_keys_of_rfc_7748),
        cmocka_unit_test(random_keys_differ_and_pairs_belong_together),
        cmocka_unit_test(subkeys),
        cmocka_unit_test_setup_teardown(a_key_file_is_made_once_and_read_again, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_key_file_that_others_may_read_is_refused, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_key_file_of_other_content_is_refused, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(makers_at_once_agree, make_folder, remove_folder)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
