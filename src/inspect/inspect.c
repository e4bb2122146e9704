#include "inspect/inspect.h"

#include <stdlib.h>
#include <string.h>

#include "inspect/internal.h"

static struct manifest_problem **add_at(struct inspector *inspector, struct manifest_problem **end,
                                        const char *file, unsigned line, const char *text)
{
    struct manifest_problem *problem = ARENA_NEW(inspector->arena, struct manifest_problem);
    problem->file = arena_strdup(inspector->arena, file);
    problem->line = line;
    problem->text = arena_strdup(inspector->arena, text);
    *end = problem;
    return &problem->next;
}

void inspector_problem(struct inspector *inspector, const char *file, unsigned line,
                       const char *text)
{
    inspector->problems_end = add_at(inspector, inspector->problems_end, file, line, text);
}

void inspector_unknown(struct inspector *inspector, const char *file, unsigned line,
                       const char *text)
{
    const char *key = arena_printf(inspector->arena, "%s:%u %s", file, line, text);
    if (!map_set(&inspector->unknowns, key, inspector)) {
        inspector->unknowns_end = add_at(inspector, inspector->unknowns_end, file, line, text);
    }
}

static int file_by_path(const void *path, const void *file)
{
    return strcmp(path, ((const struct inspect_file *)file)->path);
}

const struct inspect_file *inspection_file(const struct inspection *inspection, const char *path)
{
    return bsearch(path, inspection->files, inspection->file_count, sizeof(*inspection->files),
                   file_by_path);
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
    VEC_DONE(&inspector->chains);
    map_done(&inspector->unknowns);
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
    struct values_chain *chains =
        arena_alloc(inspector->arena, inspector->chains.count + 1, sizeof(*chains));
    if (inspector->chains.count) {
        memcpy(chains, inspector->chains.items, inspector->chains.count * sizeof(*chains));
    }
    result->chains = chains;
    result->chain_count = inspector->chains.count;
}

bool inspect_all(const struct manifest_tree *tree, bool is_check, struct arena *arena,
                 struct inspection **out, struct err *err)
{
    struct inspector inspector = {.tree = tree,
                                  .arena = arena,
                                  .result = ARENA_NEW(arena, struct inspection),
                                  .is_check = is_check};
    inspector.problems_end = &inspector.result->problems;
    inspector.unknowns_end = &inspector.result->unknowns;
    inspector.remotes_end = &inspector.result->remotes;
    bool done = find_files(&inspector, err) && find_targets(&inspector, err);
    if (done) {
        find_reach(&inspector);
        find_places(&inspector);
        order_targets(&inspector);
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
