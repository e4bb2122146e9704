/*
 * guess: stages of a repository that nobody has described yet.
 *
 * A folder is taken for a target when it stands where people keep one folder for each cluster or
 * environment; else when Flux or Argo CD applies it, and the object says so; else when its name is
 * an environment's and what it holds can be applied.  Stages are
 * ordered by the words that people use for them; where those do not tell, see order.c.
 */
#include <stdlib.h>
#include <string.h>

#include "inspect/internal.h"

/* Folders whose children are one target each. */
static const char *const parents[] = {"clusters",     "cluster",    "environments", "environment",
                                      "envs",         "env",        "overlays",     "stages",
                                      "tenants-envs", "deployments"};

/* From the first stage to the last; words of one row mean the same. */
static const struct {
    const char *word;
    int rank;
} words[] = {
    {"local", 0},   {"sandbox", 0}, {"dev", 1},         {"develop", 1},    {"development", 1},
    {"ci", 2},      {"int", 2},     {"integration", 2}, {"test", 3},       {"testing", 3},
    {"tst", 3},     {"qa", 4},      {"acc", 5},         {"acceptance", 5}, {"uat", 5},
    {"stg", 6},     {"stage", 6},   {"staging", 6},     {"preprod", 7},    {"pre-prod", 7},
    {"preview", 7}, {"canary", 8},  {"prd", 9},         {"prod", 9},       {"production", 9},
    {"live", 9},
};

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The word that a name is, or begins or ends with behind a dash: "prod-eu", "eu-prod". */
static int rank_of(const char *name, const char **out_word)
{
    size_t length = strlen(name);
    *out_word = name;
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        size_t word = strlen(words[i].word);
        bool begins = strncmp(name, words[i].word, word) == 0 &&
                      (name[word] == '\0' || strchr("-_.0123456789", name[word]));
        bool ends = length > word && strcmp(name + length - word, words[i].word) == 0 &&
                    strchr("-_.", name[length - word - 1]);
        if (begins || ends) {
            *out_word = words[i].word;
            return words[i].rank;
        }
    }
    return RANK_UNKNOWN;
}

int target_rank(const char *name)
{
    const char *ignored = NULL;
    return rank_of(name, &ignored);
}

static bool is_parent(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(parents); i++) {
        if (strcmp(parents[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Is there a YAML file in the folder or below it? */
static bool holds_files(const struct inspector *inspector, const char *folder)
{
    size_t length = strlen(folder);
    VEC_EACH (struct found_file *, file, &inspector->files) {
        if (strncmp((*file)->path, folder, length) == 0 && (*file)->path[length] == '/') {
            return true;
        }
    }
    return false;
}

static bool is_below_target(const struct inspector *inspector, const char *path)
{
    VEC_EACH (struct inspect_target, target, &inspector->targets) {
        size_t length = strlen(target->path);
        if (strncmp(path, target->path, length) == 0 && path[length] == '/') {
            return true;
        }
    }
    return false;
}

static void add(struct inspector *inspector, const char *path, const char *evidence)
{
    const char *word = NULL;
    const char *name = last_part(path);
    (void)rank_of(name, &word);
    bool is_full = inspector->targets.count >= INSPECT_TARGETS_MAX;
    if (!is_full && holds_files(inspector, path) && !is_below_target(inspector, path)) {
        *VEC_ADD(&inspector->targets) = (struct inspect_target){
            .name = name, .stage = word, .path = path, .evidence = evidence};
    }
}

/* "clusters/dev", "apps/cart/overlays/dev": the folder above says what it is. */
static void guess_by_parent(struct inspector *inspector)
{
    VEC_EACH (const char *, folder, &inspector->folder_list) {
        const char *slash = strrchr(*folder, '/');
        if (!slash) {
            continue;
        }
        const char *above = arena_strndup(inspector->arena, *folder, (size_t)(slash - *folder));
        if (is_parent(last_part(above))) {
            add(inspector, *folder, arena_printf(inspector->arena, "a folder of %s/", above));
        }
    }
}

/* ---- what Flux and Argo CD apply ---- */

static void add_object(struct inspector *inspector, const char *name, const char *path,
                       bool is_listed, const char *evidence)
{
    const char *word = NULL;
    const char *place = manifest_path(inspector->arena, "", path);
    (void)rank_of(name, &word);
    VEC_EACH (struct inspect_target, target, &inspector->targets) {
        if (place && strcmp(target->path, place) == 0 && strcmp(target->name, name) == 0) {
            return;
        }
    }
    bool is_full = inspector->targets.count >= INSPECT_TARGETS_MAX;
    if (place && place[0] && !is_full && holds_files(inspector, place)) {
        *VEC_ADD(&inspector->targets) = (struct inspect_target){.name = name,
                                                                .stage = word,
                                                                .path = place,
                                                                .evidence = evidence,
                                                                .is_listed = is_listed};
    }
}

/* A Kustomization that applies the folder in which it lies itself: so Flux begins in a cluster. */
static void guess_by_flux(struct inspector *inspector, const char *file,
                          const struct yaml_node *root)
{
    const char *path = manifest_path(inspector->arena, "", text_of(yaml_at(root, "spec.path")));
    size_t length = path ? strlen(path) : 0;
    if (length > 0 && strncmp(file, path, length) == 0 && file[length] == '/') {
        add_object(inspector, arena_strdup(inspector->arena, last_part(path)), path, false,
                   arena_printf(inspector->arena, "Flux applies it: %s:%u", file, root->line));
    }
}

/* A list says an order; folders and files are in that of their names. */
static bool has_list(const struct yaml_node *generators, int depth)
{
    bool has_one = false;
    for (size_t i = 0; generators && generators->kind == YAML_SEQUENCE &&
                       depth < INSPECT_DEPTH_MAX && i < generators->item_count;
         i++) {
        const struct yaml_node *generator = generators->items[i];
        has_one = has_one || yaml_get(generator, "list") ||
                  has_list(yaml_at(generator, "matrix.generators"), depth + 1) ||
                  has_list(yaml_at(generator, "merge.generators"), depth + 1);
    }
    return has_one;
}

/* An Application, or one that an ApplicationSet makes, that says for which cluster it is. */
static void guess_by_application(struct inspector *inspector, const char *file,
                                 const struct yaml_node *spec, const struct parameter *parameters,
                                 bool is_of_list)
{
    const char *cluster = text_of(yaml_at(spec, "destination.name"));
    const char *path = fill_in(inspector, text_of(yaml_at(spec, "source.path")), parameters);
    cluster = fill_in(inspector, cluster, parameters);
    if (cluster[0] && path[0] && path[0] != '/') {
        bool is_listed = is_of_list && target_rank(cluster) == RANK_UNKNOWN;
        add_object(inspector, cluster, path, is_listed,
                   arena_printf(inspector->arena, "Argo CD applies it to %s: %s:%u%s", cluster,
                                file, spec->line, is_listed ? ", in the order of its list" : ""));
    }
}

static void guess_by_argocd(struct inspector *inspector, const char *file,
                            const struct yaml_node *root)
{
    const char *kind = text_of(yaml_get(root, "kind"));
    const struct yaml_node *spec = yaml_get(root, "spec");
    const struct yaml_node *template = yaml_at(root, "spec.template.spec");
    if (strcmp(kind, "Application") == 0 && spec) {
        guess_by_application(inspector, file, spec, NULL, false);
    } else if (strcmp(kind, "ApplicationSet") == 0 && template) {
        const struct yaml_node *generators = yaml_get(spec, "generators");
        const struct parameter_list *sets = find_parameters(inspector, file, generators);
        bool is_of_list = has_list(generators, 0);
        for (size_t i = 0; i < sets->count; i++) {
            guess_by_application(inspector, file, template, sets->sets[i], is_of_list);
        }
    }
}

static void guess_by_objects(struct inspector *inspector)
{
    VEC_EACH (struct found_file *, file, &inspector->files) {
        AUTO(arena_free) struct arena *arena = arena_new();
        struct yaml_document *document = NULL;
        struct slice text = {0};
        struct err ignored = {0}; /* find_places() says it, once */
        if (!inspector_parse(inspector, (*file)->path, arena, &text, &document, &ignored)) {
            continue;
        }
        for (; document; document = document->next) {
            const char *group = text_of(yaml_get(document->root, "apiVersion"));
            if (strncmp(group, "kustomize.toolkit.fluxcd.io/", 28) == 0) {
                guess_by_flux(inspector, (*file)->path, document->root);
            } else if (strncmp(group, "argoproj.io/", 12) == 0) {
                guess_by_argocd(inspector, (*file)->path, document->root);
            }
        }
    }
}

/* "dev", "k8s/prod": the name itself says it. */
static void guess_by_name(struct inspector *inspector)
{
    VEC_EACH (const char *, folder, &inspector->folder_list) {
        const char *word = NULL;
        if (rank_of(last_part(*folder), &word) != RANK_UNKNOWN) {
            add(inspector, *folder, arena_printf(inspector->arena, "its name says %s", word));
        }
    }
}

static int by_stage(const void *left, const void *right)
{
    const struct inspect_target *a = left;
    const struct inspect_target *b = right;
    int order = target_rank(a->name) - target_rank(b->name);
    if (!order && a->is_listed && b->is_listed) {
        return (a->number > b->number) - (a->number < b->number);
    }
    order = order ? order : (int)b->is_listed - (int)a->is_listed;
    order = order ? order : strcmp(a->stage, b->stage);
    return order ? order : strcmp(a->path, b->path);
}

/* Two targets of one name are told apart by their paths. */
static void make_names_differ(struct inspector *inspector)
{
    struct map seen = {0};
    VEC_EACH (struct inspect_target, target, &inspector->targets) {
        if (map_has(&seen, target->name)) {
            char *name = arena_strdup(inspector->arena, target->path);
            for (char *at = name; *at; at++) {
                *at = *at == '/' ? '-' : *at;
            }
            target->name = name;
        }
        map_set(&seen, target->name, NULL);
    }
    map_done(&seen);
}

void guess_targets(struct inspector *inspector)
{
    guess_by_parent(inspector);
    if (inspector->targets.count == 0) {
        guess_by_objects(inspector);
    }
    if (inspector->targets.count == 0) {
        guess_by_name(inspector);
    }
    for (size_t i = 0; i < inspector->targets.count; i++) {
        inspector->targets.items[i].number = i;
    }
    sort_items(inspector->targets.items, inspector->targets.count,
               sizeof(*inspector->targets.items), by_stage);
    make_names_differ(inspector);
}
