/* challenge: what a registry wants to see before it answers: its WWW-Authenticate headers. */
#pragma once

#include "base/base.h"

#define CHALLENGE_TEXT_BYTES 1024

enum challenge_kind { CHALLENGE_NONE, CHALLENGE_BASIC, CHALLENGE_BEARER };

struct challenge {
    enum challenge_kind kind;
    char realm[CHALLENGE_TEXT_BYTES]; /* of a bearer: where tokens are given */
    char service[CHALLENGE_TEXT_BYTES];
    char scope[CHALLENGE_TEXT_BYTES];
};

/* From an answer's header lines.  Bearer is preferred; CHALLENGE_NONE when nothing is understood.
 */
void challenge_read(const char *header_lines, struct challenge *out);

/* Scheme, host and port of a URL, as far as they must be compared. */
struct url_origin {
    bool is_https;
    char host[256]; /* without port */
};
/* False for anything but http(s)://host[:port]/…, and for a URL with a user in it. */
bool url_origin_read(const char *url, struct url_origin *out) MUST_CHECK;
