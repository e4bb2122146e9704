/*
 * signature: whose signature an image must have to count, and what is known of one.
 */
#pragma once

#include "model/names.h"

#define SIGNATURE_KEY_BYTES_MAX 4096
#define SIGNATURE_NAME_BYTES_MAX 1000

/* Signed with a key; or, without one, with a certificate that names who signed and says who has
   vouched for that.  Texts are "" where they do not apply, never NULL. */
struct signature_rule {
    const char *key;              /* the public key, PEM */
    const char *identity;         /* "release@example.org", or the URL of a workflow */
    const char *identity_pattern; /* instead of it: a regular expression for the whole of it */
    const char *issuer;           /* "https://token.actions.githubusercontent.com" */
    bool is_unlogged;             /* need not be in a transparency log */
};

enum signature_state {
    SIGNATURE_UNCHECKED, /* not yet, or the check could not be made */
    SIGNATURE_GOOD,
    SIGNATURE_BAD, /* there is none that the rule asks for */
};

/* What a check has found; of another state than good, `why` is a sentence for people. */
struct signature_verdict {
    enum signature_state state;
    char why[REASON_BYTES];
};
