#include "world.h"

#include <stdlib.h>

int setup(void **state)
{
    struct world *world = xcalloc(1, sizeof(*world));
    remote_init(&world->remote);
    world->arena = arena_new();
    world->memory = configrepo_memory_new();
    *state = world;
    return 0;
}

int teardown(void **state)
{
    struct world *world = *state;
    configrepo_memory_free(&world->memory);
    git_close(&world->git);
    arena_free(&world->arena);
    remote_done(&world->remote);
    free(world);
    return 0;
}

void commit_files(struct world *world, const struct remote_file *files, size_t count)
{
    remote_commit(&world->remote, "main", files, count);
    git_close(&world->git);
    world->git = remote_fetched(&world->remote, world->head);
}
const char *workload_text(struct world *world, const char *kind, const char *name,
                          const char *image)
{
    return arena_printf(world->arena,
                        "apiVersion: apps/v1\nkind: %s\nmetadata:\n  name: %s\nspec:\n"
                        "  template:\n    spec:\n      containers:\n        - name: main\n"
                        "          image: %s\n",
                        kind, name, image);
}

const char *deployment(struct world *world, const char *name, const char *image)
{
    return workload_text(world, "Deployment", name, image);
}

bool scan_try(struct world *world, const char *path, const char *const *others, size_t count,
              struct scan **out, struct err *err)
{
    AUTO(configrepo_survey_close) struct configrepo_survey *survey = NULL;
    struct survey_request request = {
        .commit = world->head, .paths = others, .path_count = count, .memory = world->memory};
    return configrepo_survey_open(world->git, &request, &survey, err) &&
           configrepo_survey_scan(survey, path, world->arena, out, err);
}

const struct scan *scan_with(struct world *world, const char *path, const char *const *others,
                             size_t count)
{
    struct scan *scan = NULL;
    struct err err = {0};
    ASSERT_OK(scan_try(world, path, others, count, &scan, &err), err);
    return scan;
}

const struct scan *scan_of(struct world *world, const char *path)
{
    return scan_with(world, path, NULL, 0);
}

const struct place *place_of(const struct scan *scan, const char *workload)
{
    const struct scan_workload *found = scan_find(scan, workload);
    if (!found) {
        fail_msg("there is no %s: %s", workload,
                 scan->problems ? scan->problems->text : "and no problem");
    }
    assert_true(found->place_count > 0);
    return &found->places[0];
}

void expect_image(const struct place *place, const char *wanted)
{
    AUTO_STR(text, IMAGE_TEXT_BYTES);
    image_format(&place->image, &text);
    assert_string_equal(text.text, wanted);
}

void expect_blocked(const struct place *place, const char *part)
{
    if (!place->blocked || !strstr(place->blocked, part)) {
        fail_msg("blocked: \"%s\" does not say \"%s\"", place->blocked ? place->blocked : "no",
                 part);
    }
}

void expect_problem(const struct scan *scan, const char *file, unsigned line, const char *part)
{
    for (const struct manifest_problem *problem = scan->problems; problem;
         problem = problem->next) {
        if (strcmp(problem->file, file) == 0 && problem->line == line &&
            strstr(problem->text, part)) {
            return;
        }
    }
    fail_msg("no problem at %s:%u says \"%s\"; the first: %s:%u %s", file, line, part,
             scan->problems ? scan->problems->file : "none",
             scan->problems ? scan->problems->line : 0, scan->problems ? scan->problems->text : "");
}

struct version_change change_to(const char *path, const char *workload, const char *tag)
{
    struct version_change change = {.path = path, .workload = workload, .container = "main"};
    TEXT_COPY_CUT(change.to.repository, "registry.test/any");
    TEXT_COPY_CUT(change.to.tag, tag);
    TEXT_COPY_CUT(change.to.digest, NEW_DIGEST);
    return change;
}

struct commit_request request_for(const struct world *world, const struct version_change *changes,
                                  size_t count)
{
    return (struct commit_request){.base = world->head,
                                   .changes = changes,
                                   .change_count = count,
                                   .message = "promote\n\nHeddle-Release: R-1\n",
                                   .author = "ada",
                                   .when_ms = WHEN_MS,
                                   .pin = PIN_ALWAYS};
}

bool commit(struct world *world, const struct commit_request *request, struct draft_commit *draft,
            struct err *err)
{
    return configrepo_commit(world->git, world->memory, request, draft, err);
}

/* Promote one workload and expect the file's new bytes. */
void expect_edit(struct world *world, struct version_change change, const char *file,
                 const char *wanted)
{
    struct commit_request request = request_for(world, &change, 1);
    struct draft_commit draft;
    struct err err = {0};
    AUTO_STR(bytes, 100000);
    ASSERT_OK(commit(world, &request, &draft, &err), err);
    ASSERT_OK(git_read_path(world->git, draft.oid, file, &bytes, &err), err);
    assert_string_equal(bytes.text, wanted);
}

/* Make the commit and expect the bytes of one of its files, the only one that it changes. */
void expect_files(struct world *world, const struct commit_request *request, const char *file,
                  const char *wanted)
{
    struct draft_commit draft;
    struct err err = {0};
    const char **paths = NULL;
    size_t count = 0;
    AUTO_STR(bytes, 100000);
    ASSERT_OK(commit(world, request, &draft, &err), err);
    ASSERT_OK(git_read_path(world->git, draft.oid, file, &bytes, &err), err);
    assert_string_equal(bytes.text, wanted);
    ASSERT_OK(
        git_changed_paths(world->git, world->head, draft.oid, world->arena, &paths, &count, &err),
        err);
    assert_int_equal(count, 1);
}

void expect_refused(struct world *world, struct version_change change, enum err_kind kind,
                    const char *part)
{
    struct commit_request request = request_for(world, &change, 1);
    struct draft_commit draft;
    struct err err = {0};
    ASSERT_FAILS(commit(world, &request, &draft, &err), err, kind, part);
}

/* ---- one container of a workload, with other targets beside its own ---- */

struct version_change change_in(const char *workload, const char *container, const char *tag)
{
    struct version_change change = change_to("dev", workload, tag);
    change.container = container;
    change.to.digest[0] = '\0';
    return change;
}

void expect_changed(struct world *world, struct version_change change, const char *file,
                    const char *wanted)
{
    static const char *const both[] = {"dev", "prod"};
    struct commit_request request = request_for(world, &change, 1);
    request.all_paths = both;
    request.all_path_count = COUNT_OF(both);
    expect_files(world, &request, file, wanted);
}

const struct place *place_named(const struct scan *scan, const char *workload,
                                const char *container)
{
    const struct scan_workload *found = scan_find(scan, workload);
    if (!found) {
        fail_msg("there is no %s: %s", workload,
                 scan->problems ? scan->problems->text : "no problem");
    }
    for (size_t i = 0; i < found->place_count; i++) {
        if (strcmp(found->places[i].container, container) == 0) {
            return &found->places[i];
        }
    }
    fail_msg("there is no place %s", container);
    return NULL;
}
