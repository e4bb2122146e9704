/* Answers squeezed for clients that take it.  Private to http. */
#pragma once

#include "base/str.h"

/* Does an Accept-Encoding ("br;q=1, gzip;q=0.8", or NULL) take gzip? */
bool gzip_is_taken(const char *accept_encoding);
/* The malloc'd gzip of `text`; NULL when there is no memory for it. */
char *gzip_pack(struct slice text, size_t *out_length) MUST_CHECK;
