/* crypto: hashes, signatures and secrets, by OpenSSL. */
#pragma once

#include "base/err.h"
#include "base/str.h"

#define SHA256_HEX_BYTES 65
#define SHA256_BYTES 32
#define SHA1_HEX_BYTES 41

void crypto_sha256(struct slice bytes, unsigned char out[static SHA256_BYTES]);
void crypto_sha256_hex(struct slice bytes, char out[static SHA256_HEX_BYTES]);
void crypto_hmac_sha256_hex(struct slice key, struct slice bytes,
                            char out[static SHA256_HEX_BYTES]);
/* For those who sign with nothing better: as a keyed signature it still holds. */
void crypto_hmac_sha1_hex(struct slice key, struct slice bytes, char out[static SHA1_HEX_BYTES]);
/* Equal, in a time that does not depend on where they differ. */
bool crypto_equal(struct slice a, struct slice b);
/* Random text of `length` characters of [0-9A-Za-z]: 62^length, so 43 give 256 bits. */
void crypto_random_text(char *out, size_t length); /* writes length + 1 bytes */
void crypto_wipe(void *memory, size_t length);
/* Is it a public key as PEM, and nothing else?  A private one is none. */
bool crypto_is_public_key(struct slice pem);
void crypto_base64(struct slice bytes, struct str *out);
/* For URLs and tokens: other letters, no padding. */
void crypto_base64url(struct slice bytes, struct str *out);
/* RSASSA-PKCS1-v1_5 with SHA-256, as JSON Web Tokens have it under RS256, by an RSA private key in
   PEM.  ERR_INVALID: it is none. */
bool crypto_sign_rs256(struct slice pem, struct slice bytes, struct str *out,
                       struct err *err) MUST_CHECK;
bool crypto_unbase64(struct slice text, struct str *out, struct err *err) MUST_CHECK;
