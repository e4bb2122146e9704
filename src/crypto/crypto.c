#include "crypto/crypto.h"

#include <assert.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

/* OpenSSL counts in int; nothing here comes near it. */
#define BASE64_BYTES_MAX (INT_MAX / 2)

static void to_hex(const unsigned char *bytes, size_t length, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15U];
    }
    out[2 * length] = '\0';
}

void crypto_sha256(struct slice bytes, unsigned char out[static SHA256_BYTES])
{
    unsigned length = 0;
    int done = EVP_Digest(bytes.bytes, bytes.length, out, &length, EVP_sha256(), NULL);
    assert(done == 1 && length == SHA256_BYTES);
    (void)done;
}

void crypto_sha256_hex(struct slice bytes, char out[static SHA256_HEX_BYTES])
{
    unsigned char digest[SHA256_BYTES];
    crypto_sha256(bytes, digest);
    to_hex(digest, sizeof(digest), out);
}

static void hmac_hex(const EVP_MD *hash, struct slice key, struct slice bytes, char *out)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    assert(key.length <= INT_MAX);
    const unsigned char *made =
        HMAC(hash, key.bytes, (int)key.length, (const unsigned char *)bytes.bytes, bytes.length,
             digest, &length);
    assert(made);
    (void)made;
    to_hex(digest, length, out);
}

void crypto_hmac_sha256_hex(struct slice key, struct slice bytes, char out[static SHA256_HEX_BYTES])
{
    hmac_hex(EVP_sha256(), key, bytes, out);
}

void crypto_hmac_sha1_hex(struct slice key, struct slice bytes, char out[static SHA1_HEX_BYTES])
{
    hmac_hex(EVP_sha1(), key, bytes, out);
}

bool crypto_equal(struct slice a, struct slice b)
{
    return a.length == b.length && CRYPTO_memcmp(a.bytes, b.bytes, a.length) == 0;
}

void crypto_random_text(char *out, size_t length)
{
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const unsigned fair =
        256 - 256 % (sizeof(letters) - 1); /* above it, some letters would come more often */
    for (size_t i = 0; i < length;) {
        unsigned char byte = 0;
        if (RAND_priv_bytes(&byte, 1) != 1) {
            abort(); /* no fallback: a guessable token is worse than no server */
        }
        if (byte < fair) {
            out[i++] = letters[byte % (sizeof(letters) - 1)];
        }
    }
    out[length] = '\0';
}

static bool is_blank(struct slice text)
{
    size_t i = 0;
    while (i < text.length && text.bytes[i] && strchr("\r\n\t ", text.bytes[i])) {
        i++;
    }
    return i == text.length;
}

bool crypto_is_public_key(struct slice pem)
{
    static const char begin[] = "-----BEGIN PUBLIC KEY-----";
    if (pem.length < strlen(begin) || pem.length > INT_MAX ||
        memcmp(pem.bytes, begin, strlen(begin)) != 0) {
        return false;
    }
    BIO *bio = BIO_new_mem_buf(pem.bytes, (int)pem.length);
    EVP_PKEY *key = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
    size_t rest = bio ? BIO_ctrl_pending(bio) : 0;
    bool is_all = key && is_blank((struct slice){pem.bytes + (pem.length - rest), rest});
    EVP_PKEY_free(key);
    BIO_free(bio);
    ERR_clear_error(); /* what OpenSSL noted is nobody's */
    return is_all;
}

void crypto_wipe(void *memory, size_t length)
{
    OPENSSL_cleanse(memory, length);
}

void crypto_base64(struct slice bytes, struct str *out)
{
    assert(bytes.length <= BASE64_BYTES_MAX);
    size_t room = (bytes.length + 2) / 3 * 4;
    char *at = str_reserve(out, room); /* its NUL is the one that OpenSSL writes, too */
    if (at) {
        EVP_EncodeBlock((unsigned char *)at, (const unsigned char *)bytes.bytes, (int)bytes.length);
        str_grew(out, room);
    }
}

/* The number of '=' at the end, or -1.  OpenSSL skips white space and takes '=' anywhere, so
   that one value would have many spellings; here it has one length and one alphabet. */
static int padding_of(struct slice text)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t padding = 0;
    while (padding < 2 && padding < text.length && text.bytes[text.length - 1 - padding] == '=') {
        padding++;
    }
    for (size_t i = 0; i < text.length - padding; i++) {
        if (!memchr(alphabet, text.bytes[i], sizeof(alphabet) - 1)) {
            return -1;
        }
    }
    return text.length % 4 == 0 ? (int)padding : -1;
}

bool crypto_unbase64(struct slice text, struct str *out, struct err *err)
{
    int padding = text.length <= BASE64_BYTES_MAX ? padding_of(text) : -1;
    if (padding < 0) {
        return err_set(err, ERR_INVALID, "it is not valid base64");
    }
    char *at = str_reserve(out, text.length / 4 * 3);
    if (!at) {
        return err_set(err, ERR_INVALID, "the base64 text is too long");
    }
    int length =
        EVP_DecodeBlock((unsigned char *)at, (const unsigned char *)text.bytes, (int)text.length);
    assert(length == (int)(text.length / 4 * 3));
    str_grew(out, (size_t)(length - padding));
    return true;
}

void crypto_base64url(struct slice bytes, struct str *out)
{
    size_t begin = out->length;
    crypto_base64(bytes, out);
    size_t end = begin;
    for (size_t i = begin; i < out->length && out->text[i] != '='; i++, end++) {
        char c = out->text[i];
        out->text[end] = c == '+' ? '-' : c == '/' ? '_' : c;
    }
    if (!out->failed && end < out->length) {
        out->text[end] = '\0';
        out->length = end;
    }
}

static EVP_PKEY *read_rsa_key(struct slice pem)
{
    static char no_passphrase[] = ""; /* nobody is there to be asked for one */
    BIO *bytes = pem.length <= INT_MAX ? BIO_new_mem_buf(pem.bytes, (int)pem.length) : NULL;
    EVP_PKEY *key = bytes ? PEM_read_bio_PrivateKey(bytes, NULL, NULL, no_passphrase) : NULL;
    BIO_free(bytes);
    if (key && EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

bool crypto_sign_rs256(struct slice pem, struct slice bytes, struct str *out, struct err *err)
{
    unsigned char signature[2048]; /* of a key of 16,384 bits, the largest that OpenSSL takes */
    size_t length = sizeof(signature);
    EVP_PKEY *key = read_rsa_key(pem);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = key && context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestSign(context, signature, &length, (const unsigned char *)bytes.bytes,
                               bytes.length) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    ERR_clear_error(); /* what OpenSSL noted is nobody's */
    if (!done) {
        return err_set(err, ERR_INVALID,
                       "the key is no RSA private key in PEM without a passphrase");
    }
    str_add_bytes(out, (const char *)signature, length);
    return true;
}
