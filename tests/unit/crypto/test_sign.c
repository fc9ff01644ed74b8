/* Signatures: published vectors, the text form of keys, tokens that verify. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <tebura/http.h>
#include <tebura/sign.h>

/* RFC 8032, 7.1, test 2. */
static void the_vector_of_rfc_8032(void **state)
{
    (void)state;
    tb_key seed, expected;
    uint8_t signature[TB_SIGNATURE_SIZE], wanted[TB_SIGNATURE_SIZE];
    assert_int_equal(tb_hex_decode("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", seed.bytes, 32),
                     TB_OK);
    assert_int_equal(
        tb_hex_decode("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", expected.bytes, 32), TB_OK);
    assert_int_equal(tb_hex_decode("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                                   "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
                                   wanted, sizeof wanted),
                     TB_OK);
    tb_key public_key = tb_sign_public(&seed);
    assert_memory_equal(public_key.bytes, expected.bytes, 32);
    tb_sign(&seed, tb_span_text("r"), signature);
    assert_memory_equal(signature, wanted, sizeof wanted);
    assert_true(tb_sign_matches(&public_key, tb_span_text("r"), signature));
    assert_false(tb_sign_matches(&public_key, tb_span_text("s"), signature));
    signature[3] ^= 1;
    assert_false(tb_sign_matches(&public_key, tb_span_text("r"), signature));
}

/* What the text form is, undone by hand. The checksum is judged by a real broker (unit.bus.trust). */
static void the_text_form_of_keys(void **state)
{
    (void)state;
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    static const tb_nkey_kind kinds[] = {TB_NKEY_ACCOUNT, TB_NKEY_OPERATOR, TB_NKEY_USER};
    tb_key key = tb_key_random();
    for (size_t k = 0; k < 3; k++) {
        char text[TB_NKEY_TEXT_SIZE];
        uint8_t bytes[35] = {0};
        assert_string_equal(tb_nkey_text(kinds[k], &key, text), text);
        assert_int_equal(strlen(text), 56);
        assert_int_equal(text[0], "AOU"[k]);
        for (size_t bit = 0; bit < 280; bit++) {
            const char *digit = strchr(digits, text[bit / 5]);
            assert_non_null(digit);
            unsigned value = (unsigned)(digit - digits);
            bytes[bit / 8] |= (uint8_t)((value >> (4 - bit % 5) & 1) << (7 - bit % 8));
        }
        assert_int_equal(bytes[0], kinds[k]);
        assert_memory_equal(bytes + 1, key.bytes, 32);
    }
    char seed[TB_NKEY_SEED_SIZE];
    tb_nkey_seed_text(TB_NKEY_USER, &key, seed);
    assert_int_equal(strlen(seed), 58);
    assert_memory_equal(seed, "SU", 2);
}

static void a_token_verifies(void **state)
{
    (void)state;
    tb_key seed = tb_key_random(), public_key = tb_sign_public(&seed);
    tb_bytes token = {0}, claims = {0}, signature = {0};
    assert_int_equal(tb_token_sign(&seed, tb_span_text("{\"a\":1}"), &token), TB_OK);
    assert_int_equal(tb_bytes_append(&token, tb_span_of("", 1)), TB_OK);
    char *text = (char *)token.data, *first = strchr(text, '.'), *second = strrchr(text, '.');
    assert_true(first && second && first != second);
    *second = '\0';
    assert_int_equal(tb_base64_decode(first + 1, 100, &claims), TB_OK);
    assert_int_equal(claims.size, 7);
    assert_memory_equal(claims.data, "{\"a\":1}", 7);
    assert_int_equal(tb_base64_decode(second + 1, 100, &signature), TB_OK);
    assert_int_equal(signature.size, TB_SIGNATURE_SIZE);
    assert_true(tb_sign_matches(&public_key, tb_span_text(text), signature.data));
    tb_bytes_free(&token);
    tb_bytes_free(&claims);
    tb_bytes_free(&signature);
}

static int start(void **state)
{
    (void)state;
    return tb_crypto_start() == TB_OK ? 0 : 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_vector_of_rfc_8032),
                                       cmocka_unit_test(the_text_form_of_keys), cmocka_unit_test(a_token_verifies)};
    return cmocka_run_group_tests(tests, start, NULL);
}
