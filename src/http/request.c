/* What the client sent. */
#include "http/exchange.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "base/escape.h"

/* One more than the arguments of any page; the library bounds their bytes. */
#define QUERY_VALUES_MAX 100

static const char *decode_query(struct http_exchange *exchange, const char *raw)
{
    AUTO_STR(text, PATH_BYTES_MAX);
    if (!unescape_url(&text, slice_of(raw))) {
        exchange->is_malformed = true;
        return "";
    }
    return arena_strdup(exchange->arena, text.text);
}

static enum MHD_Result read_pair(void *context, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
    struct http_exchange *exchange = context;
    if (kind == MHD_HEADER_KIND) {
        struct text_pair *header = VEC_ADD(&exchange->headers);
        header->name = arena_strdup(exchange->arena, name);
        header->value = arena_strdup(exchange->arena, value ? value : "");
        return MHD_YES;
    }
    if (exchange->query.count == QUERY_VALUES_MAX) {
        exchange->is_malformed = true;
        return MHD_NO;
    }
    struct text_pair *argument = VEC_ADD(&exchange->query);
    argument->name = decode_query(exchange, name);
    argument->value = decode_query(exchange, value ? value : "");
    return MHD_YES;
}

static void read_remote(struct http_exchange *exchange)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (!info || !info->client_addr) {
        return;
    }
    const void *address = NULL;
    int family = info->client_addr->sa_family;
    struct sockaddr_in6 six;
    struct sockaddr_in four;
    if (family == AF_INET6) {
        memcpy(&six, info->client_addr, sizeof(six));
        address = &six.sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr)) {
            family = AF_INET;
            address = &six.sin6_addr.s6_addr[12];
        }
    } else {
        memcpy(&four, info->client_addr, sizeof(four));
        address = &four.sin_addr;
    }
    if (!inet_ntop(family, address, exchange->remote, sizeof(exchange->remote))) {
        exchange->remote[0] = '\0';
    }
}

void request_read(struct http_exchange *exchange)
{
    read_remote(exchange);
    MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, read_pair, exchange);
    MHD_get_connection_values(exchange->connection, MHD_GET_ARGUMENT_KIND, read_pair, exchange);
}

void request_forget(struct http_exchange *exchange)
{
    json_drop(&exchange->json);
    str_done(&exchange->body);
    VEC_DONE(&exchange->headers);
    VEC_DONE(&exchange->query);
    VEC_DONE(&exchange->reply_headers);
    exchange->path = NULL;
    exchange->match = NULL;
    arena_free(&exchange->arena);
}

enum http_method http_method_of(const struct http_exchange *exchange)
{
    return exchange->method;
}

const char *http_path(const struct http_exchange *exchange)
{
    return exchange->path->text;
}

const char *http_path_value(const struct http_exchange *exchange, const char *name)
{
    const struct route_match *match = exchange->match;
    for (size_t i = 0; i < match->value_count; i++) {
        if (strcmp(match->values[i].name, name) == 0) {
            return match->values[i].value;
        }
    }
    return NULL;
}

const char *http_query(const struct http_exchange *exchange, const char *name)
{
    VEC_EACH (struct text_pair, argument, &exchange->query) {
        if (strcmp(argument->name, name) == 0) {
            return argument->value;
        }
    }
    return NULL;
}

bool http_query_at(const struct http_exchange *exchange, size_t index, struct http_header_text *out)
{
    if (index >= exchange->query.count) {
        return false;
    }
    const struct text_pair *argument = &exchange->query.items[index];
    *out = (struct http_header_text){argument->name, argument->value};
    return true;
}

const char *http_request_header(const struct http_exchange *exchange, const char *name)
{
    VEC_EACH (struct text_pair, header, &exchange->headers) {
        if (strcasecmp(header->name, name) == 0) {
            return header->value;
        }
    }
    return NULL;
}

struct slice http_body_of(const struct http_exchange *exchange)
{
    return str_slice(&exchange->body);
}

const char *http_remote(const struct http_exchange *exchange)
{
    return exchange->remote;
}

const char *http_request_id(const struct http_exchange *exchange)
{
    return exchange->id;
}

const struct http_route *http_route_of(const struct http_exchange *exchange)
{
    return exchange->match->route;
}

/* A page of another origin can send forms and plain text without asking first, but not
   JSON: so a body only counts as JSON when it says that it is. */
static bool says_json(const struct http_exchange *exchange)
{
    const char *type = http_request_header(exchange, "Content-Type");
    if (!type) {
        return false;
    }
    size_t length = strcspn(type, "; \t");
    static const char json[] = "application/json";
    return length == strlen(json) && strncasecmp(type, json, length) == 0;
}

json_t *http_json_body(struct http_exchange *exchange)
{
    struct err err = {0};
    if (exchange->json) {
        return exchange->json;
    }
    if (!says_json(exchange)) {
        err_set(&err, ERR_INVALID, "send a JSON body with Content-Type: application/json");
    } else if ((exchange->json = json_parse(http_body_of(exchange), &err)) == NULL) {
        err_wrap(&err, "request body");
    } else if (!json_is_object(exchange->json)) {
        json_drop(&exchange->json);
        err_set(&err, ERR_INVALID, "the request body must be a JSON object");
    }
    if (!exchange->json) {
        http_reply_error(exchange, &err);
    }
    return exchange->json;
}
