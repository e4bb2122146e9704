/* replacements: a value of one object into fields of others. */
#include <stdlib.h>
#include <string.h>

#include "render/field_path.h"

#define FIELD "replacements"
#define JOINED_BYTES_MAX (64U << 10)

/* `options` of a source or target. */
struct options {
    const char *delimiter; /* NULL: none */
    long index;
    bool creates;
};

/* One replacement at work. */
struct replacing {
    struct transformation *work;
    const struct yaml_node *at; /* in the kustomization: where we are for its reader */
    const struct draft *source;
    json_t *value;
    const char *text; /* of a plain value, or NULL */
};

static bool give_up(const struct replacing *replacing, struct err *err)
{
    return leave_to_program(replacing->work, FIELD, replacing->at, err);
}

static bool read_options(const struct replacing *replacing, const struct yaml_node *node,
                         struct options *out, struct err *err)
{
    static const char *const keys[] = {"delimiter", "index", "create"};
    *out = (struct options){0};
    if (!node) {
        return true;
    }
    AUTO_JSON *value = yaml_to_json(node, err);
    const json_t *index = json_object_get(value, "index");
    const json_t *creates = json_object_get(value, "create");
    if (!value || !has_only_keys(node, keys, COUNT_OF(keys)) ||
        (index && !json_is_integer(index)) || (creates && !json_is_boolean(creates))) {
        return give_up(replacing, err);
    }
    const char *delimiter = yaml_text(node, "delimiter");
    out->delimiter = delimiter && delimiter[0] ? delimiter : NULL;
    out->index = (long)json_integer_value(index);
    out->creates = json_is_true(creates);
    return true;
}

/* ---- the value ---- */

/* The part of a text between delimiters; false when there are fewer. */
static bool part_of(const char *text, const struct options *options, struct slice *out)
{
    size_t length = strlen(options->delimiter);
    for (long i = 0;; i++) {
        const char *end = strstr(text, options->delimiter);
        *out = (struct slice){text, end ? (size_t)(end - text) : strlen(text)};
        if (i == options->index || !end) {
            return i == options->index;
        }
        text = end + length;
    }
}

static bool take_value(struct replacing *replacing, json_t *found, const struct options *options,
                       struct err *err)
{
    struct arena *arena = replacing->work->arena;
    bool is_nothing = !found || json_is_null(found) ||
                      (json_is_object(found) && json_object_size(found) == 0) ||
                      (json_is_array(found) && json_array_size(found) == 0);
    if (is_nothing) {
        return err_set(err, ERR_INVALID,
                       "line %u: the source of this replacement has no such field",
                       replacing->at->line);
    }
    const char *text = plain_text(arena, found);
    if ((!text && !json_is_object(found) && !json_is_array(found))) {
        return give_up(replacing, err);
    }
    if (options->delimiter) {
        struct slice part;
        if (!json_is_string(found) || !part_of(text, options, &part)) {
            return give_up(replacing, err);
        }
        text = arena_strndup(arena, part.bytes, part.length);
        replacing->value = json_string(text);
    } else {
        replacing->value = json_deep_copy(found);
    }
    replacing->text = text ? arena_strdup(arena, text) : NULL;
    return true;
}

/* The names of the current namespace are as they are written; those of former ones never empty. */
static bool raw_identity_at(const struct draft *draft, size_t n, struct identity *out)
{
    struct identity behind;
    bool is_there = identity_at(draft, n, out);
    if (is_there && !identity_at(draft, n + 1, &behind)) {
        out->namespace = json_text_at(draft->json, "metadata.namespace", "");
    }
    return is_there;
}

static bool is_equal(const char *wanted, const char *text)
{
    return !wanted || strcmp(wanted, text) == 0;
}

/* A source is named, not matched. */
static bool is_source(const struct draft *draft, const struct yaml_node *source)
{
    struct identity identity;
    const char *namespace = yaml_text(source, "namespace");
    for (size_t n = 0; raw_identity_at(draft, n, &identity); n++) {
        const char *effective = identity.namespace[0] ? identity.namespace : "default";
        if (identity_is_a(&identity, yaml_text(source, "group"), yaml_text(source, "version"),
                          yaml_text(source, "kind")) &&
            is_equal(yaml_text(source, "name"), identity.name) && is_equal(namespace, effective)) {
            return true;
        }
    }
    return false;
}

static bool find_source(struct replacing *replacing, const struct yaml_node *source,
                        struct err *err)
{
    VEC_EACH (struct draft, draft, &replacing->work->list->all) {
        if (is_source(draft, source)) {
            if (replacing->source) {
                return give_up(replacing, err);
            }
            replacing->source = draft;
        }
    }
    return replacing->source ||
           err_set(err, ERR_INVALID, "line %u: the source of this replacement is not there",
                   replacing->at->line);
}

static bool read_source(struct replacing *replacing, const struct yaml_node *source,
                        struct err *err)
{
    static const char *const keys[] = {"group",     "version",   "kind",   "name",
                                       "namespace", "fieldPath", "options"};
    struct options options;
    struct field_path path;
    const char *text = yaml_text(source, "fieldPath");
    text = text && text[0] ? text : "metadata.name";
    if (!has_only_keys(source, keys, COUNT_OF(keys)) ||
        !field_path_read(replacing->work->arena, text, &path) || field_path_is_notes(&path)) {
        return give_up(replacing, err);
    }
    if (!read_options(replacing, yaml_get(source, "options"), &options, err) ||
        !find_source(replacing, source, err)) {
        return false;
    }
    json_t *found = NULL;
    if (!field_path_get(&path, replacing->source->json, &found)) {
        return give_up(replacing, err);
    }
    return take_value(replacing, found, &options, err);
}

/* ---- targets ---- */

/* The value between the delimiters of what the field has. */
static const char *join(const struct replacing *replacing, const char *text,
                        const struct options *options)
{
    AUTO_STR(joined, JOINED_BYTES_MAX);
    size_t length = strlen(options->delimiter);
    bool is_placed = options->index < 0;
    if (is_placed) {
        str_addf(&joined, "%s%s", replacing->text, options->delimiter);
    }
    for (long i = 0; text; i++) {
        const char *end = strstr(text, options->delimiter);
        bool is_it = options->index >= 0 && i == options->index;
        if (is_it) {
            str_add(&joined, replacing->text);
        } else {
            str_add_bytes(&joined, text, end ? (size_t)(end - text) : strlen(text));
        }
        is_placed |= is_it;
        str_add(&joined, end ? options->delimiter : "");
        text = end ? end + length : NULL;
    }
    if (!is_placed) {
        str_addf(&joined, "%s%s", options->delimiter, replacing->text);
    }
    return joined.failed ? NULL : arena_strdup(replacing->work->arena, joined.text);
}

/* What the field becomes; NULL when only kustomize knows. */
static json_t *new_value(const struct replacing *replacing, const struct field *field,
                         const struct options *options)
{
    bool is_container = json_is_object(field->value) || json_is_array(field->value);
    const char *text = replacing->text;
    if (is_container) {
        return options->delimiter || !replacing->value ? NULL : json_deep_copy(replacing->value);
    }
    if (!text) {
        return field->value ? NULL : json_deep_copy(replacing->value);
    }
    if (!field->value) { /* it was made for us; its type is guessed from the text */
        return options->delimiter ? NULL : guessed_value(text);
    }
    const char *old = plain_text(replacing->work->arena, field->value);
    if (!old) {
        return NULL;
    }
    text = options->delimiter ? join(replacing, old, options) : text;
    if (!text || json_is_string(field->value)) {
        return text ? json_string(text) : NULL;
    }
    AUTO_JSON *guessed = guessed_value(text);
    bool is_alike = guessed && json_typeof(guessed) == json_typeof(field->value);
    return is_alike || (json_is_boolean(guessed) && json_is_boolean(field->value))
               ? json_incref(guessed)
               : NULL;
}

struct setting {
    const struct replacing *replacing;
    const struct options *options;
    size_t count;
};

static bool set_value(void *context, const struct field *field)
{
    struct setting *setting = context;
    json_t *value = new_value(setting->replacing, field, setting->options);
    setting->count++;
    if (value) {
        field_set(field, value);
    }
    return value != NULL;
}

static bool set_path(const struct replacing *replacing, struct draft *draft, const char *text,
                     const struct options *options, struct err *err)
{
    struct setting setting = {replacing, options, 0};
    struct field_path path;
    bool is_own = draft == replacing->source && options->delimiter;
    if (is_own || !field_path_read(replacing->work->arena, text, &path) ||
        field_path_is_notes(&path) || field_path_is_name(&path, replacing->text) ||
        !field_path_visit(&path, draft->json, options->creates, set_value, &setting)) {
        return give_up(replacing, err);
    }
    return setting.count > 0 ||
           err_set(err, ERR_INVALID, "line %u: %s %s has no field %.120s to replace",
                   replacing->at->line, json_text_at(draft->json, "kind", ""),
                   json_text_at(draft->json, "metadata.name", ""), text);
}

static bool set_paths(const struct replacing *replacing, struct draft *draft,
                      const struct yaml_node *target, const struct options *options,
                      struct err *err)
{
    const struct yaml_node *paths = yaml_get(target, "fieldPaths");
    if (!paths || paths->item_count == 0) {
        return set_path(replacing, draft, "metadata.name", options, err);
    }
    for (size_t i = 0; i < paths->item_count; i++) {
        if (paths->items[i]->kind != YAML_SCALAR) {
            return give_up(replacing, err);
        }
        if (!set_path(replacing, draft, paths->items[i]->text, options, err)) {
            return false;
        }
    }
    return true;
}

static bool fits_any(const struct selector *selector, const struct draft *draft)
{
    struct identity identity;
    for (size_t n = 0; raw_identity_at(draft, n, &identity); n++) {
        if (selector_takes_identity(selector, &identity)) {
            return true;
        }
    }
    return false;
}

/* What one entry of `reject` names, or has by its labels, is not meant. */
static bool is_rejected(const struct selector *reject, const struct draft *draft)
{
    bool has_labels = reject->labels || reject->annotations;
    bool has_names =
        reject->group || reject->version || reject->kind || reject->name || reject->namespace;
    return (has_labels && selector_takes_labels(reject, draft)) ||
           (has_names && fits_any(reject, draft));
}

/* Of a target: whom it selects, and whom it does not. */
struct choice {
    struct selector select;
    struct selector *rejects;
    size_t reject_count;
};

static bool read_choice(struct replacing *replacing, const struct yaml_node *target,
                        struct choice *out, struct err *err)
{
    const struct yaml_node *select = yaml_get(target, "select");
    const struct yaml_node *rejects = yaml_get(target, "reject");
    size_t count = rejects ? rejects->item_count : 0;
    *out = (struct choice){
        .rejects = arena_alloc(replacing->work->arena, count + 1, sizeof(*out->rejects))};
    if (!select || (rejects && rejects->kind != YAML_SEQUENCE)) {
        return give_up(replacing, err);
    }
    for (size_t i = 0; i < count; i++) {
        if (!selector_read(replacing->work, rejects->items[i], FIELD,
                           &out->rejects[out->reject_count++], err)) {
            return false;
        }
    }
    return selector_read(replacing->work, select, FIELD, &out->select, err);
}

static bool is_chosen(const struct choice *choice, const struct draft *draft)
{
    for (size_t i = 0; i < choice->reject_count; i++) {
        if (is_rejected(&choice->rejects[i], draft)) {
            return false;
        }
    }
    return selector_takes_labels(&choice->select, draft) && fits_any(&choice->select, draft);
}

static bool apply_target(struct replacing *replacing, const struct yaml_node *target,
                         struct err *err)
{
    static const char *const keys[] = {"select", "reject", "fieldPaths", "options"};
    struct choice choice;
    struct options options;
    if (!has_only_keys(target, keys, COUNT_OF(keys))) {
        return give_up(replacing, err);
    }
    if (!read_choice(replacing, target, &choice, err) ||
        !read_options(replacing, yaml_get(target, "options"), &options, err)) {
        return false;
    }
    VEC_EACH (struct draft, draft, &replacing->work->list->all) {
        if (is_chosen(&choice, draft) && !set_paths(replacing, draft, target, &options, err)) {
            return false;
        }
    }
    return true;
}

/* ---- the field ---- */

static bool apply_targets(struct replacing *replacing, const struct yaml_node *entry,
                          struct err *err)
{
    const struct yaml_node *targets = yaml_get(entry, "targets");
    if (!targets || targets->kind != YAML_SEQUENCE || targets->item_count == 0) {
        return give_up(replacing, err);
    }
    for (size_t i = 0; i < targets->item_count; i++) {
        if (!apply_target(replacing, targets->items[i], err)) {
            return false;
        }
    }
    return true;
}

static bool apply_replacement(struct transformation *work, const struct yaml_node *at,
                              const struct yaml_node *entry, struct err *err)
{
    static const char *const keys[] = {"source", "targets"};
    struct replacing replacing = {.work = work, .at = at};
    const struct yaml_node *source = yaml_get(entry, "source");
    if (!has_only_keys(entry, keys, COUNT_OF(keys)) || !source || source->kind != YAML_MAPPING) {
        return give_up(&replacing, err);
    }
    bool done = read_source(&replacing, source, err) && apply_targets(&replacing, entry, err);
    json_decref(replacing.value);
    return done;
}

/* A file holds one replacement, or a list of them. */
static bool apply_file(struct transformation *work, const struct yaml_node *entry, struct err *err)
{
    static const char *const keys[] = {"path"};
    struct slice text;
    struct yaml_document *document = NULL;
    if (!has_only_keys(entry, keys, 1)) {
        return leave_to_program(work, FIELD, entry, err);
    }
    if (!read_named_file(work, entry, yaml_text(entry, "path"), &text, err)) {
        return false;
    }
    if (!yaml_parse(work->arena, text, &document, err) || !document || !document->root ||
        document->next) {
        return leave_to_program(work, FIELD, entry, err);
    }
    const struct yaml_node *root = document->root;
    for (size_t i = 0; root->kind == YAML_SEQUENCE && i < root->item_count; i++) {
        if (!apply_replacement(work, entry, root->items[i], err)) {
            return false;
        }
    }
    return root->kind == YAML_SEQUENCE || apply_replacement(work, entry, root, err);
}

bool apply_replacements(struct transformation *work, struct err *err)
{
    const struct yaml_node *list = yaml_get(work->kustomization->root, FIELD);
    for (size_t i = 0; list && list->kind == YAML_SEQUENCE && i < list->item_count; i++) {
        const struct yaml_node *entry = list->items[i];
        const char *path = yaml_text(entry, "path");
        bool done = path && path[0] ? apply_file(work, entry, err)
                                    : apply_replacement(work, entry, entry, err);
        if (!done) {
            return false;
        }
    }
    return true;
}
