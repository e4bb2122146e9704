#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "configrepo/reader.h"

#define PIPELINE_API_VERSION "heddle.dev/v1"

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
    bool good = true;
    for (size_t i = 0; i < node->item_count; i++) {
        good = read_mapping(reader, node->items[i], fields, COUNT_OF(fields),
                            &pipeline->image_fields[i]) &&
               good;
    }
    return good;
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
    bool good = true;
    for (size_t i = 0; i < node->item_count; i++) {
        char name[NAME_BYTES] = "";
        good = read_name(reader, node->items[i], "stage name", name) && good;
        stage->from[i] = arena_strdup(reader->arena, name);
    }
    return good;
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

/* The branches of that name are for pull requests, and come and go. */
#define PULL_BRANCH_PREFIX "heddle/"

static bool read_branch(struct reader *reader, const struct yaml_node *node, void *out)
{
    struct target *target = out;
    struct err why = {0};
    if (!want_scalar(reader, node, "env/prod")) {
        return false;
    }
    if (strncmp(node->text, PULL_BRANCH_PREFIX, strlen(PULL_BRANCH_PREFIX)) == 0) {
        return refuse(reader, node,
                      "branches that begin with " PULL_BRANCH_PREFIX " are heddle's own, for pull "
                      "requests; name another one");
    }
    return (git_check_branch(node->text, &why) && TEXT_COPY(target->branch, node->text)) ||
           refuse(reader, node, "%s", why.text);
}

static bool read_repository(struct reader *reader, const struct yaml_node *node, void *out)
{
    return read_name(reader, node, "repository name", ((struct target *)out)->repository);
}

static bool read_targets(struct reader *reader, const struct yaml_node *node, void *out)
{
    static const struct field fields[] = {
        {"cluster", read_cluster, true, false}, {"path", read_path, true, false},
        {"branch", read_branch, false, false},  {"repository", read_repository, false, false},
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
    bool good = true;
    for (size_t i = 0; i < node->item_count; i++) {
        struct target *target = &stage->targets[i];
        target->line = node->items[i]->line;
        target->column = node->items[i]->column;
        good = read_mapping(reader, node->items[i], fields, COUNT_OF(fields), target) && good;
    }
    return good;
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

static bool is_again(const struct stage *stage, const struct yaml_node *gate)
{
    return (stage->soak_ms > 0 && yaml_get(gate, "soak")) ||
           (stage->approvals > 0 && yaml_get(gate, "approval"));
}

/* Each gate is a mapping of one field, and stands once. */
static bool read_gates(struct reader *reader, const struct yaml_node *node, void *out)
{
    static const struct field fields[] = {
        {"soak", read_soak, false, false}, {"approval", read_approval, false, false},
        {"tests", NULL, false, true},      {"window", NULL, false, true},
        {"metric", NULL, false, true},     {"webhook", NULL, false, true},
    };
    if (!want_sequence(reader, node, "gates: [{soak: 10m}, {approval: 1}]")) {
        return false;
    }
    bool good = true;
    for (size_t i = 0; i < node->item_count; i++) {
        const struct yaml_node *gate = node->items[i];
        if (is_again(out, gate)) {
            good = refuse(reader, gate, "this stage has that gate already");
        } else if (!read_mapping(reader, gate, fields, COUNT_OF(fields), out)) {
            good = false;
        } else if (gate->item_count != 2) {
            good = refuse(reader, gate, "a gate has one field; write {soak: 10m} or {approval: 1}");
        }
    }
    return good;
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
    bool good = true;
    for (size_t i = 0; i < node->item_count; i++) {
        good = put_in_wave(reader, node->items[i], stage, wave) && good;
    }
    return good;
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
    bool good = true;
    for (size_t wave = 0; wave < node->item_count; wave++) {
        good = read_wave(reader, node->items[wave], stage, wave) && good;
    }
    for (size_t i = 0; good && i < stage->target_count; i++) {
        if (stage->wave_of_target[i] == stage->wave_count) {
            good = refuse(reader, node, "target \"%s\" is in no wave; add it to one",
                          stage->targets[i].cluster);
        }
    }
    return good;
}

static bool read_pull_mode(struct reader *reader, const struct yaml_node *node,
                           enum pull_mode when_true, enum pull_mode when_false, void *out)
{
    bool is_true = false;
    bool is_read = read_flag(reader, node, &is_true);
    ((struct stage *)out)->pull_mode = is_true ? when_true : when_false;
    return is_read;
}

static bool read_merge(struct reader *reader, const struct yaml_node *node, void *out)
{
    return read_pull_mode(reader, node, PULL_MODE_MERGE, PULL_MODE_WAIT, out);
}

/* true, false, or {merge: true}. */
static bool read_pull_request(struct reader *reader, const struct yaml_node *node, void *out)
{
    static const struct field fields[] = {{"merge", read_merge, true, false}};
    return node->kind == YAML_MAPPING
               ? read_mapping(reader, node, fields, COUNT_OF(fields), out)
               : read_pull_mode(reader, node, PULL_MODE_WAIT, PULL_MODE_NONE, out);
}

static bool read_stage(struct reader *reader, const struct yaml_node *node, struct stage *stage)
{
    static const struct field fields[] = {
        {"name", read_stage_name, true, false},
        {"from", read_from, false, false},
        {"targets", read_targets, true, false},
        {"automatic", read_automatic, false, false},
        {"waves", read_waves_later, false, false},
        {"gates", read_gates, false, false},
        {"onFailure", read_on_failure, false, false},
        {"pullRequest", read_pull_request, false, false},
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
    bool good = true;
    for (size_t i = 0; i < node->item_count; i++) {
        good = read_stage(reader, node->items[i], &pipeline->stages[i]) && good;
    }
    return good;
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

static bool read_pin(struct reader *reader, const struct yaml_node *node, void *out)
{
    static const char *const words[] = {
        [PIN_KEEP] = "keep", [PIN_ALWAYS] = "always", [PIN_NEVER] = "never"};
    size_t index = 0;
    if (!read_choice(reader, node, "value", words, COUNT_OF(words), &index)) {
        return false;
    }
    ((struct pipeline *)out)->pin = (enum pin)index;
    return true;
}

static bool read_spec(struct reader *reader, const struct yaml_node *node, void *out)
{
    static const struct field fields[] = {
        {"versions", read_versions, false, false},
        {"pin", read_pin, false, false},
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

static bool refuse_whole(struct reader *reader, unsigned line, unsigned column, const char *text)
{
    const struct yaml_node place = {.line = line, .column = column};
    return refuse(reader, &place, "%s", text);
}

/* A word and the number behind it, at *text; moves behind them. */
static bool take_number(const char **text, const char *word, unsigned *out)
{
    size_t length = strlen(word);
    char *end = NULL;
    if (strncmp(*text, word, length) != 0) {
        return false;
    }
    *out = (unsigned)strtoul(*text + length, &end, 10);
    *text = end;
    return true;
}

/* yaml's errors begin with their own place, "line 3, column 5: ". */
static bool refuse_text(struct reader *reader, const struct err *why)
{
    const char *text = why->text;
    unsigned line = 1;
    unsigned column = 1;
    if (take_number(&text, "line ", &line)) {
        (void)take_number(&text, ", column ", &column);
        text += strspn(text, ": ");
    }
    return refuse_whole(reader, line ? line : 1, column ? column : 1, text);
}

/* The one document with something in it. */
static bool find_root(struct reader *reader, struct slice text, const struct yaml_node **out)
{
    struct yaml_document *document = NULL;
    struct err why = {0};
    if (!yaml_parse(reader->arena, text, &document, &why)) {
        return refuse_text(reader, &why);
    }
    *out = NULL;
    for (; document; document = document->next) {
        if (document->root && *out) {
            return refuse(reader, document->root, "only one document is read; remove this one");
        }
        *out = document->root ? document->root : *out;
    }
    return *out || refuse_whole(reader, 1, 1,
                                "the file is empty; write apiVersion: " PIPELINE_API_VERSION
                                ", kind: Pipeline, metadata and spec");
}

/* What holds between the stages. */
static void say(void *reader, const struct stage *stage, const char *text)
{
    bool has_place = stage && stage->line > 0;
    (void)refuse_whole(reader, has_place ? stage->line : 1, has_place ? stage->column : 1, text);
}

static int by_place(const void *left, const void *right)
{
    const struct pipeline_trouble *a = left;
    const struct pipeline_trouble *b = right;
    if (a->line != b->line) {
        return a->line < b->line ? -1 : 1;
    }
    return a->column < b->column ? -1 : a->column > b->column;
}

bool configrepo_pipeline_troubles(struct slice text, struct arena *arena, struct pipeline **out,
                                  struct pipeline_trouble **out_troubles, size_t *out_count)
{
    static const struct field fields[] = {
        {"apiVersion", read_api_version, true, false},
        {"kind", read_kind, true, false},
        {"metadata", read_metadata, true, false},
        {"spec", read_spec, true, false},
    };
    struct reader reader = {.arena = arena};
    struct pipeline *pipeline = ARENA_NEW(arena, struct pipeline);
    const struct yaml_node *root = NULL;
    bool good = find_root(&reader, text, &root) &&
                read_mapping(&reader, root, fields, COUNT_OF(fields), pipeline) &&
                pipeline_check_all(pipeline, say, &reader);
    size_t count = reader.troubles.count;
    sort_items(reader.troubles.items, count, sizeof(struct pipeline_trouble), by_place);
    *out = good ? pipeline : NULL;
    *out_count = count;
    *out_troubles = arena_alloc(arena, count + 1, sizeof(**out_troubles));
    if (count > 0) {
        memcpy(*out_troubles, reader.troubles.items, count * sizeof(**out_troubles));
    }
    VEC_DONE(&reader.troubles);
    return good;
}

bool configrepo_pipeline(struct slice text, const char *file, struct arena *arena,
                         struct pipeline **out, struct err *err)
{
    struct pipeline *pipeline = NULL;
    struct pipeline_trouble *troubles = NULL;
    size_t count = 0;
    if (configrepo_pipeline_troubles(text, arena, &pipeline, &troubles, &count)) {
        *out = pipeline;
        return true;
    }
    err_set(err, ERR_INVALID, "%.120s:%u:%u: %.320s", file, troubles[0].line, troubles[0].column,
            troubles[0].text);
    if (count > 1) {
        struct err first = *err;
        err_set(err, ERR_INVALID, "%.450s (and %zu more; heddle check lists them)", first.text,
                count - 1);
    }
    return false;
}
