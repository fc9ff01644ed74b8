/* tls.c: certificates, with OpenSSL. */
#include <tebura/tls.h>

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <tebura/secret.h>

#define AUTHORITY_DAYS 7300
#define DAY 86400

/* The public point of a private number on P-256, uncompressed. */
static int point_of(const BIGNUM *number, uint8_t out[65])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *point = group ? EC_POINT_new(group) : NULL;
    int good = point && !BN_is_zero(number) && BN_cmp(number, EC_GROUP_get0_order(group)) < 0 &&
               EC_POINT_mul(group, point, number, NULL, NULL, NULL) == 1 &&
               EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, out, 65, NULL) == 65;
    EC_POINT_free(point);
    EC_GROUP_free(group);
    return good;
}

static EVP_PKEY *key_of(BIGNUM *number)
{
    uint8_t point[65];
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (build && context && point_of(number, point) &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number) && (params = OSSL_PARAM_BLD_to_param(build)) &&
        EVP_PKEY_fromdata_init(context) == 1)
        (void)EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(context);
    return key;
}

/* The first of the derived numbers that is one of the curve's: practically always the first. */
static EVP_PKEY *authority_key(const tb_key *root)
{
    EVP_PKEY *key = NULL;
    for (uint64_t i = 1; i < 8 && !key; i++) {
        tb_key seed = {{0}};
        BIGNUM *number = NULL;
        if (tb_key_derive(root, "tb-tlsca", i, &seed) == TB_OK &&
            (number = BN_bin2bn(seed.bytes, sizeof seed.bytes, BN_secure_new())))
            key = key_of(number);
        BN_clear_free(number);
        tb_wipe(&seed, sizeof seed);
    }
    return key;
}

static int add_extension(X509 *certificate, X509 *issuer, int kind, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    int good = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good;
}

static int set_times(X509 *certificate, tb_time now, int days)
{
    time_t base = (time_t)(now / TB_SECOND);
    return X509_time_adj_ex(X509_getm_notBefore(certificate), -1, 0, &base) &&
           X509_time_adj_ex(X509_getm_notAfter(certificate), days, 0, &base);
}

static int set_number(X509 *certificate)
{
    uint8_t random[16];
    tb_random(random, sizeof random);
    random[0] &= 0x7f;
    BIGNUM *number = BN_bin2bn(random, sizeof random, NULL);
    int good = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return good;
}

static X509 *begin(const char *name, EVP_PKEY *key, tb_time now, int days)
{
    X509 *certificate = X509_new();
    X509_NAME *subject = certificate ? X509_get_subject_name(certificate) : NULL;
    if (subject && X509_set_version(certificate, 2) && set_number(certificate) && set_times(certificate, now, days) &&
        X509_set_pubkey(certificate, key) &&
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0))
        return certificate;
    X509_free(certificate);
    return NULL;
}

static X509 *make_authority(EVP_PKEY *key, tb_time now)
{
    X509 *a = begin("Tebura site authority", key, now, AUTHORITY_DAYS);
    if (a && X509_set_issuer_name(a, X509_get_subject_name(a)) &&
        add_extension(a, a, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
        add_extension(a, a, NID_key_usage, "critical,keyCertSign,cRLSign") &&
        add_extension(a, a, NID_subject_key_identifier, "hash") && X509_sign(a, key, EVP_sha256()))
        return a;
    X509_free(a);
    return NULL;
}

static tb_status append_pem(X509 *certificate, EVP_PKEY *key, tb_bytes *out)
{
    BIO *memory = BIO_new(BIO_s_mem());
    char *text = NULL;
    tb_status status = TB_NO_MEMORY;
    if (memory && (!certificate || PEM_write_bio_X509(memory, certificate)) &&
        (!key || PEM_write_bio_PrivateKey(memory, key, NULL, NULL, 0, NULL, NULL))) {
        long size = BIO_get_mem_data(memory, &text);
        status = tb_bytes_append(out, tb_span_of(text, (size_t)size));
        if (key)
            tb_wipe(text, (size_t)size);
    }
    BIO_free(memory);
    return status;
}

tb_status tb_tls_authority(const tb_key *root, tb_time now, tb_bytes *pem, tb_error *why)
{
    EVP_PKEY *key = authority_key(root);
    X509 *authority = key ? make_authority(key, now) : NULL;
    tb_status status = authority ? append_pem(authority, NULL, pem) : TB_CRYPTO;
    X509_free(authority);
    EVP_PKEY_free(key);
    return status == TB_OK ? TB_OK : tb_fail(why, status, "the certificate authority could not be made");
}

static int fingerprint_of(EVP_PKEY *key, char out[TB_FINGERPRINT_SIZE])
{
    unsigned char *der = NULL;
    uint8_t hash[32];
    int size = key ? i2d_PUBKEY(key, &der) : 0;
    if (size > 0) {
        tb_sha256(tb_span_of(der, (size_t)size), hash);
        tb_hex_encode(tb_span_of(hash, sizeof hash), out);
    }
    OPENSSL_free(der);
    return size > 0;
}

tb_status tb_tls_fingerprint(const tb_key *root, char out[TB_FINGERPRINT_SIZE])
{
    EVP_PKEY *key = authority_key(root);
    tb_status status = fingerprint_of(key, out) ? TB_OK : TB_CRYPTO;
    EVP_PKEY_free(key);
    return status;
}

tb_status tb_tls_authority_check(tb_span pem, const char *fingerprint, tb_time now)
{
    char found[TB_FINGERPRINT_SIZE] = "";
    time_t time = (time_t)(now / TB_SECOND);
    if (pem.size > INT_MAX)
        return TB_MALFORMED;
    BIO *memory = BIO_new_mem_buf(pem.data, (int)pem.size);
    X509 *authority = memory ? PEM_read_bio_X509(memory, NULL, NULL, NULL) : NULL;
    tb_status status = authority ? TB_OK : TB_MALFORMED;
    if (authority && (!fingerprint_of(X509_get0_pubkey(authority), found) ||
                      !tb_equal_constant_time(tb_span_text(found), tb_span_text(fingerprint)) ||
                      X509_cmp_time(X509_get0_notBefore(authority), &time) >= 0 ||
                      X509_cmp_time(X509_get0_notAfter(authority), &time) <= 0))
        status = TB_CRYPTO;
    X509_free(authority);
    BIO_free(memory);
    return status;
}

/* "DNS:a,IP:127.0.0.1": names of checked letters only, as they become part of a configuration language. */
static int alternatives(const char *names, char *out, size_t size)
{
    char copy[1024], *rest = copy;
    size_t used = 0;
    if (snprintf(copy, sizeof copy, "%s", names) >= (int)sizeof copy)
        return 0;
    for (char *name; (name = strsep(&rest, ","));) {
        uint8_t address[16];
        size_t length = strlen(name);
        int is_address = inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
        if (!length ||
            (!is_address && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") != length))
            return 0;
        int more = snprintf(out + used, size - used, "%s%s:%s", used ? "," : "", is_address ? "IP" : "DNS", name);
        if (more < 0 || (size_t)more >= size - used)
            return 0;
        used += (size_t)more;
    }
    return used > 0;
}

tb_status tb_tls_certificate(const tb_key *root, const char *names, tb_time now, int days, tb_bytes *certificate,
                             tb_bytes *private_key, tb_error *why)
{
    char others[2048];
    if (!alternatives(names, others, sizeof others))
        return tb_fail(why, TB_INVALID_ARGUMENT, "%s: host names and addresses, separated by commas, are needed",
                       names);
    EVP_PKEY *issuer = authority_key(root), *key = EVP_EC_gen("P-256");
    X509 *authority = issuer ? make_authority(issuer, now) : NULL,
         *leaf = authority && key ? begin("Tebura server", key, now, days) : NULL;
    tb_status status = TB_CRYPTO;
    if (leaf && X509_set_issuer_name(leaf, X509_get_subject_name(authority)) &&
        add_extension(leaf, authority, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(leaf, authority, NID_key_usage, "critical,digitalSignature") &&
        add_extension(leaf, authority, NID_ext_key_usage, "serverAuth,clientAuth") &&
        add_extension(leaf, authority, NID_authority_key_identifier, "keyid") &&
        add_extension(leaf, authority, NID_subject_alt_name, others) && X509_sign(leaf, issuer, EVP_sha256()))
        status = append_pem(leaf, NULL, certificate);
    if (status == TB_OK)
        status = append_pem(authority, NULL, certificate);
    if (status == TB_OK)
        status = append_pem(NULL, key, private_key);
    X509_free(leaf);
    X509_free(authority);
    EVP_PKEY_free(key);
    EVP_PKEY_free(issuer);
    return status == TB_OK ? TB_OK : tb_fail(why, status, "a certificate for %s could not be made", names);
}

/* ---- certificates of others ---- */

/* Nobody is there to be asked. */
static int no_passphrase(char *out, int size, int writes, void *context)
{
    (void)out;
    (void)size;
    (void)writes;
    (void)context;
    return -1;
}

static tb_status judge_pair(X509 *certificate, EVP_PKEY *key, tb_time now, tb_error *why)
{
    time_t time = (time_t)(now / TB_SECOND);
    if (!certificate)
        return tb_fail(why, TB_MALFORMED, "the certificate is no PEM");
    if (!key)
        return tb_fail(why, TB_MALFORMED, "the private key is no PEM without a passphrase");
    if (X509_check_private_key(certificate, key) != 1)
        return tb_fail(why, TB_CRYPTO, "certificate and private key do not belong together");
    if (X509_cmp_time(X509_get0_notBefore(certificate), &time) >= 0)
        return tb_fail(why, TB_INVALID_ARGUMENT, "the certificate's time has not come yet");
    if (X509_cmp_time(X509_get0_notAfter(certificate), &time) <= 0)
        return tb_fail(why, TB_INVALID_ARGUMENT, "the certificate's time is over");
    return TB_OK;
}

tb_status tb_tls_pair_check(tb_span certificate, tb_span private_key, tb_time now, tb_error *why)
{
    if (certificate.size > INT_MAX || private_key.size > INT_MAX)
        return tb_fail(why, TB_MALFORMED, "the certificate is no PEM");
    BIO *first = BIO_new_mem_buf(certificate.data ? certificate.data : (const void *)"", (int)certificate.size),
        *second = BIO_new_mem_buf(private_key.data ? private_key.data : (const void *)"", (int)private_key.size);
    X509 *found = first ? PEM_read_bio_X509(first, NULL, no_passphrase, NULL) : NULL;
    EVP_PKEY *key = second ? PEM_read_bio_PrivateKey(second, NULL, no_passphrase, NULL) : NULL;
    tb_status status = first && second ? judge_pair(found, key, now, why) : tb_fail(why, TB_NO_MEMORY, "out of memory");
    ERR_clear_error();
    EVP_PKEY_free(key);
    X509_free(found);
    BIO_free(first);
    BIO_free(second);
    return status;
}
