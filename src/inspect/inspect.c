#include "inspect/inspect.h"

#include <string.h>

#include "inspect/internal.h"

void inspector_problem(struct inspector *inspector, const char *file, unsigned line,
                       const char *text)
{
    struct manifest_problem *problem = ARENA_NEW(inspector->arena, struct manifest_problem);
    problem->file = arena_strdup(inspector->arena, file);
    problem->line = line;
    problem->text = arena_strdup(inspector->arena, text);
    *inspector->problems_end = problem;
    inspector->problems_end = &problem->next;
}

bool inspector_parse(struct inspector *inspector, const char *path, struct arena *arena,
                     struct slice *out_text, struct yaml_document **out_documents, struct err *err)
{
    *out_documents = NULL;
    return inspector->tree->read(inspector->tree->context, path, arena, out_text, err) &&
           yaml_parse(arena, *out_text, out_documents, err);
}

static void free_all(struct inspector *inspector)
{
    VEC_EACH (struct found_file *, file, &inspector->files) {
        VEC_DONE(&(*file)->targets);
        VEC_DONE(&(*file)->parents);
    }
    VEC_DONE(&inspector->files);
    VEC_DONE(&inspector->folder_list);
    VEC_DONE(&inspector->targets);
    VEC_DONE(&inspector->places);
    map_done(&inspector->by_path);
    map_done(&inspector->folders);
    map_done(&inspector->values_files);
    map_done(&inspector->remotes);
    map_done(&inspector->generated);
}

static void hand_over(struct inspector *inspector)
{
    struct inspection *result = inspector->result;
    result->target_count = inspector->targets.count;
    result->targets =
        arena_alloc(inspector->arena, result->target_count + 1, sizeof(*result->targets));
    result->place_count = inspector->places.count;
    result->places =
        arena_alloc(inspector->arena, result->place_count + 1, sizeof(*result->places));
    if (result->target_count) {
        memcpy(result->targets, inspector->targets.items,
               result->target_count * sizeof(*result->targets));
    }
    if (result->place_count) {
        memcpy(result->places, inspector->places.items,
               result->place_count * sizeof(*result->places));
    }
}

bool inspect_all(const struct manifest_tree *tree, bool is_check, struct arena *arena,
                 struct inspection **out, struct err *err)
{
    struct inspector inspector = {.tree = tree,
                                  .arena = arena,
                                  .result = ARENA_NEW(arena, struct inspection),
                                  .is_check = is_check};
    inspector.problems_end = &inspector.result->problems;
    inspector.remotes_end = &inspector.result->remotes;
    bool done = find_files(&inspector, err) && find_targets(&inspector, err);
    if (done) {
        find_reach(&inspector);
        find_places(&inspector);
        hand_over(&inspector);
        *out = inspector.result;
    }
    free_all(&inspector);
    return done;
}

bool inspect_tree(const struct manifest_tree *tree, struct arena *arena, struct inspection **out,
                  struct err *err)
{
    return inspect_all(tree, false, arena, out, err);
}
