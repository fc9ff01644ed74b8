/* password.c: PINs and tokens at rest, Argon2id. */
#include <tebura/crypto.h>

#include <sodium.h>
#include <string.h>

_Static_assert(TB_PASSWORD_HASH_SIZE == crypto_pwhash_STRBYTES, "the text form's size");

tb_status tb_password_hash(const char *password, char out[TB_PASSWORD_HASH_SIZE])
{
    int failed = crypto_pwhash_str(out, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                   crypto_pwhash_MEMLIMIT_INTERACTIVE);
    if (failed)
        memset(out, 0, TB_PASSWORD_HASH_SIZE);
    return failed ? TB_NO_MEMORY : TB_OK;
}

int tb_password_matches(const char *hash, const char *password)
{
    char whole[TB_PASSWORD_HASH_SIZE] = {0}; /* the library wants an array of this size */
    size_t length = strnlen(hash, sizeof whole);
    if (length == 0 || length == sizeof whole)
        return 0;
    memcpy(whole, hash, length);
    return crypto_pwhash_str_verify(whole, password, strlen(password)) == 0;
}
