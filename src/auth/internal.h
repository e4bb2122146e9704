/* internal: what the files of auth/ share. */
#pragma once

#include "auth/auth.h"

/* Not expired, and of a role that this program knows; revoked ones are not even found. */
bool token_is_in_force(const struct token_row *token, int64_t now_ms);
void principal_of(const struct token_row *token, struct principal *out);
