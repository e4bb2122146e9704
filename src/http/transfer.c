#include "http/transfer.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"

#define TIMEOUT_MS_DEFAULT 30000
#define CONNECT_MS_MAX 10000
#define BODY_BYTES_MAX_DEFAULT ((size_t)16 << 20)
#define HEADER_BYTES_MAX 65536
#define RETRY_AFTER_S_MAX 3600
/* A connection through a firewall that forgets it is found out in about a minute and a half. */
#define KEEPALIVE_IDLE_S 30L
#define KEEPALIVE_INTERVAL_S 10L

static void start_library(void)
{
    /* OpenSSL writes to sockets without asking for no signal. */
    signal(SIGPIPE, SIG_IGN);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        abort();
    }
}

void transfer_init(struct transfer *transfer)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_library);

    *transfer = (struct transfer){.easy = curl_easy_init()};
    if (!transfer->easy) {
        abort();
    }
}

void transfer_done(struct transfer *transfer)
{
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    http_result_done(&transfer->result);
    *transfer = (struct transfer){0};
}

void http_result_done(struct http_result *result)
{
    str_done(&result->body);
    str_done(&result->headers);
    *result = (struct http_result){0};
}

/* Receiving. */

static int status_of(const struct transfer *transfer)
{
    long status = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

/* The library's signature.  NOLINTNEXTLINE(readability-non-const-parameter) */
static size_t receive_header(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    struct str *headers = &transfer->result.headers;
    struct slice line = {bytes, size * count};
    transfer->last_byte_mono_ms = env_now_mono_ms(env_system());
    if (line.length >= 5 && memcmp(line.bytes, "HTTP/", 5) == 0) {
        str_clear(headers); /* an interim answer went before */
        return line.length;
    }
    if (line.length > 2) {
        str_add_bytes(headers, line.bytes, line.length);
        transfer->are_headers_too_large = headers->failed;
        return headers->failed ? 0 : line.length;
    }
    int status = status_of(transfer);
    transfer->has_headers = status >= 200;
    if (transfer->on_status && transfer->has_headers) {
        transfer->on_status(transfer->context, status);
    }
    return transfer->was_ended ? 0 : line.length;
}

static size_t receive_body(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t length = size * count;
    transfer->last_byte_mono_ms = env_now_mono_ms(env_system());
    if (transfer->on_data) {
        transfer->was_ended =
            transfer->was_ended || !transfer->on_data(transfer->context, status_of(transfer),
                                                      (struct slice){bytes, length});
        return transfer->was_ended ? 0 : length;
    }
    str_add_bytes(&transfer->result.body, bytes, length);
    transfer->is_body_too_large = transfer->result.body.failed;
    return transfer->is_body_too_large ? 0 : length;
}

/* Sending. */

/* For messages: no query and no user, for both may hold secrets. */
static void note_url(struct transfer *transfer, const char *url)
{
    const char *scheme = strstr(url, "://");
    const char *host = scheme ? scheme + 3 : url;
    size_t authority = strcspn(host, "/?#");
    const char *user_end = memrchr(host, '@', authority);
    int scheme_length = (int)(host - url);
    host = user_end ? user_end + 1 : host;
    snprintf(transfer->url, sizeof(transfer->url), "%.*s%.*s", scheme_length, url,
             (int)strcspn(host, "?#"), host);
}

static bool is_loopback(const char *url)
{
    static const char *const hosts[] = {"127.", "localhost", "[::1]"};
    const char *scheme = strstr(url, "://");
    const char *host = scheme ? scheme + 3 : url;
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        if (strncasecmp(host, hosts[i], strlen(hosts[i])) == 0) {
            return true;
        }
    }
    return false;
}

static bool add_header(struct transfer *transfer, const char *name, const char *value,
                       struct err *err)
{
    AUTO_STR(line, HEADER_BYTES_MAX);
    /* libcurl sends what it is given: a line end would make two headers of one. */
    if (strpbrk(name, "\r\n: ") || strpbrk(value, "\r\n")) {
        return err_set(err, ERR_INVALID, "the header %.40s has a line end in it", name);
    }
    /* "Name;" is libcurl's way to write a header without a value. */
    str_addf(&line, value[0] ? "%s: %s" : "%s;", name, value);
    struct curl_slist *longer = curl_slist_append(transfer->headers, line.text);
    if (line.failed || !longer) {
        return err_set(err, ERR_INVALID, "the header %.40s is too large", name);
    }
    transfer->headers = longer;
    return true;
}

static bool add_bearer(struct transfer *transfer, const char *token, struct err *err)
{
    AUTO_STR(value, HEADER_BYTES_MAX);
    str_addf(&value, "Bearer %s", token);
    return add_header(transfer, "Authorization", value.text, err);
}

static bool set_headers(struct transfer *transfer, const struct http_call *call, struct err *err)
{
    for (size_t i = 0; i < call->header_count; i++) {
        if (!add_header(transfer, call->headers[i].name, call->headers[i].value, err)) {
            return false;
        }
    }
    if (call->bearer && !add_bearer(transfer, call->bearer, err)) {
        return false;
    }
    const char *type = call->content_type ? call->content_type : "application/json";
    if (call->body.length > 0 && !add_header(transfer, "Content-Type", type, err)) {
        return false;
    }
    /* libcurl would ask and wait a second before it sends a large body; and it would call an
       empty one a form. */
    transfer->headers = curl_slist_append(transfer->headers, "Expect:");
    if (call->body.length == 0) {
        transfer->headers = curl_slist_append(transfer->headers, "Content-Type:");
    }
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
    if (call->basic) {
        curl_easy_setopt(transfer->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(transfer->easy, CURLOPT_USERPWD, call->basic);
    }
    return true;
}

static void set_method(struct transfer *transfer, const struct http_call *call,
                       enum transfer_use use)
{
    bool has_body = call->body.length > 0 || strcmp(transfer->method, "POST") == 0 ||
                    strcmp(transfer->method, "PUT") == 0 || strcmp(transfer->method, "PATCH") == 0;
    CURL *easy = transfer->easy;
    if (has_body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.length);
        curl_easy_setopt(easy, use == TRANSFER_STREAM ? CURLOPT_COPYPOSTFIELDS : CURLOPT_POSTFIELDS,
                         call->body.bytes ? call->body.bytes : "");
    } else if (strcmp(transfer->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, transfer->method);
}

static void set_blob(CURL *easy, CURLoption option, const char *pem)
{
    if (pem) {
        /* libcurl only reads it; the copy is its own. */
        struct curl_blob blob = {(void *)(uintptr_t)pem, strlen(pem), CURL_BLOB_COPY};
        curl_easy_setopt(easy, option, &blob);
    }
}

static void set_tls(CURL *easy, const struct http_tls *tls)
{
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (!tls) {
        return;
    }
    if (tls->ca_pem) {
        set_blob(easy, CURLOPT_CAINFO_BLOB, tls->ca_pem);
        /* Otherwise the system's authorities would be trusted beside the given one. */
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    set_blob(easy, CURLOPT_SSLCERT_BLOB, tls->cert_pem);
    set_blob(easy, CURLOPT_SSLKEY_BLOB, tls->key_pem);
    if (tls->insecure) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
}

static void set_limits(CURL *easy, const struct http_call *call, enum transfer_use use)
{
    long timeout_ms = call->timeout_ms ? (long)call->timeout_ms : TIMEOUT_MS_DEFAULT;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     timeout_ms < CONNECT_MS_MAX ? timeout_ms : CONNECT_MS_MAX);
    if (use == TRANSFER_WHOLE) {
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
        curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    }
    if (is_loopback(call->url)) {
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    }
}

static void set_receivers(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, receive_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->text);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
}

static void forget_last(struct transfer *transfer)
{
    curl_easy_reset(transfer->easy);
    curl_slist_free_all(TAKE(transfer->headers));
    http_result_done(&transfer->result);
    transfer->text[0] = '\0';
    transfer->has_headers = false;
    transfer->is_body_too_large = transfer->are_headers_too_large = transfer->was_ended = false;
    transfer->on_data = NULL;
    transfer->on_status = NULL;
}

bool transfer_prepare(struct transfer *transfer, const struct http_call *call,
                      enum transfer_use use, struct err *err)
{
    assert(call->url);

    forget_last(transfer);
    transfer->method = call->method ? call->method : "GET";
    note_url(transfer, call->url);
    str_init(&transfer->result.body,
             call->body_bytes_max ? call->body_bytes_max : BODY_BYTES_MAX_DEFAULT);
    str_init(&transfer->result.headers, HEADER_BYTES_MAX);
    transfer->last_byte_mono_ms = env_now_mono_ms(env_system());
    set_receivers(transfer);
    set_limits(transfer->easy, call, use);
    set_tls(transfer->easy, call->tls);
    set_method(transfer, call, use);
    curl_easy_setopt(transfer->easy, CURLOPT_URL, call->url);
    if (!set_headers(transfer, call, err)) {
        return err_wrap(err, "%s %s", transfer->method, transfer->url);
    }
    return true;
}

/* Ending. */

static enum err_kind kind_of(const struct transfer *transfer, CURLcode code)
{
    static const struct {
        CURLcode code;
        enum err_kind kind;
    } rows[] = {
        {CURLE_OPERATION_TIMEDOUT, ERR_TIMEOUT},   {CURLE_URL_MALFORMAT, ERR_INVALID},
        {CURLE_UNSUPPORTED_PROTOCOL, ERR_INVALID}, {CURLE_SSL_CERTPROBLEM, ERR_INVALID},
        {CURLE_SSL_CACERT_BADFILE, ERR_INVALID},   {CURLE_BAD_FUNCTION_ARGUMENT, ERR_INTERNAL},
        {CURLE_OUT_OF_MEMORY, ERR_INTERNAL},       {CURLE_FAILED_INIT, ERR_INTERNAL},
    };
    long connects = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &connects);
    if (code == CURLE_UNSUPPORTED_PROTOCOL && connects > 0) {
        return ERR_UNAVAILABLE; /* not our URL: what answers there speaks no HTTP */
    }
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].code == code) {
            return rows[i].kind;
        }
    }
    return ERR_UNAVAILABLE;
}

bool transfer_finish(struct transfer *transfer, CURLcode code, struct err *err)
{
    curl_off_t retry_after_s = 0;
    transfer->result.status = status_of(transfer);
    curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    retry_after_s = retry_after_s < RETRY_AFTER_S_MAX ? retry_after_s : RETRY_AFTER_S_MAX;
    retry_after_s = retry_after_s > 0 ? retry_after_s : 0; /* a date may have passed */
    transfer->result.retry_after_ms = (int64_t)retry_after_s * 1000;
    if (transfer->was_ended || (code == CURLE_OK && transfer->has_headers)) {
        return true;
    }
    if (code == CURLE_OK) {
        /* libcurl is content with headers that break off. */
        return err_set(err, ERR_UNAVAILABLE, "%s %s: the answer was cut off", transfer->method,
                       transfer->url);
    }
    if (transfer->is_body_too_large || transfer->are_headers_too_large) {
        return err_set(
            err, ERR_INVALID, "%s %s: the answer's %s larger than %zu bytes", transfer->method,
            transfer->url, transfer->is_body_too_large ? "body is" : "headers are",
            transfer->is_body_too_large ? transfer->result.body.max : (size_t)HEADER_BYTES_MAX);
    }
    text_drop_amounts(transfer->text);
    return err_set(err, kind_of(transfer, code), "%s %s: %s", transfer->method, transfer->url,
                   transfer->text[0] ? transfer->text : curl_easy_strerror(code));
}

bool http_result_header(const struct http_result *result, const char *name, struct str *out)
{
    size_t name_length = strlen(name);
    const char *line = result->headers.text;
    while (line && *line) {
        size_t length = strcspn(line, "\r\n");
        if (length > name_length && line[name_length] == ':' &&
            strncasecmp(line, name, name_length) == 0) {
            const char *value = line + name_length + 1;
            value += strspn(value, " \t");
            size_t value_length = (size_t)(line + length - value);
            while (value_length > 0 && strchr(" \t", value[value_length - 1])) {
                value_length--;
            }
            str_add_bytes(out, value, value_length);
            return true;
        }
        line += length + strspn(line + length, "\r\n");
    }
    return false;
}
