#include "sandbox/selector.h"

#include <string.h>

#define SPACES " \t"

/* A word without the spaces around it, with a zero byte at its end. */
static char *word(const char *from, size_t length)
{
    while (length > 0 && strchr(SPACES, *from)) {
        from++;
        length--;
    }
    while (length > 0 && strchr(SPACES, from[length - 1])) {
        length--;
    }
    char *out = xcalloc(length + 1, 1);
    memcpy(out, from, length);
    return out;
}

static void add_values(struct requirement *requirement, const char *from, const char *end)
{
    while (from <= end) {
        const char *comma = memchr(from, ',', (size_t)(end - from));
        const char *stop = comma ? comma : end;
        *VEC_ADD(&requirement->values) = word(from, (size_t)(stop - from));
        from = stop + 1;
    }
}

/* "key in (a,b)" and "key notin (a,b)". */
static bool parse_set(const char *text, size_t length, struct requirement *out)
{
    const char *open = memchr(text, '(', length);
    const char *close = memchr(text, ')', length);
    if (!open || !close || close < open) {
        return false;
    }
    AUTO(xfree) char *head = word(text, (size_t)(open - text));
    char *space = strrchr(head, ' ');
    bool is_not = space && strcmp(space + 1, "notin") == 0;
    if (!space || (!is_not && strcmp(space + 1, "in") != 0)) {
        return false;
    }
    out->key = word(head, (size_t)(space - head));
    out->needs = is_not ? NEEDS_NOT_IN : NEEDS_IN;
    add_values(out, open + 1, close);
    return true;
}

static bool parse_one(const char *text, size_t length, struct requirement *out)
{
    const char *equals = memchr(text, '=', length);
    if (memchr(text, '(', length)) {
        return parse_set(text, length, out);
    }
    if (!equals) {
        bool is_missing = text[0] == '!';
        out->key = word(text + is_missing, length - is_missing);
        out->needs = is_missing ? NEEDS_MISSING : NEEDS_EXISTS;
        return true;
    }
    bool is_not = equals > text && equals[-1] == '!';
    const char *value = equals + 1 + (equals + 1 < text + length && equals[1] == '=');
    out->key = word(text, (size_t)(equals - text) - is_not);
    out->needs = is_not ? NEEDS_NOT_IN : NEEDS_IN;
    *VEC_ADD(&out->values) = word(value, (size_t)(text + length - value));
    return true;
}

/* The length up to a comma that is not within parentheses. */
static size_t part_length(const char *text)
{
    int depth = 0;
    size_t length = 0;
    while (text[length] && (text[length] != ',' || depth > 0)) {
        depth += (text[length] == '(') - (text[length] == ')');
        length++;
    }
    return length;
}

static void requirement_done(struct requirement *requirement)
{
    free(requirement->key);
    VEC_EACH (char *, value, &requirement->values) {
        free(*value);
    }
    VEC_DONE(&requirement->values);
}

void selector_done(struct selector *selector)
{
    VEC_EACH (struct requirement, label, &selector->labels) {
        requirement_done(label);
    }
    VEC_EACH (struct requirement, field, &selector->fields) {
        requirement_done(field);
    }
    VEC_DONE(&selector->labels);
    VEC_DONE(&selector->fields);
}

bool selector_parse(const char *labels, const char *fields, struct selector *out, struct err *err)
{
    *out = (struct selector){0};
    const char *texts[2] = {labels ? labels : "", fields ? fields : ""};
    for (size_t i = 0; i < 2; i++) {
        for (const char *at = texts[i]; *at;) {
            size_t length = part_length(at);
            struct requirement *slot = i == 0 ? VEC_ADD(&out->labels) : VEC_ADD(&out->fields);
            if (length > 0 && !parse_one(at, length, slot)) {
                selector_done(out);
                return err_set(err, ERR_INVALID, "unable to parse requirement: %s", at);
            }
            at += length + (at[length] == ',');
        }
    }
    return true;
}

static bool is_listed(const struct requirement *requirement, const char *value)
{
    VEC_EACH (char *, listed, &requirement->values) {
        if (strcmp(*listed, value) == 0) {
            return true;
        }
    }
    return false;
}

static bool fits(const struct requirement *requirement, const char *value)
{
    switch (requirement->needs) {
    case NEEDS_EXISTS:
        return value != NULL;
    case NEEDS_MISSING:
        return value == NULL;
    case NEEDS_IN:
        return value && is_listed(requirement, value);
    case NEEDS_NOT_IN:
        return !value || !is_listed(requirement, value);
    }
    return false;
}

bool selector_fits(const struct selector *selector, const json_t *object)
{
    const json_t *labels = json_at(object, "metadata.labels");
    VEC_EACH (struct requirement, label, &selector->labels) {
        if (label->key && !fits(label, json_string_value(json_object_get(labels, label->key)))) {
            return false;
        }
    }
    VEC_EACH (struct requirement, field, &selector->fields) {
        if (field->key && !fits(field, json_text_at(object, field->key, ""))) {
            return false;
        }
    }
    return true;
}

bool labels_match(const json_t *match_labels, const json_t *object)
{
    const json_t *labels = json_at(object, "metadata.labels");
    const char *key;
    json_t *value;
    json_object_foreach (json_loose(match_labels), key, value) {
        json_t *have = json_object_get(labels, key);
        if (!have || !json_equal(have, value)) {
            return false;
        }
    }
    return true;
}
