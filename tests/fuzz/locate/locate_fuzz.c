/* A repository of one file of any kind: what is found lies where it says it lies, adds up to what
   is written, and is set to another version or refused; doing it again changes nothing. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/inspect.h"

#define IMAGES_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* The first byte says what the file is called. */
static const char *const names[] = {"pod.yaml", "kustomization.yaml", "values.yaml", "Chart.yaml",
                                    "app.json"};

static const char pipeline[] =
    "apiVersion: heddle.dev/v1\nkind: Pipeline\nmetadata: {name: p}\nspec:\n"
    "  imageFields: [{kind: My, path: spec.image}, {kind: My, path: \"spec.list[]\"}]\n"
    "  stages: [{name: dev, targets: [{cluster: dev, path: dev}]}]\n";

struct repository {
    const char *name;
    struct slice text;
};

static bool read_file(void *context, const char *path, struct arena *arena, struct slice *out,
                      struct err *err)
{
    const struct repository *repository = context;
    (void)arena;
    if (strcmp(path, "heddle.yaml") == 0) {
        *out = slice_of(pipeline);
        return true;
    }
    *out = repository->text;
    return strncmp(path, "dev/", 4) == 0 && strcmp(path + 4, repository->name) == 0
               ? true
               : err_set(err, ERR_NOT_FOUND, "there is no such file");
}

static bool list_folder(void *context, const char *folder, struct arena *arena,
                        struct manifest_entry **out, size_t *out_count, struct err *err)
{
    const struct repository *repository = context;
    struct manifest_entry *entries = arena_alloc(arena, 2, sizeof(*entries));
    bool is_root = folder[0] == '\0';
    *out = entries;
    *out_count = 1;
    entries[0] = is_root ? (struct manifest_entry){"dev", true, ""}
                         : (struct manifest_entry){repository->name, false, ""};
    if (is_root) {
        entries[(*out_count)++] = (struct manifest_entry){"heddle.yaml", false, ""};
    }
    return is_root || strcmp(folder, "dev") == 0 ||
           err_set(err, ERR_NOT_FOUND, "there is no such folder");
}

static const char *no_oid(void *context, const char *path, struct arena *arena)
{
    (void)context;
    (void)path;
    (void)arena;
    return "";
}

static void check_places(const struct inspection *inspection)
{
    const struct inspect_place *before = NULL;
    for (size_t i = 0; i < inspection->place_count; i++) {
        const struct inspect_place *place = &inspection->places[i];
        assert(place->at.line >= 1 && place->at.column >= 1);
        assert(place->at.image && place->at.tag && place->at.digest && place->at.value);
        if (before && before->file == place->file) {
            assert(before->at.line < place->at.line ||
                   (before->at.line == place->at.line && before->at.column <= place->at.column));
        }
        before = place;
    }
}

static size_t count_wrong(const struct inspection *inspection, const struct inspect_wish *wish)
{
    size_t count = 0;
    for (size_t i = 0; i < inspection->place_count; i++) {
        const struct locate_place *at = &inspection->places[i].at;
        bool is_meant = at->form != LOCATE_CHART && strcmp(at->image, wish->image) == 0;
        count += is_meant && strcmp(at->tag, wish->tag) != 0;
    }
    return count;
}

static void set_image(const struct manifest_tree *tree, const struct repository *repository,
                      const struct inspection *inspection, const char *image)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct inspect_wish wish = {.image = image, .tag = "9.9", .digest = ""};
    struct inspect_outcome outcome = {0};
    struct err err = {0};
    if (!inspect_change(tree, inspection, &wish, arena, &outcome, &err) ||
        outcome.edit_count == 0 || outcome.refusal_count > 0) {
        return;
    }
    struct repository changed = {repository->name, outcome.edits[0].after};
    struct manifest_tree next = *tree;
    struct inspection *after = NULL;
    next.context = &changed;
    assert(outcome.edit_count == 1);
    assert(inspect_tree(&next, arena, &after, &err));
    assert(!after->problems);
    assert(count_wrong(after, &wish) == 0);
    assert(inspect_change(&next, after, &wish, arena, &outcome, &err));
    assert(outcome.edit_count == 0 && outcome.refusal_count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    if (length < 1 || length > 20000) {
        return 0;
    }
    AUTO(arena_free) struct arena *arena = arena_new();
    struct repository repository = {names[bytes[0] % COUNT_OF(names)],
                                    {(const char *)bytes + 1, length - 1}};
    struct manifest_tree tree = {read_file, list_folder, no_oid, &repository};
    struct inspection *inspection = NULL;
    struct inspect_finding *findings = NULL;
    size_t count = 0;
    struct err err = {0};
    assert(inspect_tree(&tree, arena, &inspection, &err));
    check_places(inspection);
    for (size_t i = 0; i < inspection->place_count && i < IMAGES_MAX; i++) {
        set_image(&tree, &repository, inspection, inspection->places[i].at.image);
    }
    assert(inspect_check(&tree, arena, &inspection, &findings, &count, &err) || err.text[0]);
    for (size_t i = 0; i < count; i++) {
        assert(findings[i].message[0] && findings[i].file[0]);
    }
    return 0;
}
