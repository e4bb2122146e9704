/* proof: how senders of webhooks show that they know the secret.
 *
 * Each has its own header, and none can be told to use another's. */
#include <stdio.h>
#include <string.h>

#include "auth/auth.h"
#include "crypto/crypto.h"

#define AUTHORIZATION_BYTES_MAX 8192

const struct auth_proof auth_proofs[] = {
    {"X-Hub-Signature-256", "sha256=", AUTH_HMAC_SHA256}, /* GitHub, Gitea, Forgejo */
    {"X-Hub-Signature", "sha256=", AUTH_HMAC_SHA256}, /* Bitbucket; "sha1=" is GitHub's old one */
    {"X-Gitea-Signature", "", AUTH_HMAC_SHA256},
    {"X-JFrog-Event-Auth", "", AUTH_HMAC_SHA256}, /* Artifactory, when it signs */
    {"X-JFrog-Event-Auth", "", AUTH_SECRET},      /* and when it does not */
    {"X-Nexus-Webhook-Signature", "", AUTH_HMAC_SHA1},
    {"X-Gitlab-Token", "", AUTH_SECRET},
    {"Authorization", "Bearer ", AUTH_SECRET},  /* the distribution project, Harbor, EventBridge */
    {"Authorization", "", AUTH_SECRET},         /* Harbor, when only the secret is given */
    {"Authorization", "Basic ", AUTH_PASSWORD}, /* Azure DevOps, Azure's registry */
};
const size_t auth_proof_count = COUNT_OF(auth_proofs);

/* "Basic <base64 of name:secret>": any name will do. */
static bool has_password(const char *text, const char *secret)
{
    AUTO_STR(pair, AUTHORIZATION_BYTES_MAX);
    struct err ignored = {0};
    if (!crypto_unbase64(slice_of(text), &pair, &ignored)) {
        return false;
    }
    const char *colon = strchr(pair.text, ':');
    bool matches = colon && crypto_equal(slice_of(colon + 1), slice_of(secret));
    crypto_wipe(pair.text, pair.length);
    return matches;
}

bool auth_proof_holds(const struct auth_proof *proof, const char *secret, struct slice body,
                      const char *value)
{
    char hex[SHA256_HEX_BYTES];
    size_t prefix = strlen(proof->prefix);
    /* Everybody can sign with nothing. */
    if (!secret[0] || strncasecmp(value, proof->prefix, prefix) != 0) {
        return false;
    }
    switch (proof->kind) {
    case AUTH_HMAC_SHA256:
        crypto_hmac_sha256_hex(slice_of(secret), body, hex);
        return crypto_equal(slice_of(value + prefix), slice_of(hex));
    case AUTH_HMAC_SHA1:
        crypto_hmac_sha1_hex(slice_of(secret), body, hex);
        return crypto_equal(slice_of(value + prefix), slice_of(hex));
    case AUTH_SECRET:
        return crypto_equal(slice_of(value + prefix), slice_of(secret));
    case AUTH_PASSWORD:
        return has_password(value + prefix, secret);
    }
    return false;
}

bool auth_key_holds(const char *secret, const char *path, const char *key)
{
    char hex[SHA256_HEX_BYTES];
    crypto_hmac_sha256_hex(slice_of(secret), slice_of(path), hex);
    return secret[0] && crypto_equal(slice_of(key), slice_of(hex));
}
