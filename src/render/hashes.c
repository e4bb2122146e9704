/* The hash behind the names of what generators made: kustomize's, which is kubectl's. */
#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"
#include "render/internal.h"

#define ENCODED_BYTES_MAX (16U << 20)
#define HASH_LENGTH 10

/* As Go writes JSON: with marks of HTML escaped. */
static void add_text(struct str *out, const char *text, size_t length)
{
    static const char *const names[] = {
        ['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f", ['\r'] = "\\r"};
    str_add_char(out, '"');
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        bool is_separator = c == 0xE2 && i + 2 < length && (unsigned char)text[i + 1] == 0x80 &&
                            ((unsigned char)text[i + 2] & 0xFE) == 0xA8;
        if (c == '"' || c == '\\') {
            str_addf(out, "\\%c", c);
        } else if (c < COUNT_OF(names) && names[c]) {
            str_add(out, names[c]);
        } else if (c < 0x20 || strchr("<>&", c)) {
            str_addf(out, "\\u%04x", c);
        } else if (is_separator) {
            str_addf(out, "\\u202%x", (unsigned char)text[i + 2] & 0x0FU);
            i += 2;
        } else {
            str_add_char(out, (char)c);
        }
    }
    str_add_char(out, '"');
}

/* An object of texts in the order of its keys, or "" when there is none. */
static bool add_pairs(struct str *out, json_t *pairs)
{
    AUTO(xfree) char *sorted = NULL;
    const char *key = NULL;
    json_t *value = NULL;
    if (!pairs) {
        str_add(out, "\"\"");
        return true;
    }
    json_object_foreach (pairs, key, value) {
        if (!json_is_string(value)) {
            return false;
        }
    }
    sorted = json_text(pairs);
    AUTO_JSON *ordered = json_loads(sorted, 0, NULL); /* keeps the order of the text */
    bool is_first = true;
    str_add_char(out, '{');
    json_object_foreach (ordered, key, value) {
        str_add(out, is_first ? "" : ",");
        add_text(out, key, strlen(key));
        str_add_char(out, ':');
        add_text(out, json_string_value(value), json_string_length(value));
        is_first = false;
    }
    str_add_char(out, '}');
    return json_is_object(pairs);
}

static bool encode(const json_t *object, struct str *out)
{
    const char *kind = json_text_at(object, "kind", "");
    const char *type = json_text_at(object, "type", "");
    bool is_secret = strcmp(kind, "Secret") == 0;
    const char *more = is_secret ? "stringData" : "binaryData";
    json_t *more_pairs = json_object_get(object, more);
    bool is_known = is_secret || strcmp(kind, "ConfigMap") == 0;
    str_add_char(out, '{');
    if (!is_secret && more_pairs) {
        str_addf(out, "\"%s\":", more);
        is_known &= add_pairs(out, more_pairs);
        str_add_char(out, ',');
    }
    str_add(out, "\"data\":");
    is_known &= add_pairs(out, json_object_get(object, "data"));
    str_add(out, ",\"kind\":");
    add_text(out, kind, strlen(kind));
    str_add(out, ",\"name\":\"\""); /* kustomize looks for it where it is not */
    if (is_secret && more_pairs) {
        str_addf(out, ",\"%s\":", more);
        is_known &= add_pairs(out, more_pairs);
    }
    if (is_secret) {
        str_add(out, ",\"type\":");
        add_text(out, type, strlen(type));
    }
    str_add_char(out, '}');
    return is_known && !out->failed;
}

/* Digits that could make a word are others. */
static void write_hash(struct str *encoded, char out[static HASH_LENGTH + 1])
{
    static const char from[] = "013ae";
    static const char into[] = "ghkmt";
    char hex[SHA256_HEX_BYTES];
    crypto_sha256_hex(str_slice(encoded), hex);
    for (size_t i = 0; i < HASH_LENGTH; i++) {
        const char *found = strchr(from, hex[i]);
        out[i] = found ? into[found - from] : hex[i];
    }
    out[HASH_LENGTH] = '\0';
}

bool add_hashes(struct transformation *work, struct err *err)
{
    VEC_EACH (struct draft, draft, &work->list->all) {
        AUTO_STR(encoded, ENCODED_BYTES_MAX);
        char hash[HASH_LENGTH + 1];
        if (!draft->needs_hash) {
            continue;
        }
        if (!encode(draft->json, &encoded)) {
            return leave_to_program(work, "generatorOptions", NULL, err);
        }
        write_hash(&encoded, hash);
        remember_identity(work->arena, draft);
        const char *name = arena_printf(work->arena, "%s-%s",
                                        json_text_at(draft->json, "metadata.name", ""), hash);
        json_object_set_new(json_object_get(draft->json, "metadata"), "name", json_string(name));
    }
    return true;
}
