/* Seals: a published vector, every changed byte is noticed, wrong `about`, wrong direction, low-order keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <sodium.h>

#include <tebura/crypto.h>
#include <tebura/secret.h>

static void hex(const char *text, tb_bytes *out)
{
    size_t size = strlen(text) / 2;
    assert_int_equal(tb_bytes_reserve(out, size), TB_OK);
    assert_int_equal(tb_hex_decode(text, out->data, size), TB_OK);
    out->size = size;
}

/* draft-irtf-cfrg-xchacha-03, A.3.1 */
static void opens_the_published_vector(void **state)
{
    (void)state;
    static const char plain[] =
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
    tb_key key;
    assert_int_equal(tb_hex_decode("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", key.bytes, 32),
                     TB_OK);
    tb_bytes about = {0}, sealed = {0}, opened = {0};
    hex("50515253c0c1c2c3c4c5c6c7", &about);
    hex("404142434445464748494a4b4c4d4e4f5051525354555657"
        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e12"
        "13b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52e"
        "c0875924c1c7987947deafd8780acf49",
        &sealed);
    assert_int_equal(tb_open(&key, tb_bytes_span(&about), tb_bytes_span(&sealed), &opened), TB_OK);
    assert_int_equal(opened.size, strlen(plain));
    assert_memory_equal(opened.data, plain, opened.size);
    tb_bytes_free(&about);
    tb_bytes_free(&sealed);
    tb_bytes_free(&opened);
}

static void appends_and_comes_back(void **state)
{
    (void)state;
    tb_key key = tb_key_random();
    for (size_t size = 0; size < 300; size += 37) {
        uint8_t plain[300];
        tb_random(plain, sizeof plain);
        tb_bytes sealed = {0}, opened = {0};
        assert_int_equal(tb_bytes_append(&sealed, tb_span_text("before")), TB_OK);
        assert_int_equal(tb_bytes_append(&opened, tb_span_text("kept")), TB_OK);
        assert_int_equal(tb_seal(&key, tb_span_text("row 1"), tb_span_of(plain, size), &sealed), TB_OK);
        assert_int_equal(sealed.size, 6 + size + TB_SEAL_OVERHEAD);
        assert_memory_equal(sealed.data, "before", 6);
        tb_span body = tb_span_of(sealed.data + 6, sealed.size - 6);
        assert_int_equal(tb_open(&key, tb_span_text("row 2"), body, &opened), TB_CRYPTO);
        assert_int_equal(tb_open(&key, tb_span_text(NULL), body, &opened), TB_CRYPTO);
        assert_int_equal(opened.size, 4);
        assert_int_equal(tb_open(&key, tb_span_text("row 1"), body, &opened), TB_OK);
        assert_int_equal(opened.size, 4 + size);
        assert_memory_equal(opened.data, "kept", 4);
        assert_memory_equal(opened.data + 4, plain, size);
        tb_bytes_free(&sealed);
        tb_bytes_free(&opened);
    }
}

static void every_change_and_every_cut_is_noticed(void **state)
{
    (void)state;
    tb_key key = tb_key_random();
    tb_bytes sealed = {0}, opened = {0};
    assert_int_equal(tb_seal(&key, tb_span_text("a"), tb_span_text("one secret"), &sealed), TB_OK);
    for (size_t i = 0; i < sealed.size; i++)
        for (int bit = 0; bit < 8; bit++) {
            sealed.data[i] ^= (uint8_t)(1 << bit);
            assert_int_equal(tb_open(&key, tb_span_text("a"), tb_bytes_span(&sealed), &opened), TB_CRYPTO);
            sealed.data[i] ^= (uint8_t)(1 << bit);
        }
    for (size_t size = 0; size < sealed.size; size++)
        assert_int_equal(tb_open(&key, tb_span_text("a"), tb_span_of(sealed.data, size), &opened), TB_CRYPTO);
    assert_int_equal(opened.size, 0);
    assert_int_equal(tb_open(&key, tb_span_text("a"), tb_bytes_span(&sealed), &opened), TB_OK);
    tb_bytes_free(&sealed);
    tb_bytes_free(&opened);
}

static void the_same_twice_looks_different(void **state)
{
    (void)state;
    tb_key key = tb_key_random();
    tb_bytes a = {0}, b = {0};
    assert_int_equal(tb_seal(&key, tb_span_text("a"), tb_span_text("x"), &a), TB_OK);
    assert_int_equal(tb_seal(&key, tb_span_text("a"), tb_span_text("x"), &b), TB_OK);
    assert_memory_not_equal(a.data, b.data, a.size);
    tb_bytes_free(&a);
    tb_bytes_free(&b);
}

static void goes_from_one_to_the_other_only(void **state)
{
    (void)state;
    tb_key_pair server = tb_key_pair_random(), gate = tb_key_pair_random(), other = tb_key_pair_random();
    tb_bytes sealed = {0}, opened = {0};
    tb_span about = tb_span_text("tb.site.event.gate-1");
    assert_int_equal(tb_seal_to(&server.private_key, &gate.public_key, about, tb_span_text("hello"), &sealed), TB_OK);
    tb_span body = tb_bytes_span(&sealed);
    /* another reader */
    assert_int_equal(tb_open_from(&other.private_key, &server.public_key, about, body, &opened), TB_CRYPTO);
    /* another sender */
    assert_int_equal(tb_open_from(&gate.private_key, &other.public_key, about, body, &opened), TB_CRYPTO);
    /* played back */
    assert_int_equal(tb_open_from(&server.private_key, &gate.public_key, about, body, &opened), TB_CRYPTO);
    assert_int_equal(tb_open_from(&gate.private_key, &server.public_key, tb_span_text("other"), body, &opened),
                     TB_CRYPTO);
    for (size_t size = 0; size < sealed.size; size++)
        assert_int_equal(
            tb_open_from(&gate.private_key, &server.public_key, about, tb_span_of(sealed.data, size), &opened),
            TB_CRYPTO);
    for (size_t i = 0; i < sealed.size; i++) {
        sealed.data[i] ^= 0x40;
        assert_int_equal(tb_open_from(&gate.private_key, &server.public_key, about, body, &opened), TB_CRYPTO);
        sealed.data[i] ^= 0x40;
    }
    assert_int_equal(opened.size, 0);
    assert_int_equal(tb_open_from(&gate.private_key, &server.public_key, about, body, &opened), TB_OK);
    assert_memory_equal(opened.data, "hello", 5);
    tb_bytes_free(&sealed);
    tb_bytes_free(&opened);
}

/* The construction as crypto.h writes it down, put together here a second time. */
static void is_built_as_documented(void **state)
{
    (void)state;
    tb_key_pair a = tb_key_pair_random(), b = tb_key_pair_random();
    uint8_t shared[32];
    tb_key key;
    assert_int_equal(crypto_scalarmult(shared, b.private_key.bytes, a.public_key.bytes), 0);
    crypto_generichash_blake2b_state hash;
    assert_int_equal(
        crypto_generichash_blake2b_init_salt_personal(&hash, NULL, 0, 32, NULL, (const uint8_t *)"tebura-seal-to-1"),
        0);
    crypto_generichash_blake2b_update(&hash, shared, 32);
    crypto_generichash_blake2b_update(&hash, a.public_key.bytes, 32);
    crypto_generichash_blake2b_update(&hash, b.public_key.bytes, 32);
    crypto_generichash_blake2b_final(&hash, key.bytes, 32);
    tb_bytes sealed = {0}, opened = {0};
    assert_int_equal(tb_seal_to(&a.private_key, &b.public_key, tb_span_text("k"), tb_span_text("v"), &sealed), TB_OK);
    assert_int_equal(tb_open(&key, tb_span_text("k"), tb_bytes_span(&sealed), &opened), TB_OK);
    assert_memory_equal(opened.data, "v", 1);
    tb_bytes_free(&sealed);
    tb_bytes_free(&opened);
}

static void a_prepared_key_is_the_same_seal(void **state)
{
    (void)state;
    tb_key_pair a = tb_key_pair_random(), b = tb_key_pair_random();
    tb_key to, from, back;
    tb_span about = tb_span_text("k");
    assert_int_equal(tb_key_to(&a.private_key, &b.public_key, &to), TB_OK);
    assert_int_equal(tb_key_from(&b.private_key, &a.public_key, &from), TB_OK);
    assert_int_equal(tb_key_to(&b.private_key, &a.public_key, &back), TB_OK);
    assert_memory_equal(&to, &from, sizeof to);
    assert_memory_not_equal(&to, &back, sizeof to); /* the other direction */
    tb_bytes sealed = {0}, opened = {0};
    assert_int_equal(tb_seal(&to, about, tb_span_text("v"), &sealed), TB_OK);
    assert_int_equal(tb_open_from(&b.private_key, &a.public_key, about, tb_bytes_span(&sealed), &opened), TB_OK);
    sealed.size = 0;
    assert_int_equal(tb_seal_to(&a.private_key, &b.public_key, about, tb_span_text("w"), &sealed), TB_OK);
    assert_int_equal(tb_open(&from, about, tb_bytes_span(&sealed), &opened), TB_OK);
    assert_int_equal(opened.size, 2);
    assert_memory_equal(opened.data, "vw", 2);
    tb_bytes_free(&sealed);
    tb_bytes_free(&opened);
}

static void refuses_points_of_low_order(void **state)
{
    (void)state;
    /* The u-coordinates of order 1, 2, 4 and 8 (RFC 7748, section 6.1 asks to check; values as published for
     * curve25519). */
    static const char *const points[] = {"0000000000000000000000000000000000000000000000000000000000000000",
                                         "0100000000000000000000000000000000000000000000000000000000000000",
                                         "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                                         "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                                         "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                                         "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                                         "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};
    tb_key_pair own = tb_key_pair_random();
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        tb_key point;
        tb_bytes out = {0};
        uint8_t sealed[TB_SEAL_OVERHEAD + 4] = {0};
        assert_int_equal(tb_hex_decode(points[i], point.bytes, 32), TB_OK);
        assert_int_equal(tb_seal_to(&own.private_key, &point, tb_span_text("a"), tb_span_text("b"), &out), TB_CRYPTO);
        assert_int_equal(
            tb_open_from(&own.private_key, &point, tb_span_text("a"), tb_span_of(sealed, sizeof sealed), &out),
            TB_CRYPTO);
        assert_int_equal(out.size, 0);
        tb_bytes_free(&out);
        static const tb_key zero;
        tb_key key = own.private_key;
        assert_int_equal(tb_key_to(&own.private_key, &point, &key), TB_CRYPTO);
        assert_memory_equal(&key, &zero, sizeof key);
    }
}

int main(void)
{
    if (tb_crypto_start() != TB_OK)
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(opens_the_published_vector),
                                       cmocka_unit_test(appends_and_comes_back),
                                       cmocka_unit_test(every_change_and_every_cut_is_noticed),
                                       cmocka_unit_test(the_same_twice_looks_different),
                                       cmocka_unit_test(goes_from_one_to_the_other_only),
                                       cmocka_unit_test(is_built_as_documented),
                                       cmocka_unit_test(a_prepared_key_is_the_same_seal),
                                       cmocka_unit_test(refuses_points_of_low_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
