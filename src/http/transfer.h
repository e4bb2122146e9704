/* transfer: one request and its answer in libcurl's hands.  Private to http. */
#pragma once

#include <curl/curl.h>

#include "http/client.h"

struct transfer {
    CURL *easy;
    struct curl_slist *headers;
    char text[CURL_ERROR_SIZE]; /* libcurl's own words */
    char url[256];              /* for messages: without query and user */
    const char *method;
    struct http_result result;
    bool has_headers; /* all of them, of the last answer */
    bool is_body_too_large, are_headers_too_large;
    /* When set, the body goes there and not into the result.  False ends the transfer. */
    bool (*on_data)(void *context, int status, struct slice bytes);
    void (*on_status)(void *context, int status);
    void *context;
    bool was_ended; /* on_data returned false */
    int64_t last_byte_mono_ms;
};

void transfer_init(struct transfer *transfer);
void transfer_done(struct transfer *transfer);
/* Make it ready for `call`.  A whole one borrows the body until the end; a stream copies it, and
   has no time limit of its own. */
enum transfer_use { TRANSFER_WHOLE, TRANSFER_STREAM };
bool transfer_prepare(struct transfer *transfer, const struct http_call *call,
                      enum transfer_use use, struct err *err) MUST_CHECK;
/* What the end of the transfer means; fills the rest of the result. */
bool transfer_finish(struct transfer *transfer, CURLcode code, struct err *err) MUST_CHECK;
