/* configMapGenerator and secretGenerator. */
#include <string.h>

#include "crypto/crypto.h"
#include "render/internal.h"

#define SOURCE_BYTES_MAX 4096
/* kustomize breaks base64 into lines of this length. */
#define BASE64_LINE 70
#define BASE64_BYTES_MAX (8U << 20)

/* What a generator makes: its kind, and where its texts go. */
struct generator_kind {
    const char *field, *kind;
    bool is_secret;
};
static const struct generator_kind generator_kinds[] = {
    {"configMapGenerator", "ConfigMap", false},
    {"secretGenerator", "Secret", true},
};

/* One entry at work. */
struct generating {
    struct transformation *work;
    const struct generator_kind *kind;
    const struct yaml_node *entry;
    json_t *data;   /* texts, or base64 */
    json_t *binary; /* of a ConfigMap: base64 of what is no text */
};

static bool give_up(struct generating *generating, struct err *err)
{
    return leave_to_program(generating->work, generating->kind->field, generating->entry, err);
}

/* ---- pairs ---- */

static json_t *base64_lines(struct slice bytes)
{
    AUTO_STR(plain, BASE64_BYTES_MAX);
    AUTO_STR(lines, BASE64_BYTES_MAX);
    crypto_base64(bytes, &plain);
    if (plain.length < BASE64_LINE) {
        return plain.failed ? NULL : json_stringn(plain.text, plain.length);
    }
    for (size_t i = 0; i < plain.length; i += BASE64_LINE) {
        size_t left = plain.length - i;
        str_add_bytes(&lines, plain.text + i, left < BASE64_LINE ? left : BASE64_LINE);
        str_add_char(&lines, '\n');
    }
    return plain.failed || lines.failed ? NULL : json_stringn(lines.text, lines.length);
}

static bool is_key(const char *key)
{
    for (const char *at = key; *at; at++) {
        bool is_word = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                       (*at >= '0' && *at <= '9') || strchr("-_.", *at);
        if (!is_word) {
            return false;
        }
    }
    return key[0] != '\0' && key[0] != '.' && strlen(key) <= 253;
}

static bool add_pair(struct generating *generating, const char *key, struct slice value,
                     struct err *err)
{
    json_t *text = json_stringn(value.bytes, value.length); /* NULL when it is not UTF-8 */
    json_t *into = generating->data;
    if (text && !generating->kind->is_secret && memchr(value.bytes, '\0', value.length)) {
        json_decref(text);
        return err_set(err, ERR_INVALID,
                       "line %u: the text of \"%.80s\" holds a zero byte; encode it, or generate a "
                       "Secret",
                       generating->entry->line, key);
    }
    if (!text || generating->kind->is_secret) {
        json_decref(text);
        text = base64_lines(value);
        into = generating->kind->is_secret ? generating->data : generating->binary;
    }
    if (!text || !is_key(key) || json_object_get(generating->data, key) ||
        json_object_get(generating->binary, key)) {
        json_decref(text);
        return give_up(generating, err);
    }
    json_object_set_new(into, key, text);
    return true;
}

/* A line of a file of variables: "name=value", a comment, or nothing. */
static bool add_line(struct generating *generating, struct slice line, struct err *err)
{
    char key[SOURCE_BYTES_MAX];
    while (line.length > 0 && strchr(" \t\v\f\r", line.bytes[0])) {
        line = (struct slice){line.bytes + 1, line.length - 1};
    }
    if (line.length == 0 || line.bytes[0] == '#') {
        return true;
    }
    const char *sign = memchr(line.bytes, '=', line.length);
    size_t length = sign ? (size_t)(sign - line.bytes) : line.length;
    if (length >= sizeof(key)) {
        return give_up(generating, err);
    }
    memcpy(key, line.bytes, length);
    key[length] = '\0';
    size_t skipped = sign ? length + 1 : length;
    struct slice value = {line.bytes + skipped, line.length - skipped};
    /* kustomize refuses what is not UTF-8, and knows more white space than we do. */
    AUTO_JSON *text = json_stringn(line.bytes, line.length);
    bool is_name = text && !(key[0] >= '0' && key[0] <= '9') && strcmp(key, "..") != 0;
    return is_name ? add_pair(generating, key, value, err) : give_up(generating, err);
}

/* Lines end with LF or CRLF. */
static bool add_variables(struct generating *generating, struct slice text, struct err *err)
{
    static const char mark[] = "\xEF\xBB\xBF";
    if (text.length >= 3 && memcmp(text.bytes, mark, 3) == 0) {
        text = (struct slice){text.bytes + 3, text.length - 3};
    }
    while (text.length > 0) {
        const char *end = memchr(text.bytes, '\n', text.length);
        size_t length = end ? (size_t)(end - text.bytes) : text.length;
        size_t used = length + (end != NULL);
        size_t whole = length;
        length -= length > 0 && text.bytes[length - 1] == '\r';
        /* Go's scanner gives up on longer lines. */
        if (whole > 60000 || !add_line(generating, (struct slice){text.bytes, length}, err)) {
            return whole > 60000 ? give_up(generating, err) : false;
        }
        text = (struct slice){text.bytes + used, text.length - used};
    }
    return true;
}

/* ---- sources ---- */

static bool add_env(struct generating *generating, const struct yaml_node *item, struct err *err)
{
    struct slice text;
    return read_named_file(generating->work, item, item->text, &text, err) &&
           add_variables(generating, text, err);
}

/* "key=value"; quotes around the value are not part of it. */
static bool add_literal(struct generating *generating, const struct yaml_node *item,
                        struct err *err)
{
    char key[SOURCE_BYTES_MAX];
    const char *sign = strchr(item->text, '=');
    size_t length = sign ? (size_t)(sign - item->text) : 0;
    if (length == 0 || length >= sizeof(key)) {
        return give_up(generating, err);
    }
    memcpy(key, item->text, length);
    key[length] = '\0';
    struct slice value = {sign + 1, item->text_length - length - 1};
    char first = value.length > 1 ? value.bytes[0] : '\0';
    if ((first == '"' || first == '\'') && value.bytes[value.length - 1] == first) {
        value = (struct slice){value.bytes + 1, value.length - 2};
    }
    return add_pair(generating, key, value, err);
}

/* "path", or "key=path". */
static bool add_file(struct generating *generating, const struct yaml_node *item, struct err *err)
{
    char key[SOURCE_BYTES_MAX];
    struct slice text;
    const char *sign = strchr(item->text, '=');
    const char *path = sign ? sign + 1 : item->text;
    const char *slash = strrchr(item->text, '/');
    const char *name = sign ? item->text : slash ? slash + 1 : item->text;
    size_t length = sign ? (size_t)(sign - item->text) : strlen(name);
    if (length == 0 || length >= sizeof(key) || !path[0] || strchr(path, '=')) {
        return give_up(generating, err);
    }
    memcpy(key, name, length);
    key[length] = '\0';
    return read_named_file(generating->work, item, path, &text, err) &&
           add_pair(generating, key, text, err);
}

static const struct {
    const char *field;
    bool (*add)(struct generating *generating, const struct yaml_node *item, struct err *err);
} sources[] = {{"envs", add_env}, {"env", add_env}, {"literals", add_literal}, {"files", add_file}};

static bool add_source(struct generating *generating, size_t source, struct err *err)
{
    const struct yaml_node *value = yaml_get(generating->entry, sources[source].field);
    if (!value || (value->kind == YAML_SCALAR && value->text_length == 0)) {
        return true;
    }
    if (value->kind == YAML_SCALAR && strcmp(sources[source].field, "env") == 0) {
        return sources[source].add(generating, value, err);
    }
    if (value->kind != YAML_SEQUENCE) {
        return give_up(generating, err);
    }
    for (size_t i = 0; i < value->item_count; i++) {
        const struct yaml_node *item = value->items[i];
        AUTO_JSON *text = yaml_to_json(item, err);
        if (!json_is_string(text)) {
            return give_up(generating, err);
        }
        if (!sources[source].add(generating, item, err)) {
            return false;
        }
    }
    return true;
}

static bool add_sources(struct generating *generating, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(sources); i++) {
        if (!add_source(generating, i, err)) {
            return false;
        }
    }
    return true;
}

/* ---- options ---- */

struct options {
    bool has_no_hash, is_immutable;
    json_t *labels, *annotations;
};

static void options_done(struct options *options)
{
    json_decref(options->labels);
    json_decref(options->annotations);
}

static bool read_flag(const struct yaml_node *value, bool *out)
{
    bool is_true = value->kind == YAML_SCALAR && value->style == YAML_PLAIN &&
                   strcmp(value->text, "true") == 0;
    *out |= is_true;
    return is_true || (value->kind == YAML_SCALAR && value->style == YAML_PLAIN &&
                       strcmp(value->text, "false") == 0);
}

/* Pairs that are not there yet: an entry's own go before those of generatorOptions. */
static bool read_pairs(const struct yaml_node *value, json_t *out)
{
    struct err ignored = {0};
    AUTO_JSON *pairs = value->kind == YAML_MAPPING ? text_pairs(value, "pair", &ignored) : NULL;
    return pairs && json_object_update_missing(out, pairs) == 0;
}

static bool read_options(const struct yaml_node *node, struct options *out)
{
    for (size_t i = 0; node && node->kind == YAML_MAPPING && i < node->item_count; i += 2) {
        const char *key = node->items[i]->text ? node->items[i]->text : "";
        const struct yaml_node *value = node->items[i + 1];
        bool is_read = strcmp(key, "disableNameSuffixHash") == 0
                           ? read_flag(value, &out->has_no_hash)
                       : strcmp(key, "immutable") == 0 ? read_flag(value, &out->is_immutable)
                       : strcmp(key, "labels") == 0
                           ? read_pairs(value, out->labels)
                           : strcmp(key, "annotations") == 0 && read_pairs(value, out->annotations);
        if (!is_read) {
            return false;
        }
    }
    return !node || node->kind == YAML_MAPPING || node->text_length == 0;
}

/* ---- objects ---- */

static json_t *make_object(const struct generating *generating, const struct options *options)
{
    const struct yaml_node *entry = generating->entry;
    const char *namespace = yaml_text(entry, "namespace");
    const char *type = yaml_text(entry, "type");
    json_t *metadata = json_pack("{s:s}", "name", yaml_text(entry, "name"));
    json_t *object = json_pack("{s:s, s:s, s:o}", "apiVersion", "v1", "kind",
                               generating->kind->kind, "metadata", metadata);
    if (namespace && namespace[0]) {
        json_object_set_new(metadata, "namespace", json_string(namespace));
    }
    if (json_object_size(options->labels) > 0) {
        json_object_set(metadata, "labels", options->labels);
    }
    if (json_object_size(options->annotations) > 0) {
        json_object_set(metadata, "annotations", options->annotations);
    }
    if (generating->kind->is_secret) {
        json_object_set_new(object, "type", json_string(type && type[0] ? type : "Opaque"));
    }
    if (json_object_size(generating->data) > 0 || generating->kind->is_secret) {
        json_object_set(object, "data", generating->data);
    }
    if (json_object_size(generating->binary) > 0) {
        json_object_set(object, "binaryData", generating->binary);
    }
    if (options->is_immutable) {
        json_object_set_new(object, "immutable", json_true());
    }
    return object;
}

/* The old one's texts where the new one has none; false for values that are no texts. */
static bool take_texts(json_t *object, const json_t *old, const char *field)
{
    json_t *have = json_object_get(old, field);
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach (have, key, value) {
        if (!json_is_string(value)) {
            return false;
        }
    }
    if (json_object_size(have) > 0) {
        AUTO_JSON *texts = json_deep_copy(json_object_get(object, field));
        texts = texts ? texts : json_object();
        json_object_update_missing(texts, have);
        json_object_set(object, field, texts);
    }
    return !have || json_is_object(have);
}

/* behavior: replace or merge. */
static bool replace_draft(struct draft *old, json_t *object, bool merges, bool needs_hash)
{
    json_t *metadata = json_object_get(object, "metadata");
    const json_t *before = json_object_get(old->json, "metadata");
    bool are_texts =
        take_texts(metadata, before, "labels") && take_texts(metadata, before, "annotations") &&
        (!merges ||
         (take_texts(object, old->json, "data") && take_texts(object, old->json, "binaryData")));
    if (!are_texts) {
        return false;
    }
    json_object_set(metadata, "name", json_object_get(before, "name"));
    if (json_object_get(before, "namespace")) {
        json_object_set(metadata, "namespace", json_object_get(before, "namespace"));
    } else {
        json_object_del(metadata, "namespace");
    }
    json_decref(old->json);
    old->json = json_incref(object);
    old->needs_hash &= needs_hash;
    return true;
}

/* kustomize makes base64 of a Secret's, and texts of a ConfigMap's data when it merges. */
static bool is_plain_merge(const struct generating *generating, const struct draft *old)
{
    bool has_data = json_object_size(json_object_get(old->json, "data")) > 0 ||
                    json_object_size(generating->data) > 0;
    return has_data && json_object_size(json_object_get(old->json, "binaryData")) == 0 &&
           json_object_size(generating->binary) == 0;
}

static bool absorb(struct generating *generating, json_t *object, bool needs_hash, struct err *err)
{
    struct draft_list *list = generating->work->list;
    const char *behavior = yaml_text(generating->entry, "behavior");
    bool merges = behavior && strcmp(behavior, "merge") == 0;
    bool replaces = behavior && strcmp(behavior, "replace") == 0;
    struct draft made = {.json = object};
    struct identity identity = identity_of(&made);
    struct draft *old = NULL;
    VEC_EACH (struct draft, draft, &list->all) {
        if (was_ever(draft, &identity)) {
            if (old) {
                return give_up(generating, err);
            }
            old = draft;
        }
    }
    if ((old != NULL) != (merges || replaces) || (merges && !is_plain_merge(generating, old))) {
        return give_up(generating, err);
    }
    if (old) {
        return replace_draft(old, object, merges, needs_hash) || give_up(generating, err);
    }
    struct draft *draft = draft_add(list, json_incref(object),
                                    generating->work->kustomization->file, generating->entry->line);
    draft->nulls = NULLS_WRITTEN;
    draft->is_generated = true;
    draft->needs_hash = needs_hash;
    return true;
}

static bool is_entry(const struct generating *generating)
{
    static const char *const keys[] = {"name", "namespace", "behavior", "literals", "files",
                                       "envs", "env",       "options",  "type"};
    const struct yaml_node *entry = generating->entry;
    size_t count = COUNT_OF(keys) - !generating->kind->is_secret; /* only Secrets have types */
    const char *name = yaml_text(entry, "name");
    return has_only_keys(entry, keys, count) && name && name[0];
}

static bool generate_entry(struct generating *generating, struct err *err)
{
    AUTO(options_done)
    struct options options = {.labels = json_object(), .annotations = json_object()};
    const struct yaml_node *root = generating->work->kustomization->root;
    if (!is_entry(generating) || !read_options(yaml_get(generating->entry, "options"), &options) ||
        !read_options(yaml_get(root, "generatorOptions"), &options)) {
        return give_up(generating, err);
    }
    if (!add_sources(generating, err)) {
        return false;
    }
    AUTO_JSON *object = make_object(generating, &options);
    return absorb(generating, object, !options.has_no_hash, err);
}

bool generate(struct transformation *work, struct err *err)
{
    for (size_t k = 0; k < COUNT_OF(generator_kinds); k++) {
        const struct yaml_node *list =
            yaml_get(work->kustomization->root, generator_kinds[k].field);
        for (size_t i = 0; list && list->kind == YAML_SEQUENCE && i < list->item_count; i++) {
            AUTO_JSON *data = json_object();
            AUTO_JSON *binary = json_object();
            struct generating generating = {work, &generator_kinds[k], list->items[i], data,
                                            binary};
            if (!generate_entry(&generating, err)) {
                return false;
            }
        }
    }
    return true;
}
