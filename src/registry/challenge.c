#include "registry/challenge.h"

#include <string.h>
#include <strings.h>

static bool is_token_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

static bool is_visible(char c)
{
    return c > 0x20 && c < 0x7F;
}

/* A quoted or a bare value (RFC 9110, 11.2), moved behind it.  False when it is too long or has
 * control bytes. */
static bool read_value(const char **text, char out[static CHALLENGE_TEXT_BYTES])
{
    const char *at = *text;
    bool is_quoted = *at == '"';
    size_t length = 0;
    at += is_quoted ? 1 : 0;
    while (*at && (is_quoted ? *at != '"' : is_visible(*at) && *at != ',')) {
        at += is_quoted && *at == '\\' && at[1] ? 1 : 0;
        if (length + 1 >= CHALLENGE_TEXT_BYTES || (!is_visible(*at) && *at != ' ')) {
            return false;
        }
        out[length++] = *at++;
    }
    if (is_quoted && *at != '"') {
        return false;
    }
    out[length] = '\0';
    *text = at + (is_quoted ? 1 : 0);
    return true;
}

static char *field_of(struct challenge *challenge, const char *name, size_t length)
{
    const struct {
        const char *name;
        char *value;
    } fields[] = {
        {"realm", challenge->realm}, {"service", challenge->service}, {"scope", challenge->scope}};
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        if (strlen(fields[i].name) == length && strncasecmp(fields[i].name, name, length) == 0) {
            return fields[i].value;
        }
    }
    return NULL;
}

/* realm="…",service="…": unknown names are skipped. */
static bool read_parameters(const char *text, struct challenge *out)
{
    char ignored[CHALLENGE_TEXT_BYTES];
    for (;;) {
        text += strspn(text, " \t,");
        if (*text == '\0') {
            return out->realm[0] != '\0';
        }
        size_t length = 0;
        while (is_token_letter(text[length])) {
            length++;
        }
        char *field = field_of(out, text, length);
        text += length;
        if (length == 0 || *text != '=') {
            return false;
        }
        text++;
        if (!read_value(&text, field ? field : ignored)) {
            return false;
        }
    }
}

/* The value of one header line, when it has that name. */
static bool header_value(struct slice line, const char *name, char *out, size_t size)
{
    size_t length = strlen(name);
    if (line.length <= length || line.bytes[length] != ':' ||
        strncasecmp(line.bytes, name, length) != 0) {
        return false;
    }
    const char *value = line.bytes + length + 1;
    size_t left = line.length - length - 1;
    while (left > 0 && *value == ' ') {
        value++;
        left--;
    }
    if (left >= size) {
        return false;
    }
    memcpy(out, value, left);
    out[left] = '\0';
    return true;
}

/* A broken challenge is passed over: another line may hold one that can be read. */
static void read_line(const char *value, struct challenge *out)
{
    static const char bearer[] = "Bearer ";
    struct challenge read = {.kind = CHALLENGE_BEARER};
    if (strncasecmp(value, bearer, strlen(bearer)) == 0) {
        if (read_parameters(value + strlen(bearer), &read)) {
            *out = read;
        }
    } else if (strncasecmp(value, "Basic", 5) == 0 && out->kind == CHALLENGE_NONE) {
        out->kind = CHALLENGE_BASIC;
    }
}

void challenge_read(const char *header_lines, struct challenge *out)
{
    char value[4 * CHALLENGE_TEXT_BYTES];
    *out = (struct challenge){0};
    while (*header_lines) {
        struct slice line = {header_lines, strcspn(header_lines, "\r\n")};
        if (header_value(line, "WWW-Authenticate", value, sizeof(value))) {
            read_line(value, out);
        }
        header_lines += line.length;
        header_lines += strspn(header_lines, "\r\n");
    }
}

bool url_origin_read(const char *url, struct url_origin *out)
{
    bool is_https = strncasecmp(url, "https://", 8) == 0;
    if (!is_https && strncasecmp(url, "http://", 7) != 0) {
        return false;
    }
    const char *host = url + (is_https ? 8 : 7);
    size_t authority = strcspn(host, "/?#");
    /* "http://ours@theirs/" and "http://ours:1@theirs/" are at home at theirs. */
    if (memchr(host, '@', authority) || memchr(host, '\\', authority)) {
        return false;
    }
    size_t length = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
    if (length == 0 || length > authority || length >= sizeof(out->host)) {
        return false;
    }
    out->is_https = is_https;
    memcpy(out->host, host, length);
    out->host[length] = '\0';
    return true;
}
