#include "configrepo/reader.h"

#include <stdarg.h>
#include <string.h>

#include "base/escape.h"

#define FIELDS_MAX 16
#define CHOICES_TEXT_BYTES_MAX 300

/* ---- errors with their place ---- */

bool refuse(struct reader *reader, const struct yaml_node *node, const char *fmt, ...)
{
    AUTO_STR(text, sizeof(((struct err *)NULL)->text));
    va_list args;
    va_start(args, fmt);
    str_addv(&text, fmt, args);
    va_end(args);
    if (reader->troubles.count < PIPELINE_TROUBLES_MAX) {
        *VEC_ADD(&reader->troubles) = (struct pipeline_trouble){
            node->line, node->column, arena_strdup(reader->arena, text.text)};
    }
    return false;
}

static void list_words(struct str *out, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        str_addf(out, "%s%s", i ? ", " : "", words[i]);
    }
}

bool refuse_word(struct reader *reader, const struct yaml_node *node, const char *what,
                 const char *const *known, size_t count)
{
    const char *near = text_nearest(node->text, known, count);
    if (near) {
        return refuse(reader, node, "unknown %s \"%.60s\"; did you mean \"%s\"?", what, node->text,
                      near);
    }
    AUTO_STR(words, CHOICES_TEXT_BYTES_MAX);
    list_words(&words, known, count);
    return refuse(reader, node, "unknown %s \"%.60s\"; known are: %s", what, node->text,
                  words.text);
}

/* ---- shapes ---- */

bool want_scalar(struct reader *reader, const struct yaml_node *node, const char *example)
{
    bool is_null =
        node->kind == YAML_SCALAR && node->style == YAML_PLAIN &&
        (node->text_length == 0 || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
    if (node->kind == YAML_SCALAR && !is_null) {
        return true;
    }
    return refuse(reader, node, "a single value is needed here, like %s", example);
}

bool want_sequence(struct reader *reader, const struct yaml_node *node, const char *example)
{
    if (node->kind != YAML_SEQUENCE) {
        return refuse(reader, node, "a list is needed here; write %s", example);
    }
    return node->item_count > 0 || refuse(reader, node, "the list is empty; write %s", example);
}

static size_t names_of(const struct field *fields, size_t count, bool is_later,
                       const char *out[static FIELDS_MAX])
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (fields[i].is_later == is_later) {
            out[found++] = fields[i].name;
        }
    }
    return found;
}

static const struct field *field_of(const struct field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, name) == 0) {
            return &fields[i];
        }
    }
    return NULL;
}

static bool read_field(struct reader *reader, const struct yaml_node *key,
                       const struct yaml_node *value, const struct field *fields, size_t count,
                       void *out)
{
    const char *known[FIELDS_MAX];
    size_t known_count = names_of(fields, count, false, known);
    if (key->kind != YAML_SCALAR) {
        return refuse(reader, key, "a field's name is needed here");
    }
    const struct field *field = field_of(fields, count, key->text);
    if (!field) {
        return refuse_word(reader, key, "field", known, known_count);
    }
    if (field->is_later) {
        AUTO_STR(words, CHOICES_TEXT_BYTES_MAX);
        list_words(&words, known, known_count);
        return refuse(reader, key,
                      "this version of heddle does not know \"%s\" yet; remove it, or use what it "
                      "knows here: %s",
                      field->name, words.text);
    }
    return field->read(reader, value, out);
}

/* A field that is missing beside one that is unknown is most likely the same one. */
static bool has_required(struct reader *reader, const struct yaml_node *node,
                         const struct field *fields, size_t count)
{
    bool good = true;
    for (size_t i = 0; i + 1 < node->item_count; i += 2) {
        const struct yaml_node *key = node->items[i];
        if (key->kind != YAML_SCALAR || !field_of(fields, count, key->text)) {
            return false;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (fields[i].is_required && !yaml_get(node, fields[i].name)) {
            good = refuse(reader, node, "the field \"%s\" is missing", fields[i].name);
        }
    }
    return good;
}

bool read_mapping(struct reader *reader, const struct yaml_node *node, const struct field *fields,
                  size_t count, void *out)
{
    const char *known[FIELDS_MAX];
    size_t known_count = names_of(fields, count, false, known);
    if (node->kind != YAML_MAPPING) {
        AUTO_STR(words, CHOICES_TEXT_BYTES_MAX);
        list_words(&words, known, known_count);
        return refuse(reader, node, "fields are needed here: %s", words.text);
    }
    bool good = true;
    for (size_t i = 0; i + 1 < node->item_count; i += 2) {
        good = read_field(reader, node->items[i], node->items[i + 1], fields, count, out) && good;
    }
    return has_required(reader, node, fields, count) && good;
}

/* ---- values ---- */

bool read_name(struct reader *reader, const struct yaml_node *node, const char *what,
               char out[static NAME_BYTES])
{
    struct err why = {0};
    return want_scalar(reader, node, "a name") &&
           ((name_check(what, node->text, &why) && text_copy(out, NAME_BYTES, node->text)) ||
            refuse(reader, node, "%s", why.text));
}

/* YAML 1.1 takes yes and on for true, YAML 1.2 does not; here only true and false are. */
bool read_flag(struct reader *reader, const struct yaml_node *node, bool *out)
{
    bool is_plain = node->kind == YAML_SCALAR && node->style == YAML_PLAIN;
    *out = is_plain && strcmp(node->text, "true") == 0;
    return *out || (is_plain && strcmp(node->text, "false") == 0) ||
           refuse(reader, node, "write true or false here");
}

bool read_number(struct reader *reader, const struct yaml_node *node, unsigned max, unsigned *out)
{
    unsigned number = 0;
    bool is_number = node->kind == YAML_SCALAR && node->text_length > 0;
    for (const char *at = is_number ? node->text : ""; *at; at++) {
        is_number = is_number && *at >= '0' && *at <= '9' && number <= max;
        number = is_number ? number * 10 + (unsigned)(*at - '0') : number;
    }
    if (!is_number || number == 0 || number > max) {
        return refuse(reader, node, "a number from 1 to %u is needed here", max);
    }
    *out = number;
    return true;
}

bool read_choice(struct reader *reader, const struct yaml_node *node, const char *what,
                 const char *const *words, size_t count, size_t *out)
{
    if (!want_scalar(reader, node, words[0])) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], node->text) == 0) {
            *out = i;
            return true;
        }
    }
    return refuse_word(reader, node, what, words, count);
}

bool read_exactly(struct reader *reader, const struct yaml_node *node, const char *wanted)
{
    return want_scalar(reader, node, wanted) &&
           (strcmp(node->text, wanted) == 0 ||
            refuse(reader, node, "\"%.60s\" is not known; write \"%s\"", node->text, wanted));
}
