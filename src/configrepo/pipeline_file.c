#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/escape.h"
#include "configrepo/configrepo.h"
#include "policy/policy.h"
#include "yaml/yaml.h"

#define PIPELINE_API_VERSION "heddle.dev/v1"
#define FIELDS_MAX 16
#define CHOICES_TEXT_BYTES_MAX 300

struct reader {
    const char *file;
    struct arena *arena;
    struct err *err;
};

/* One field of a mapping.  `is_later`: part of the design, but not of this version. */
struct field {
    const char *name;
    bool (*read)(struct reader *reader, const struct yaml_node *value, void *out);
    bool is_required;
    bool is_later;
};

/* ---- errors with their place ---- */

static bool refuse(struct reader *reader, const struct yaml_node *node, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
static bool refuse(struct reader *reader, const struct yaml_node *node, const char *fmt, ...)
{
    char text[sizeof(reader->err->text)];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    return err_set(reader->err, ERR_INVALID, "%.120s:%u:%u: %.370s", reader->file, node->line,
                   node->column, text);
}

static void list_words(struct str *out, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        str_addf(out, "%s%s", i ? ", " : "", words[i]);
    }
}

/* unknown field "stagse"; did you mean "stages"?  Or all that is known, when nothing is near. */
static bool refuse_word(struct reader *reader, const struct yaml_node *node, const char *what,
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

static bool want_scalar(struct reader *reader, const struct yaml_node *node, const char *example)
{
    bool is_null =
        node->kind == YAML_SCALAR && node->style == YAML_PLAIN &&
        (node->text_length == 0 || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
    if (node->kind == YAML_SCALAR && !is_null) {
        return true;
    }
    return refuse(reader, node, "a single value is needed here, like %s", example);
}

static bool want_sequence(struct reader *reader, const struct yaml_node *node, const char *example)
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

/* Read a mapping by its table: every key known, every required field there. */
static bool read_mapping(struct reader *reader, const struct yaml_node *node,
                         const struct field *fields, size_t count, void *out)
{
    const char *known[FIELDS_MAX];
    size_t known_count = names_of(fields, count, false, known);
    if (node->kind != YAML_MAPPING) {
        AUTO_STR(words, CHOICES_TEXT_BYTES_MAX);
        list_words(&words, known, known_count);
        return refuse(reader, node, "fields are needed here: %s", words.text);
    }
    for (size_t i = 0; i + 1 < node->item_count; i += 2) {
        if (!read_field(reader, node->items[i], node->items[i + 1], fields, count, out)) {
            return false;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (fields[i].is_required && !yaml_get(node, fields[i].name)) {
            return refuse(reader, node, "the field \"%s\" is missing", fields[i].name);
        }
    }
    return true;
}

/* ---- values ---- */

static bool read_name(struct reader *reader, const struct yaml_node *node, const char *what,
                      char out[static NAME_BYTES])
{
    struct err why = {0};
    return want_scalar(reader, node, "a name") &&
           ((name_check(what, node->text, &why) && text_copy(out, NAME_BYTES, node->text)) ||
            refuse(reader, node, "%s", why.text));
}

/* YAML 1.1 takes yes and on for true, YAML 1.2 does not; here only true and false are. */
static bool read_flag(struct reader *reader, const struct yaml_node *node, bool *out)
{
    bool is_plain = node->kind == YAML_SCALAR && node->style == YAML_PLAIN;
    *out = is_plain && strcmp(node->text, "true") == 0;
    return *out || (is_plain && strcmp(node->text, "false") == 0) ||
           refuse(reader, node, "write true or false here");
}

static bool read_number(struct reader *reader, const struct yaml_node *node, unsigned max,
                        unsigned *out)
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

/* One of `words`; its index. */
static bool read_choice(struct reader *reader, const struct yaml_node *node, const char *what,
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

static bool read_exactly(struct reader *reader, const struct yaml_node *node, const char *wanted)
{
    return want_scalar(reader, node, wanted) &&
           (strcmp(node->text, wanted) == 0 ||
            refuse(reader, node, "\"%.60s\" is not known; write \"%s\"", node->text, wanted));
}

/* ---- spec.versions ---- */

static const char *const policy_words[] = {
    [POLICY_SEMVER] = "semver",     [POLICY_ALPHABETICAL] = "alphabetical",
    [POLICY_NUMERIC] = "numeric",   [POLICY_NEWEST] = "newest",
    [POLICY_CALENDAR] = "calendar",
};

static bool read_semver(struct reader *reader, const struct yaml_node *node, void *out)
{
    struct version_rule *rule = out;
    rule->policy = POLICY_SEMVER;
    if (!want_scalar(reader, node, "\">=1.0.0\"")) {
        return false;
    }
    rule->range = arena_strdup(reader->arena, node->text);
    return true;
}

static bool read_alphabetical(struct reader *reader, const struct yaml_node *node, void *out)
{
    ((struct version_rule *)out)->policy = POLICY_ALPHABETICAL;
    return read_exactly(reader, node, "asc");
}

static bool read_numeric(struct reader *reader, const struct yaml_node *node, void *out)
{
    ((struct version_rule *)out)->policy = POLICY_NUMERIC;
    return read_exactly(reader, node, "asc");
}

static bool read_newest(struct reader *reader, const struct yaml_node *node, void *out)
{
    ((struct version_rule *)out)->policy = POLICY_NEWEST;
    return read_exactly(reader, node, "true");
}

static bool read_calendar(struct reader *reader, const struct yaml_node *node, void *out)
{
    ((struct version_rule *)out)->policy = POLICY_CALENDAR;
    return read_exactly(reader, node, "asc");
}

static bool read_digest(struct reader *reader, const struct yaml_node *node, void *out)
{
    struct version_rule *rule = out;
    rule->policy = POLICY_DIGEST;
    if (!want_scalar(reader, node, "main")) {
        return false;
    }
    rule->range = arena_strdup(reader->arena, node->text);
    return true;
}

static bool read_policy(struct reader *reader, const struct yaml_node *node, void *out)
{
    static const struct field fields[] = {
        {"semver", read_semver, false, false},
        {"alphabetical", read_alphabetical, false, false},
        {"numeric", read_numeric, false, false},
        {"newest", read_newest, false, false},
        {"calendar", read_calendar, false, false},
        {"digest", read_digest, false, false},
    };
    if (node->kind == YAML_MAPPING) {
        return read_mapping(reader, node, fields, COUNT_OF(fields), out) &&
               (node->item_count == 2 ||
                refuse(reader, node,
                       "a policy has one field; write for example {semver: \"1.x\"}"));
    }
    size_t kind = 0;
    if (!read_choice(reader, node, "policy", policy_words, COUNT_OF(policy_words), &kind)) {
        return false;
    }
    ((struct version_rule *)out)->policy = (enum policy_kind)kind;
    return true;
}

static bool read_images(struct reader *reader, const struct yaml_node *node, void *out)
{
    if (!want_scalar(reader, node, "ghcr.io/acme/*")) {
        return false;
    }
    ((struct version_rule *)out)->images = arena_strdup(reader->arena, node->text);
    return true;
}

static bool read_tags(struct reader *reader, const struct yaml_node *node, void *out)
{
    if (!want_scalar(reader, node, "\"main-[0-9]+\"")) {
        return false;
    }
    ((struct version_rule *)out)->tags = arena_strdup(reader->arena, node->text);
    return true;
}

static bool read_ignore(struct reader *reader, const struct yaml_node *node, void *out)
{
    if (!want_scalar(reader, node, "\".*-debug\"")) {
        return false;
    }
    ((struct version_rule *)out)->ignore = arena_strdup(reader->arena, node->text);
    return true;
}

/* The rule is tried here, so that a bad range shows up in this file and not at the first poll. */
static bool read_rule(struct reader *reader, const struct yaml_node *node,
                      struct version_rule *rule)
{
    static const struct field fields[] = {
        {"images", read_images, true, false},
        {"policy", read_policy, false, false},
        {"tags", read_tags, false, false},
        {"ignore", read_ignore, false, false},
    };
    *rule = (struct version_rule){.policy = POLICY_SEMVER,
                                  .range = "",
                                  .tags = "",
                                  .ignore = "",
                                  .line = node->line,
                                  .column = node->column};
    struct err why = {0};
    return read_mapping(reader, node, fields, COUNT_OF(fields), rule) &&
           (policy_check_rule(rule, &why) || refuse(reader, node, "%s", why.text));
}

static bool read_versions(struct reader *reader, const struct yaml_node *node, void *out)
{
    struct pipeline *pipeline = out;
    if (!want_sequence(reader, node, "versions: [{images: \"ghcr.io/acme/*\", policy: semver}]")) {
        return false;
    }
    if (node->item_count > PIPELINE_RULES_MAX) {
        return refuse(reader, node, "there are %zu rules; at most %d are possible",
                      node->item_count, PIPELINE_RULES_MAX);
    }
    pipeline->rule_count = node->item_count;
    pipeline->rules = arena_alloc(reader->arena, node->item_count, sizeof(*pipeline->rules));
    for (size_t i = 0; i < node->item_count; i++) {
        if (!read_rule(reader, node->items[i], &pipeline->rules[i])) {
            return false;
        }
    }
    return true;
}

/* ---- spec.imageFields ---- */

static bool is_key_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static bool read_object_kind(struct reader *reader, const struct yaml_node *node, void *out)
{
    if (!want_scalar(reader, node, "Kafka")) {
        return false;
    }
    bool is_word = node->text_length > 0;
    for (const char *at = node->text; *at; at++) {
        is_word = is_word && is_key_letter(*at);
    }
    if (!is_word || node->text_length >= NAME_BYTES) {
        return refuse(reader, node, "the kind of an object is needed here, like Kafka");
    }
    ((struct image_field *)out)->kind = arena_strdup(reader->arena, node->text);
    return true;
}

/* "pools[]": a key, and perhaps that it holds a list. */
static size_t key_length(const char *text)
{
    size_t length = 0;
    while (is_key_letter(text[length])) {
        length++;
    }
    bool is_list = length > 0 && text[length] == '[' && text[length + 1] == ']';
    return is_list ? length + 2 : length;
}

static bool read_field_path(struct reader *reader, const struct yaml_node *node, void *out)
{
    if (!want_scalar(reader, node, "spec.kafka.image")) {
        return false;
    }
    const char *at = node->text_length < PATH_BYTES ? node->text : "";
    size_t length = key_length(at);
    while (length > 0 && at[length] == '.') {
        at += length + 1;
        length = key_length(at);
    }
    if (length == 0 || at[length]) {
        return refuse(reader, node,
                      "keys with dots between them are needed here, [] behind one that holds a "
                      "list; write spec.image or spec.pools[].image");
    }
    ((struct image_field *)out)->path = arena_strdup(reader->arena, node->text);
    return true;
}

static bool read_image_fields(struct reader *reader, const struct yaml_node *node, void *out)
{
    static const struct field fields[] = {
        {"kind", read_object_kind, true, false},
        {"path", read_field_path, true, false},
    };
    struct pipeline *pipeline = out;
    if (!want_sequence(reader, node, "imageFields: [{kind: Kafka, path: spec.kafka.image}]")) {
        return false;
    }
    if (node->item_count > PIPELINE_IMAGE_FIELDS_MAX) {
        return refuse(reader, node, "there are %zu fields; at most %d are possible",
                      node->item_count, PIPELINE_IMAGE_FIELDS_MAX);
    }
    pipeline->image_field_count = node->item_count;
    pipeline->image_fields =
        arena_alloc(reader->arena, node->item_count, sizeof(*pipeline->image_fields));
    for (size_t i = 0; i < node->item_count; i++) {
        if (!read_mapping(reader, node->items[i], fields, COUNT_OF(fields),
                          &pipeline->image_fields[i])) {
            return false;
        }
    }
    return true;
}

/* ---- spec.stages ---- */

static bool read_stage_name(struct reader *reader, const struct yaml_node *node, void *out)
{
    return read_name(reader, node, "stage name", ((struct stage *)out)->name);
}

static bool read_from(struct reader *reader, const struct yaml_node *node, void *out)
{
    struct stage *stage = out;
    if (!want_sequence(reader, node, "from: [dev]")) {
        return false;
    }
    stage->from_count = node->item_count;
    stage->from = arena_alloc(reader->arena, node->item_count, sizeof(*stage->from));
    for (size_t i = 0; i < node->item_count; i++) {
        char name[NAME_BYTES];
        if (!read_name(reader, node->items[i], "stage name", name)) {
            return false;
        }
        stage->from[i] = arena_strdup(reader->arena, name);
    }
    return true;
}

static bool read_cluster(struct reader *reader, const struct yaml_node *node, void *out)
{
    return read_name(reader, node, "cluster name", ((struct target *)out)->cluster);
}

static bool read_path(struct reader *reader, const struct yaml_node *node, void *out)
{
    struct target *target = out;
    struct err why = {0};
    return want_scalar(reader, node, "clusters/dev") &&
           ((path_check("path", node->text, &why) && TEXT_COPY(target->path, node->text)) ||
            refuse(reader, node, "%s", why.text));
}

static bool read_targets(struct reader *reader, const struct yaml_node *node, void *out)
{
    static const struct field fields[] = {
        {"cluster", read_cluster, true, false},
        {"path", read_path, true, false},
        {"branch", NULL, false, true},
        {"engine", NULL, false, true},
    };
    struct stage *stage = out;
    if (!want_sequence(reader, node, "targets: [{cluster: dev, path: clusters/dev}]")) {
        return false;
    }
    if (node->item_count > PIPELINE_TARGETS_MAX) {
        return refuse(reader, node, "there are %zu targets; at most %d are possible",
                      node->item_count, PIPELINE_TARGETS_MAX);
    }
    stage->target_count = node->item_count;
    stage->targets = arena_alloc(reader->arena, node->item_count, sizeof(*stage->targets));
    for (size_t i = 0; i < node->item_count; i++) {
        stage->targets[i].line = node->items[i]->line;
        stage->targets[i].column = node->items[i]->column;
        if (!read_mapping(reader, node->items[i], fields, COUNT_OF(fields), &stage->targets[i])) {
            return false;
        }
    }
    return true;
}

static bool read_automatic(struct reader *reader, const struct yaml_node *node, void *out)
{
    return read_flag(reader, node, &((struct stage *)out)->automatic);
}

static bool read_soak(struct reader *reader, const struct yaml_node *node, void *out)
{
    struct stage *stage = out;
    struct err why = {0};
    if (!want_scalar(reader, node, "10m")) {
        return false;
    }
    if (!duration_parse(node->text, &stage->soak_ms, &why)) {
        return refuse(reader, node, "%s", why.text);
    }
    return (stage->soak_ms > 0 && stage->soak_ms <= PIPELINE_SOAK_MS_MAX) ||
           refuse(reader, node, "a soak is longer than 0 and at most 30d; remove it for none");
}

static bool read_approval_count(struct reader *reader, const struct yaml_node *node, void *out)
{
    return read_number(reader, node, PIPELINE_APPROVALS_MAX, &((struct stage *)out)->approvals);
}

static bool read_approval(struct reader *reader, const struct yaml_node *node, void *out)
{
    static const struct field fields[] = {
        {"count", read_approval_count, true, false},
        {"from", NULL, false, true},
    };
    return node->kind == YAML_MAPPING ? read_mapping(reader, node, fields, COUNT_OF(fields), out)
                                      : read_approval_count(reader, node, out);
}

/* Each gate is a mapping of one field, and stands once. */
static bool read_gates(struct reader *reader, const struct yaml_node *node, void *out)
{
    static const struct field fields[] = {
        {"soak", read_soak, false, false}, {"approval", read_approval, false, false},
        {"tests", NULL, false, true},      {"window", NULL, false, true},
        {"metric", NULL, false, true},     {"webhook", NULL, false, true},
    };
    struct stage *stage = out;
    if (!want_sequence(reader, node, "gates: [{soak: 10m}, {approval: 1}]")) {
        return false;
    }
    for (size_t i = 0; i < node->item_count; i++) {
        const struct yaml_node *gate = node->items[i];
        bool is_again = (stage->soak_ms > 0 && yaml_get(gate, "soak")) ||
                        (stage->approvals > 0 && yaml_get(gate, "approval"));
        if (is_again) {
            return refuse(reader, gate, "this stage has that gate already");
        }
        if (!read_mapping(reader, gate, fields, COUNT_OF(fields), stage)) {
            return false;
        }
        if (gate->item_count != 2) {
            return refuse(reader, gate, "a gate has one field; write {soak: 10m} or {approval: 1}");
        }
    }
    return true;
}

static bool read_on_failure(struct reader *reader, const struct yaml_node *node, void *out)
{
    static const char *const words[] = {
        [ON_FAILURE_STOP] = "stop",
        [ON_FAILURE_CONTINUE] = "continue",
        [ON_FAILURE_ROLLBACK] = "rollback",
    };
    size_t index = 0;
    if (!read_choice(reader, node, "value", words, COUNT_OF(words), &index)) {
        return false;
    }
    ((struct stage *)out)->on_failure = (enum on_failure)index;
    return true;
}

/* Waves name targets, which may stand after them in the file: see read_waves(). */
static bool read_waves_later(struct reader *reader, const struct yaml_node *node, void *out)
{
    (void)out;
    return want_sequence(reader, node, "waves: [[prod-eu], [prod-us]]");
}

static bool put_in_wave(struct reader *reader, const struct yaml_node *name, struct stage *stage,
                        size_t wave)
{
    const char *clusters[PIPELINE_TARGETS_MAX];
    if (!want_scalar(reader, name, "a cluster's name")) {
        return false;
    }
    for (size_t i = 0; i < stage->target_count; i++) {
        clusters[i] = stage->targets[i].cluster;
        if (strcmp(clusters[i], name->text) != 0) {
            continue;
        }
        if (stage->wave_of_target[i] < stage->wave_count) {
            return refuse(reader, name, "\"%s\" is in wave %zu already", clusters[i],
                          stage->wave_of_target[i] + 1);
        }
        stage->wave_of_target[i] = wave;
        return true;
    }
    return refuse_word(reader, name, "target", clusters, stage->target_count);
}

static bool read_wave(struct reader *reader, const struct yaml_node *node, struct stage *stage,
                      size_t wave)
{
    if (!want_sequence(reader, node, "waves: [[prod-eu], [prod-us]]")) {
        return false;
    }
    for (size_t i = 0; i < node->item_count; i++) {
        if (!put_in_wave(reader, node->items[i], stage, wave)) {
            return false;
        }
    }
    return true;
}

/* Without waves all targets are in one. */
static bool read_waves(struct reader *reader, const struct yaml_node *node, struct stage *stage)
{
    stage->wave_of_target =
        arena_alloc(reader->arena, stage->target_count, sizeof(*stage->wave_of_target));
    stage->wave_count = node ? node->item_count : 1;
    if (!node) {
        return true;
    }
    for (size_t i = 0; i < stage->target_count; i++) {
        stage->wave_of_target[i] = stage->wave_count; /* in none yet */
    }
    for (size_t wave = 0; wave < node->item_count; wave++) {
        if (!read_wave(reader, node->items[wave], stage, wave)) {
            return false;
        }
    }
    for (size_t i = 0; i < stage->target_count; i++) {
        if (stage->wave_of_target[i] == stage->wave_count) {
            return refuse(reader, node, "target \"%s\" is in no wave; add it to one",
                          stage->targets[i].cluster);
        }
    }
    return true;
}

static bool read_stage(struct reader *reader, const struct yaml_node *node, struct stage *stage)
{
    static const struct field fields[] = {
        {"name", read_stage_name, true, false},       {"from", read_from, false, false},
        {"targets", read_targets, true, false},       {"automatic", read_automatic, false, false},
        {"waves", read_waves_later, false, false},    {"gates", read_gates, false, false},
        {"onFailure", read_on_failure, false, false}, {"pullRequest", NULL, false, true},
    };
    stage->line = node->line;
    stage->column = node->column;
    return read_mapping(reader, node, fields, COUNT_OF(fields), stage) &&
           read_waves(reader, yaml_get(node, "waves"), stage);
}

static bool read_stages(struct reader *reader, const struct yaml_node *node, void *out)
{
    struct pipeline *pipeline = out;
    if (!want_sequence(reader, node,
                       "stages: [{name: dev, targets: [{cluster: dev, path: clusters/dev}]}]")) {
        return false;
    }
    if (node->item_count > PIPELINE_STAGES_MAX) {
        return refuse(reader, node, "there are %zu stages; at most %d are possible",
                      node->item_count, PIPELINE_STAGES_MAX);
    }
    pipeline->stage_count = node->item_count;
    pipeline->stages = arena_alloc(reader->arena, node->item_count, sizeof(*pipeline->stages));
    for (size_t i = 0; i < node->item_count; i++) {
        if (!read_stage(reader, node->items[i], &pipeline->stages[i])) {
            return false;
        }
    }
    return true;
}

/* ---- the file ---- */

static bool read_pipeline_name(struct reader *reader, const struct yaml_node *node, void *out)
{
    return read_name(reader, node, "pipeline name", ((struct pipeline *)out)->name);
}

static bool read_metadata(struct reader *reader, const struct yaml_node *node, void *out)
{
    static const struct field fields[] = {{"name", read_pipeline_name, true, false}};
    return read_mapping(reader, node, fields, COUNT_OF(fields), out);
}

static bool read_spec(struct reader *reader, const struct yaml_node *node, void *out)
{
    static const struct field fields[] = {
        {"versions", read_versions, false, false},
        {"imageFields", read_image_fields, false, false},
        {"stages", read_stages, true, false},
    };
    return read_mapping(reader, node, fields, COUNT_OF(fields), out);
}

static bool read_api_version(struct reader *reader, const struct yaml_node *node, void *out)
{
    (void)out;
    return read_exactly(reader, node, PIPELINE_API_VERSION);
}

static bool read_kind(struct reader *reader, const struct yaml_node *node, void *out)
{
    (void)out;
    return read_exactly(reader, node, "Pipeline");
}

/* The one document with something in it. */
static bool find_root(struct reader *reader, struct slice text, const struct yaml_node **out)
{
    struct yaml_document *document = NULL;
    if (!yaml_parse(reader->arena, text, &document, reader->err)) {
        return err_wrap(reader->err, "%s", reader->file);
    }
    *out = NULL;
    for (; document; document = document->next) {
        if (document->root && *out) {
            return refuse(reader, document->root, "only one document is read; remove this one");
        }
        *out = document->root ? document->root : *out;
    }
    return *out || err_set(reader->err, ERR_INVALID,
                           "%s:1:1: the file is empty; write apiVersion: " PIPELINE_API_VERSION
                           ", kind: Pipeline, metadata and spec",
                           reader->file);
}

/* What holds between the stages; the model's errors begin with the place in the file. */
static bool check_whole(struct reader *reader, const struct pipeline *pipeline)
{
    struct err why = {0};
    if (pipeline_check(pipeline, &why)) {
        return true;
    }
    bool has_place = why.text[0] >= '0' && why.text[0] <= '9';
    return err_set(reader->err, why.kind, "%.120s:%s%.380s", reader->file, has_place ? "" : " ",
                   why.text);
}

bool configrepo_pipeline(struct slice text, const char *file, struct arena *arena,
                         struct pipeline **out, struct err *err)
{
    static const struct field fields[] = {
        {"apiVersion", read_api_version, true, false},
        {"kind", read_kind, true, false},
        {"metadata", read_metadata, true, false},
        {"spec", read_spec, true, false},
    };
    struct reader reader = {file, arena, err};
    struct pipeline *pipeline = ARENA_NEW(arena, struct pipeline);
    const struct yaml_node *root = NULL;
    if (!find_root(&reader, text, &root) ||
        !read_mapping(&reader, root, fields, COUNT_OF(fields), pipeline) ||
        !check_whole(&reader, pipeline)) {
        return false;
    }
    *out = pipeline;
    return true;
}
