#include "base/schema.h"

#include <regex.h>
#include <string.h>

#include "base/clock.h"
#include "base/escape.h"

/* Schemas refer to each other; none of ours does so in a circle. */
#define SCHEMA_DEPTH_MAX 64

struct walk {
    const json_t *document;
    struct str *pointer;
    struct err *err;
    int depth;
};

static bool check(struct walk *walk, const json_t *schema, const json_t *value);

const json_t *schema_find(const json_t *document, const char *reference)
{
    const json_t *found = reference[0] == '#' ? document : NULL;
    const char *at = reference + 1;
    while (found && *at == '/') {
        size_t length = strcspn(++at, "/");
        found = json_object_getn(found, at, length);
        at += length;
    }
    return found;
}

bool schema_is_keyword(const char *name)
{
    static const char *const keywords[] = {
        "$ref",        "additionalProperties",
        "allOf",       "anyOf",
        "description", "enum",
        "format",      "items",
        "maxItems",    "maximum",
        "maxLength",   "minItems",
        "minimum",     "minLength",
        "pattern",     "properties",
        "required",    "type",
    };
    for (size_t i = 0; i < COUNT_OF(keywords); i++) {
        if (strcmp(keywords[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- where ---- */

static void add_step(struct str *pointer, const char *name)
{
    str_add_char(pointer, '/');
    for (const char *at = name; *at; at++) {
        if (*at == '~' || *at == '/') {
            str_add(pointer, *at == '~' ? "~0" : "~1");
        } else {
            str_add_char(pointer, *at);
        }
    }
}

static void step_back(struct str *pointer, size_t length)
{
    pointer->length = length;
    pointer->text[length] = '\0';
}

static bool check_at(struct walk *walk, const char *name, const json_t *schema, const json_t *value)
{
    size_t length = walk->pointer->length;
    add_step(walk->pointer, name);
    if (!check(walk, schema, value)) {
        return false;
    }
    step_back(walk->pointer, length);
    return true;
}

/* The last step's name, for messages. */
static const char *place(const struct walk *walk)
{
    const char *slash = strrchr(walk->pointer->text, '/');
    return slash ? slash + 1 : "the body";
}

/* ---- what ---- */

static bool is_of_type(const json_t *value, const char *type)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "object",   [JSON_ARRAY] = "array", [JSON_STRING] = "string",
        [JSON_INTEGER] = "integer", [JSON_REAL] = "number", [JSON_TRUE] = "boolean",
        [JSON_FALSE] = "boolean",   [JSON_NULL] = "null",
    };
    return strcmp(names[json_typeof(value)], type) == 0 ||
           (json_is_integer(value) && strcmp(type, "number") == 0);
}

/* "a" or "an" and the types' names. */
static void describe_types(const json_t *types, struct str *out)
{
    if (json_is_string(types)) {
        str_add(out, json_string_value(types));
    }
    size_t i = 0;
    const json_t *type = NULL;
    json_array_foreach (types, i, type) {
        str_addf(out, "%s%s", i ? " or " : "", json_string_value(type));
    }
}

static bool check_type(struct walk *walk, const json_t *types, const json_t *value)
{
    bool fits = !types || (json_is_string(types) && is_of_type(value, json_string_value(types)));
    size_t i = 0;
    const json_t *type = NULL;
    json_array_foreach (types, i, type) {
        fits = fits || is_of_type(value, json_string_value(type));
    }
    if (fits) {
        return true;
    }
    AUTO_STR(wanted, 200);
    describe_types(types, &wanted);
    return err_set(walk->err, ERR_INVALID, "\"%.60s\" must be of type %s", place(walk),
                   wanted.text);
}

static bool check_enum(struct walk *walk, const json_t *choices, const json_t *value)
{
    AUTO_STR(names, 400);
    size_t i = 0;
    const json_t *choice = NULL;
    json_array_foreach (choices, i, choice) {
        if (json_equal(choice, value)) {
            return true;
        }
        bool is_last = i + 1 == json_array_size(choices);
        str_addf(&names, "%s%s", i == 0 ? "" : is_last ? " or " : ", ", json_string_value(choice));
    }
    return !choices ||
           err_set(walk->err, ERR_INVALID, "\"%.60s\" must be %s", place(walk), names.text);
}

static bool check_range(struct walk *walk, const json_t *schema, const json_t *value)
{
    json_int_t number = json_integer_value(value);
    json_int_t least = json_int_at(schema, "minimum", INT64_MIN);
    json_int_t most = json_int_at(schema, "maximum", INT64_MAX);
    if (!json_is_integer(value) || (number >= least && number <= most)) {
        return true;
    }
    return most == INT64_MAX
               ? err_set(walk->err, ERR_INVALID, "\"%.60s\" must be %lld or more", place(walk),
                         (long long)least)
               : err_set(walk->err, ERR_INVALID, "\"%.60s\" must be from %lld to %lld", place(walk),
                         (long long)least, (long long)most);
}

/* ---- texts ---- */

static size_t count_characters(const char *text)
{
    size_t count = 0;
    for (const char *at = text; *at; at++) {
        count += ((unsigned char)*at & 0xC0) != 0x80;
    }
    return count;
}

static bool matches(const char *pattern, const char *text)
{
    regex_t regex;
    bool fits = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) == 0 &&
                regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return fits;
}

static bool check_text(struct walk *walk, const json_t *schema, const char *text)
{
    const char *pattern = json_text_at(schema, "pattern", NULL);
    const char *format = json_text_at(schema, "format", "");
    int64_t least = json_int_at(schema, "minLength", 0);
    int64_t most = json_int_at(schema, "maxLength", INT64_MAX);
    int64_t count = (int64_t)count_characters(text);
    if (count < least) {
        return err_set(walk->err, ERR_INVALID, "\"%.60s\" must not be empty", place(walk));
    }
    if (count > most) {
        return err_set(walk->err, ERR_INVALID, "\"%.60s\" has more than %lld characters",
                       place(walk), (long long)most);
    }
    if (strcmp(format, "date-time") == 0 && clock_parse(text) == 0) {
        return err_set(walk->err, ERR_INVALID,
                       "\"%.60s\" must be a time such as 2026-11-22T14:03:05Z", place(walk));
    }
    return !pattern || matches(pattern, text) ||
           err_set(walk->err, ERR_INVALID, "\"%.60s\" does not match %s", place(walk), pattern);
}

/* ---- lists and objects ---- */

static bool check_items(struct walk *walk, const json_t *schema, const json_t *list)
{
    const json_t *of_items = json_object_get(schema, "items");
    int64_t most = json_int_at(schema, "maxItems", INT64_MAX);
    if ((int64_t)json_array_size(list) > most) {
        return err_set(walk->err, ERR_INVALID, "\"%.60s\" has more than %lld items", place(walk),
                       (long long)most);
    }
    if ((int64_t)json_array_size(list) < json_int_at(schema, "minItems", 0)) {
        return err_set(walk->err, ERR_INVALID, "\"%.60s\" has too few items", place(walk));
    }
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (list, i, item) {
        AUTO_STR(index, 24);
        str_addf(&index, "%zu", i);
        if (of_items && !check_at(walk, index.text, of_items, item)) {
            return false;
        }
    }
    return true;
}

static bool check_required(struct walk *walk, const json_t *names, const json_t *object)
{
    size_t i = 0;
    const json_t *name = NULL;
    json_array_foreach (names, i, name) {
        if (!json_object_get(object, json_string_value(name))) {
            add_step(walk->pointer, json_string_value(name));
            return err_set(walk->err, ERR_INVALID, "\"%s\" is missing", json_string_value(name));
        }
    }
    return true;
}

#define SUGGESTIONS_MAX 64

static bool refuse_unknown(struct walk *walk, const char *name, const json_t *properties)
{
    const char *known[SUGGESTIONS_MAX];
    size_t count = 0;
    const char *key = NULL;
    const json_t *ignored = NULL;
    json_object_foreach ((json_t *)(uintptr_t)properties, key, ignored) {
        if (count < SUGGESTIONS_MAX) {
            known[count++] = key;
        }
    }
    const char *near = text_nearest(name, known, count);
    add_step(walk->pointer, name);
    return near ? err_set(walk->err, ERR_INVALID,
                          "\"%.60s\" is not known here; did you mean \"%s\"?", name, near)
                : err_set(walk->err, ERR_INVALID, "\"%.60s\" is not known here", name);
}

static bool check_properties(struct walk *walk, const json_t *schema, const json_t *object)
{
    const json_t *properties = json_object_get(schema, "properties");
    bool is_closed = json_is_false(json_object_get(schema, "additionalProperties"));
    /* jansson's iterators only look. */
    json_t *entries = (json_t *)(uintptr_t)object;
    const char *name = NULL;
    json_t *value = NULL;
    bool fits = true;
    json_object_foreach (entries, name, value) {
        const json_t *described = json_object_get(properties, name);
        if (described) {
            fits = check_at(walk, name, described, value);
        } else if (is_closed) {
            fits = refuse_unknown(walk, name, properties);
        }
        if (!fits) {
            break;
        }
    }
    return fits && check_required(walk, json_object_get(schema, "required"), object);
}

/* ---- schemas of schemas ---- */

static bool check_all(struct walk *walk, const json_t *schemas, const json_t *value)
{
    size_t i = 0;
    const json_t *schema = NULL;
    json_array_foreach (schemas, i, schema) {
        if (!check(walk, schema, value)) {
            return false;
        }
    }
    return true;
}

/* One must fit; when none does, what the last one says is as good as any. */
static bool check_any(struct walk *walk, const json_t *schemas, const json_t *value)
{
    size_t length = walk->pointer->length;
    size_t i = 0;
    const json_t *schema = NULL;
    json_array_foreach (schemas, i, schema) {
        step_back(walk->pointer, length);
        if (check(walk, schema, value)) {
            return true;
        }
    }
    return json_array_size(schemas) == 0;
}

static bool check_reference(struct walk *walk, const json_t *schema, const json_t *value)
{
    const char *reference = json_text_at(schema, "$ref", NULL);
    const json_t *found = reference ? schema_find(walk->document, reference) : NULL;
    if (reference && !found) {
        return err_set(walk->err, ERR_INTERNAL, "the document has no %s", reference);
    }
    return !found || check(walk, found, value);
}

static bool check_value(struct walk *walk, const json_t *schema, const json_t *value)
{
    return check_reference(walk, schema, value) &&
           check_all(walk, json_object_get(schema, "allOf"), value) &&
           check_any(walk, json_object_get(schema, "anyOf"), value) &&
           check_type(walk, json_object_get(schema, "type"), value) &&
           check_enum(walk, json_object_get(schema, "enum"), value) &&
           check_range(walk, schema, value) &&
           (!json_is_string(value) || check_text(walk, schema, json_string_value(value))) &&
           (!json_is_array(value) || check_items(walk, schema, value)) &&
           (!json_is_object(value) || check_properties(walk, schema, value));
}

static bool check(struct walk *walk, const json_t *schema, const json_t *value)
{
    if (walk->depth == SCHEMA_DEPTH_MAX) {
        return err_set(walk->err, ERR_INVALID, "\"%.60s\" is nested too deeply", place(walk));
    }
    walk->depth++;
    bool fits = check_value(walk, schema, value);
    walk->depth--;
    return fits;
}

bool schema_check(const json_t *document, const json_t *schema, const json_t *value,
                  struct str *out_pointer, struct err *err)
{
    struct walk walk = {document, out_pointer, err, 0};
    return check(&walk, schema, value);
}
