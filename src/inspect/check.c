/* check: what is wrong with a repository, or will be at its first promotion. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/checker.h"

const struct inspect_rule inspect_rules[] = {
    [RULE_PIPELINE_INVALID] = {"pipeline-invalid", INSPECT_ERROR, "heddle.yaml cannot be used"},
    [RULE_TARGET_MISSING] = {"target-missing", INSPECT_ERROR, "A target's folder does not exist"},
    [RULE_TARGET_EMPTY] = {"target-empty", INSPECT_ERROR, "A target's folder holds no manifest"},
    [RULE_LATER_STAGE_ONLY] = {"later-stage-only", INSPECT_WARNING,
                               "A workload is in no stage that versions come from"},
    [RULE_YAML_INVALID] = {"yaml-invalid", INSPECT_ERROR, "A file is not YAML"},
    [RULE_DUPLICATE_KEY] = {"duplicate-key", INSPECT_ERROR, "A key stands twice in a mapping"},
    [RULE_KUSTOMIZATION_INVALID] = {"kustomization-invalid", INSPECT_ERROR,
                                    "A kustomization cannot be used"},
    [RULE_KUSTOMIZE_NEEDED] = {"kustomize-needed", INSPECT_WARNING,
                               "A kustomization needs the kustomize program"},
    [RULE_SHARED_IMAGE] = {"shared-image", INSPECT_WARNING, "Several targets share one version"},
    [RULE_MUTABLE_TAG] = {"mutable-tag", INSPECT_WARNING, "An image has a tag that moves, or none"},
    [RULE_ENCRYPTED] = {"encrypted", INSPECT_WARNING, "An encrypted file holds a version"},
    [RULE_NOT_EDITABLE] = {"not-editable", INSPECT_WARNING,
                           "A version stands where it cannot be changed"},
};
_Static_assert(COUNT_OF(inspect_rules) == RULE_COUNT, "a row for each rule");
const size_t inspect_rule_count = COUNT_OF(inspect_rules);

void checker_add(struct checker *checker, enum rule rule, struct spot spot, const char *remedy,
                 const char *fmt, ...)
{
    AUTO_STR(message, 2048);
    va_list args;
    va_start(args, fmt);
    str_addv(&message, fmt, args);
    va_end(args);
    *VEC_ADD(&checker->findings) = (struct inspect_finding){
        .rule = &inspect_rules[rule],
        .file = spot.file,
        .line = spot.line,
        .column = spot.column,
        .message = arena_strdup(checker->arena, message.text),
        .remedy = remedy,
    };
}

/* A word and a number behind it; `at` then stands behind both. */
static bool read_number(const char **at, const char *word, unsigned *out)
{
    size_t length = strlen(word);
    if (strncmp(*at, word, length) != 0 || !isdigit((unsigned char)(*at)[length])) {
        return false;
    }
    char *end = NULL;
    *out = (unsigned)strtoul(*at + length, &end, 10);
    *at = end;
    return true;
}

/* "line 3, column 5: ", "line 3: " or "3:5: " in front of a text: how long it is, and the place. */
static size_t read_place(const char *text, struct spot *spot)
{
    const char *at = text;
    struct spot found = *spot;
    bool is_place = read_number(&at, "line ", &found.line);
    if (is_place) {
        (void)read_number(&at, ", column ", &found.column);
    } else {
        is_place = read_number(&at, "", &found.line) && read_number(&at, ":", &found.column);
    }
    if (!is_place || strncmp(at, ": ", 2) != 0) {
        return 0;
    }
    *spot = found;
    return (size_t)(at - text) + 2;
}

void checker_add_text(struct checker *checker, enum rule rule, struct spot spot, const char *text)
{
    text += read_place(text, &spot);
    size_t length = strlen(text);
    const char *end = strstr(text, "; ");
    bool has_brackets = !end && length > 0 && text[length - 1] == ')';
    end = has_brackets ? strstr(text, " (") : end;
    const char *remedy =
        end ? arena_strndup(checker->arena, end + 2, strlen(end + 2) - has_brackets) : "";
    checker_add(checker, rule, spot, remedy, "%.*s", (int)(end ? (size_t)(end - text) : length),
                text);
}

bool checker_is_used(const struct checker *checker, const struct inspect_file *file)
{
    return file->target_count > 0 || checker->inspection->target_count == 0;
}

bool checker_is_used_path(const struct checker *checker, const char *path)
{
    const struct inspect_file *file = inspection_file(checker->inspection, path);
    return !file || checker_is_used(checker, file);
}

static int by_place(const void *left, const void *right)
{
    const struct inspect_finding *a = left;
    const struct inspect_finding *b = right;
    int order = strcmp(a->file, b->file);
    if (order == 0 && a->line != b->line) {
        order = a->line < b->line ? -1 : 1;
    }
    if (order == 0 && a->column != b->column) {
        order = a->column < b->column ? -1 : 1;
    }
    if (order == 0 && a->rule != b->rule) {
        order = a->rule < b->rule ? -1 : 1;
    }
    return order ? order : strcmp(a->message, b->message);
}

/* One place is against one rule once, whatever there is to say about it; but a mapping of
   heddle.yaml can lack several fields. */
static bool is_same(const struct inspect_finding *a, const struct inspect_finding *b)
{
    bool is_place = strcmp(a->file, b->file) == 0 && a->line == b->line && a->column == b->column;
    return is_place && a->rule == b->rule &&
           (a->rule != &inspect_rules[RULE_PIPELINE_INVALID] ||
            strcmp(a->message, b->message) == 0);
}

static void hand_over(struct checker *checker, struct inspect_finding **out, size_t *out_count)
{
    size_t kept = 0;
    sort_items(checker->findings.items, checker->findings.count, sizeof(struct inspect_finding),
               by_place);
    *out = arena_alloc(checker->arena, checker->findings.count + 1, sizeof(**out));
    VEC_EACH (const struct inspect_finding, finding, &checker->findings) {
        if (kept == 0 || !is_same(&(*out)[kept - 1], finding)) {
            (*out)[kept++] = *finding;
        }
    }
    *out_count = kept;
}

bool inspect_check(const struct manifest_tree *tree, struct arena *arena,
                   struct inspection **out_inspection, struct inspect_finding **out,
                   size_t *out_count, struct err *err)
{
    struct checker checker = {.tree = tree, .arena = arena};
    if (!inspect_all(tree, true, arena, out_inspection, err)) {
        return false;
    }
    checker.inspection = *out_inspection;
    check_pipeline(&checker);
    check_files(&checker);
    bool done = check_places(&checker, err);
    hand_over(&checker, out, out_count);
    VEC_DONE(&checker.findings);
    return done;
}
