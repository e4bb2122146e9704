/* pages: a listing that comes in several answers. */
#pragma once

#include "base/err.h"

#define PAGE_QUERY_BYTES 2048

/* The query ("?last=…") of the next page, from a Link header; "" when it names none.  The link must
   stay at `host` and at `path` ("/v2/shop/cart/tags/list") or what a proxy or the registry itself
   makes of it ("/base/v2/cart/tags/list"): anything else is an error, since half a list must not
   look whole. */
bool pages_next(const char *link, const char *host, const char *path,
                char out_query[static PAGE_QUERY_BYTES], struct err *err) MUST_CHECK;
/* The tags of one page, each given to `on_tag` until it refuses one.  What cannot be a tag cannot
   be pulled either; it is left out.  ERR_INVALID: the page is no list of tags. */
bool pages_read_tags(struct slice body, const char *host,
                     bool (*on_tag)(void *context, const char *tag, struct err *err), void *context,
                     struct err *err) MUST_CHECK;
