/* The web UI: one page for every address that people can link to, and the files that it needs. */
#include "api/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"
#include "crypto/crypto.h"

#define PAGE_BYTES_MAX 65536
#define BASE "<base href=\"/\">"

/* Nothing is loaded from elsewhere, nothing inline runs, and no other page may frame it. */
#define POLICY                                                                                     \
    "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; "            \
    "object-src 'none'"

void page_prepare(struct api *api)
{
    AUTO_STR(page, PAGE_BYTES_MAX);
    const char *base = strstr(page_index, BASE);
    size_t before = base ? (size_t)(base - page_index) : strlen(page_index);
    str_add_bytes(&page, page_index, before);
    if (base) {
        str_addf(&page, "<base href=\"%s/\">%s", api->options.base_path, base + strlen(BASE));
    }
    char hash[SHA256_HEX_BYTES];
    crypto_sha256_hex(str_slice(&page), hash);
    snprintf(api->page_etag, sizeof(api->page_etag), "\"%.32s\"", hash);
    api->page = str_take(&page);
}

static void give(struct http_exchange *exchange, const char *etag, const char *cache,
                 const char *type, struct slice bytes)
{
    const char *known = http_request_header(exchange, "If-None-Match");
    http_reply_header(exchange, "ETag", etag);
    http_reply_header(exchange, "Cache-Control", cache);
    http_reply_header(exchange, "Content-Security-Policy", POLICY);
    if (known && strstr(known, etag)) {
        http_reply_empty(exchange, 304);
    } else {
        http_reply_bytes(exchange, 200, type, bytes);
    }
}

static const struct page_file *find_file(const char *path)
{
    for (size_t i = 0; i < page_file_count; i++) {
        if (strcmp(page_files[i].path, path) == 0) {
            return &page_files[i];
        }
    }
    return NULL;
}

/* Addresses of the UI have words first ("/board/cart/prod"): what has a dot there is a file that we
   do not have, and what is the API's or the hooks' own is no page. */
static bool is_page(const char *path)
{
    static const char *const others[] = {"/api/", "/hooks/", "/assets/"};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        if (strncmp(path, others[i], strlen(others[i])) == 0) {
            return false;
        }
    }
    size_t first = strcspn(path + 1, "/");
    return !memchr(path + 1, '.', first);
}

void show_page(struct http_exchange *exchange, void *context)
{
    const struct api *api = context;
    const char *path = http_path(exchange);
    const struct page_file *file = find_file(path);
    if (file) {
        if (file->is_gzip) {
            http_reply_header(exchange, "Content-Encoding", "gzip");
        }
        give(exchange, file->etag,
             file->is_immutable ? "public, max-age=31536000, immutable" : "no-cache", file->type,
             (struct slice){(const char *)file->bytes, file->length});
    } else if (is_page(path)) {
        give(exchange, api->page_etag, "no-cache", "text/html; charset=utf-8", slice_of(api->page));
    } else {
        struct err err = {0};
        err_set(&err, ERR_NOT_FOUND, "there is nothing at this path");
        http_reply_error(exchange, &err);
    }
}
