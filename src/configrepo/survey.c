#include "configrepo/survey.h"

#include <string.h>

/* A tree that shows which files a path reads, and of manifests nothing but that they are there:
   the kustomizations alone say what is read. */
struct skim {
    struct configrepo_survey *survey;
    const char *path;
};

static void note_user(struct skim *skim, const char *file)
{
    void **place = table_place(&skim->survey->users, file);
    const struct user *newest = *place;
    if (newest && strcmp(newest->path, skim->path) == 0) {
        return;
    }
    struct user *user = ARENA_NEW(skim->survey->arena, struct user);
    user->path = skim->path;
    user->next = *place;
    *place = user;
}

/* Who asks for the identity of a file uses it, even where it is known what the file gives.  A
   manifest has none here: what is remembered of it must not be the nothing that is shown. */
static const char *skim_oid(void *context, const char *path, struct arena *arena)
{
    struct skim *skim = context;
    struct manifest_tree tree = commit_tree_face(skim->survey->tree);
    const struct git_entry *entry = commit_tree_entry(skim->survey->tree, path);
    if (entry && entry->kind == GIT_FILE) {
        note_user(skim, path);
    }
    return kustomization_is_path(path) ? tree.oid(tree.context, path, arena) : "";
}

static bool skim_read(void *context, const char *path, struct arena *arena, struct slice *out,
                      struct err *err)
{
    struct skim *skim = context;
    struct commit_tree *tree = skim->survey->tree;
    const struct git_entry *entry = commit_tree_entry(tree, path);
    if (entry && entry->kind == GIT_FILE) {
        note_user(skim, path);
        if (!kustomization_is_path(path)) {
            *out = (struct slice){"", 0};
            return true;
        }
    }
    struct manifest_tree face = commit_tree_face(tree);
    return face.read(face.context, path, arena, out, err);
}

static bool skim_list(void *context, const char *folder, struct arena *arena,
                      struct manifest_entry **out, size_t *out_count, struct err *err)
{
    const struct skim *skim = context;
    struct manifest_tree tree = commit_tree_face(skim->survey->tree);
    return tree.list(tree.context, folder, arena, out, out_count, err);
}

/* The same with all that the files say: objects in them name files, too. */
static bool note_read(void *context, const char *path, struct arena *arena, struct slice *out,
                      struct err *err)
{
    struct skim *skim = context;
    struct manifest_tree face = commit_tree_face(skim->survey->tree);
    note_user(skim, path);
    return face.read(face.context, path, arena, out, err);
}

static const char *note_oid(void *context, const char *path, struct arena *arena)
{
    struct skim *skim = context;
    struct manifest_tree face = commit_tree_face(skim->survey->tree);
    const char *oid = face.oid(face.context, path, arena);
    if (oid[0]) {
        note_user(skim, path);
    }
    return oid;
}

static bool is_known(const char *const *paths, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(paths[i], path) == 0) {
            return true;
        }
    }
    return false;
}

/* A path that is missing or broken uses nothing; its own scan says so. */
static bool skim_path(struct configrepo_survey *survey, const char *path,
                      const struct manifest_tree *by, struct err *err)
{
    struct skim *skim = ARENA_NEW(survey->arena, struct skim);
    *skim = (struct skim){survey, path};
    struct manifest_tree tree = *by;
    tree.context = skim;
    tree.memory = commit_tree_face(survey->tree).memory;
    struct walk *walk = NULL;
    struct err ignored = {0};
    survey->is_skimming = true;
    bool is_walked = walk_path(survey, path, &tree, &walk, &ignored);
    survey->is_skimming = false;
    if (is_walked || survey->tree->failure.kind == ERR_NONE) {
        return true;
    }
    *err = ignored;
    return false;
}

struct configrepo_survey *survey_new(struct git *git, const char *commit,
                                     struct configrepo_memory *memory, struct arena *arena)
{
    struct configrepo_survey *survey = ARENA_NEW(arena, struct configrepo_survey);
    survey->arena = arena;
    survey->tree = commit_tree_new(git, commit, memory, arena);
    table_init(&survey->users, arena);
    return survey;
}

bool survey_add_users(struct configrepo_survey *survey, const char *const *paths, size_t count,
                      struct err *err)
{
    static const struct manifest_tree skimming = {skim_read, skim_list, skim_oid, NULL, NULL};
    survey->paths = arena_alloc(survey->arena, count + 1, sizeof(*survey->paths));
    for (size_t i = 0; i < count; i++) {
        if (!is_known(paths, i, paths[i])) {
            survey->paths[survey->path_count++] = arena_strdup(survey->arena, paths[i]);
        }
    }
    for (size_t i = 0; i < survey->path_count; i++) {
        if (!skim_path(survey, survey->paths[i], &skimming, err)) {
            return false;
        }
    }
    return true;
}

bool survey_add_named(struct configrepo_survey *survey, struct err *err)
{
    static const struct manifest_tree noting = {note_read, skim_list, note_oid, NULL, NULL};
    bool is_first = !survey->has_named && !survey->is_skimming;
    survey->has_named = survey->has_named || is_first;
    for (size_t i = 0; is_first && i < survey->path_count; i++) {
        if (!skim_path(survey, survey->paths[i], &noting, err)) {
            return false;
        }
    }
    return true;
}

const char *survey_other_user(const struct configrepo_survey *survey, const char *file,
                              const char *path)
{
    const char *other = NULL;
    for (const struct user *user = table_get(&survey->users, file); user; user = user->next) {
        /* The first by name, so that the words do not depend on the order of targets. */
        if (strcmp(user->path, path) != 0 && (!other || strcmp(user->path, other) < 0)) {
            other = user->path;
        }
    }
    return other;
}

bool configrepo_survey_open(struct git *git, const struct survey_request *request,
                            struct configrepo_survey **out, struct err *err)
{
    if (request->memory) {
        configrepo_memory_trim(request->memory);
    }
    AUTO(configrepo_survey_close)
    struct configrepo_survey *survey =
        survey_new(git, request->commit, request->memory, arena_new());
    survey->fields = (struct field_list){request->fields, request->field_count};
    survey->charts = request->charts;
    if (!survey_add_users(survey, request->paths, request->path_count, err)) {
        return false;
    }
    *out = TAKE(survey);
    return true;
}

void configrepo_survey_close(struct configrepo_survey **survey)
{
    if (*survey) {
        struct arena *arena = (*survey)->arena; /* the survey itself lives in it */
        *survey = NULL;
        arena_free(&arena);
    }
}

bool configrepo_survey_scan(struct configrepo_survey *survey, const char *path, struct arena *arena,
                            struct scan **out, struct err *err)
{
    struct walk *walk = NULL;
    struct manifest_tree tree = commit_tree_face(survey->tree);
    return walk_path(survey, path, &tree, &walk, err) && scan_of_walk(walk, arena, out, err);
}
