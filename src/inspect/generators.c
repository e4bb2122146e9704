/*
 * generators: the applications that an ApplicationSet of Argo CD makes, as far as the repository
 * says.
 *
 * A list, folders and files of the repository, and matrix and merge of those.  What only a cluster,
 * a Git host or a registry knows is left out.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "inspect/internal.h"

#define SETS_MAX 10000         /* of one ApplicationSet */
#define PARAMETERS_MAX 1000    /* of one application */
#define GENERATORS_DEPTH_MAX 4 /* Argo CD allows two */
#define DOUBLE_STARS_MAX 4     /* in one pattern: each one tries every folder */
#define TEXT_BYTES_MAX 1024
#define STEPS_MAX 20000000 /* paths and sets looked at for a whole repository: some seconds */

typedef VEC(const struct parameter *) parameter_sets;

/* ---- parameters ---- */

static const struct parameter *add(struct inspector *inspector, const char *key, const char *value,
                                   const struct parameter *before)
{
    struct parameter *added = ARENA_NEW(inspector->arena, struct parameter);
    *added = (struct parameter){arena_strdup(inspector->arena, key),
                                arena_strdup(inspector->arena, value), before};
    return added;
}

static const char *value_of(const struct parameter *parameters, const char *key)
{
    for (; parameters; parameters = parameters->next) {
        if (strcmp(parameters->key, key) == 0) {
            return parameters->value;
        }
    }
    return NULL;
}

/* "{{name}}", "{{.name}}", "{{index .path.segments 1}}", which is the older "{{path[1]}}". */
static const char *key_of(struct inspector *inspector, const char *expression)
{
    static const char index[] = "index .path.segments ";
    if (strncmp(expression, index, strlen(index)) == 0) {
        const char *number = expression + strlen(index);
        return arena_printf(inspector->arena, "path[%.*s]", (int)strspn(number, "0123456789"),
                            number);
    }
    const char *name = expression + strspn(expression, ".");
    return arena_strndup(inspector->arena, name, strcspn(name, " }"));
}

const char *fill_in(struct inspector *inspector, const char *template,
                    const struct parameter *parameters)
{
    AUTO_STR(text, TEXT_BYTES_MAX);
    for (const char *at = template; *at;) {
        const char *end = strncmp(at, "{{", 2) == 0 ? strstr(at, "}}") : NULL;
        if (!end) {
            str_add_char(&text, *at++);
            continue;
        }
        const char *key = key_of(inspector, at + 2 + strspn(at + 2, " "));
        const char *value = value_of(parameters, key);
        if (!value) {
            return "";
        }
        str_add(&text, value);
        at = end + 2;
    }
    return text.failed ? "" : arena_strdup(inspector->arena, text.text);
}

/* What a file or an element says, by dotted keys. */
struct flattening {
    struct inspector *inspector;
    const struct parameter *base; /* that the texts may refer to */
    const struct parameter *made;
    size_t left;
};

static void flatten(struct flattening *work, const char *key, const struct yaml_node *node,
                    int depth)
{
    struct inspector *inspector = work->inspector;
    if (node->kind == YAML_SCALAR && work->left > 0) {
        bool is_filled = strstr(node->text, "{{") != NULL;
        const char *text = is_filled ? fill_in(inspector, node->text, work->base) : node->text;
        work->made = add(inspector, key, text, work->made);
        work->left--;
    }
    for (size_t i = 0; node->kind == YAML_MAPPING && depth < INSPECT_DEPTH_MAX &&
                       i + 1 < node->item_count && work->left > 0;
         i += 2) {
        const char *name = text_of(node->items[i]);
        flatten(work, key[0] ? arena_printf(inspector->arena, "%s.%s", key, name) : name,
                node->items[i + 1], depth + 1);
    }
}

static const struct parameter *flattened(struct inspector *inspector, const struct yaml_node *node,
                                         const struct parameter *base)
{
    struct flattening work = {inspector, base, base, PARAMETERS_MAX};
    flatten(&work, "", node, 0);
    return work.made;
}

static void add_set(parameter_sets *out, const struct parameter *made)
{
    if (out->count < SETS_MAX) {
        *VEC_ADD(out) = made;
    }
}

/* ---- folders and files of the repository ---- */

static const struct parameter *add_path(struct inspector *inspector, const char *folder,
                                        const struct parameter *before)
{
    const char *slash = strrchr(folder, '/');
    const struct parameter *made = add(inspector, "path", folder, before);
    made = add(inspector, "path.path", folder, made);
    made = add(inspector, "path.basename", slash ? slash + 1 : folder, made);
    unsigned number = 0;
    for (const char *part = folder; *part; number++) {
        char key[24];
        size_t length = strcspn(part, "/");
        snprintf(key, sizeof(key), "path[%u]", number);
        made = add(inspector, key, arena_strndup(inspector->arena, part, length), made);
        part += length + (part[length] == '/');
    }
    return made;
}

/* Parts between slashes, by fnmatch(); a longer one than any folder's name fits nothing. */
static bool part_matches(const char *pattern, size_t pattern_length, const char *part,
                         size_t part_length)
{
    char glob[PATH_BYTES];
    char name[PATH_BYTES];
    if (pattern_length >= sizeof(glob) || part_length >= sizeof(name)) {
        return false;
    }
    text_copy_cut(glob, pattern_length + 1, pattern);
    text_copy_cut(name, part_length + 1, part);
    return fnmatch(glob, name, 0) == 0;
}

/* "**" stands for any number of folders. */
static bool matches(const char *pattern, const char *path, int stars)
{
    while (*pattern && *path) {
        size_t glob = strcspn(pattern, "/");
        size_t part = strcspn(path, "/");
        bool is_any = glob == 2 && memcmp(pattern, "**", 2) == 0;
        if (is_any && !pattern[glob]) {
            return true;
        }
        if (is_any) {
            bool found = false;
            for (const char *at = path; at && !found && stars > 0;) {
                const char *slash = strchr(at, '/');
                found = matches(pattern + 3, at, stars - 1);
                at = slash ? slash + 1 : NULL;
            }
            return found;
        }
        if (!part_matches(pattern, glob, path, part) || !pattern[glob] != !path[part]) {
            return false;
        }
        pattern += glob + (pattern[glob] == '/');
        path += part + (path[part] == '/');
    }
    return !*pattern && !*path;
}

/* Does an entry with this value of `exclude` match the path? */
static bool is_matched(struct inspector *inspector, const struct yaml_node *entries,
                       const struct parameter *base, const char *path, bool is_excluded)
{
    for (size_t i = 0; i < entries->item_count; i++) {
        const struct yaml_node *entry = entries->items[i];
        bool excludes = strcmp(text_of(yaml_get(entry, "exclude")), "true") == 0;
        const char *glob = fill_in(inspector, text_of(yaml_get(entry, "path")), base);
        if (excludes == is_excluded && matches(glob, path, DOUBLE_STARS_MAX)) {
            return true;
        }
    }
    return false;
}

/* A matrix of everything with everything ends. */
static bool may_go_on(struct inspector *inspector)
{
    return inspector->generator_steps < STEPS_MAX && ++inspector->generator_steps;
}

static bool is_taken(struct inspector *inspector, const struct yaml_node *entries,
                     const struct parameter *base, const char *path)
{
    return may_go_on(inspector) && is_matched(inspector, entries, base, path, false) &&
           !is_matched(inspector, entries, base, path, true);
}

static void from_folders(struct inspector *inspector, const struct yaml_node *entries,
                         const struct parameter *base, parameter_sets *out)
{
    VEC_EACH (const char *, folder, &inspector->folder_list) {
        if (is_taken(inspector, entries, base, *folder)) {
            add_set(out, add_path(inspector, *folder, base));
        }
    }
}

/* A file holds one application, or a list of them. */
static void from_file(struct inspector *inspector, const char *path, const struct parameter *base,
                      parameter_sets *out)
{
    AUTO(arena_free) struct arena *scratch = arena_new();
    struct yaml_document *document = NULL;
    struct slice text = {0};
    struct err ignored = {0}; /* find_places() says it, once */
    if (!inspector_parse(inspector, path, scratch, &text, &document, &ignored) || !document ||
        !document->root) {
        return;
    }
    const char *slash = strrchr(path, '/');
    const char *folder = slash ? arena_strndup(inspector->arena, path, (size_t)(slash - path)) : "";
    const struct parameter *place = add_path(inspector, folder, base);
    place = add(inspector, "path.filename", slash ? slash + 1 : path, place);
    const struct yaml_node *root = document->root;
    for (size_t i = 0; root->kind == YAML_SEQUENCE && i < root->item_count; i++) {
        add_set(out, flattened(inspector, root->items[i], place));
    }
    if (root->kind == YAML_MAPPING) {
        add_set(out, flattened(inspector, root, place));
    }
}

static void from_files(struct inspector *inspector, const struct yaml_node *entries,
                       const struct parameter *base, parameter_sets *out)
{
    VEC_EACH (struct found_file *, file, &inspector->files) {
        if (is_taken(inspector, entries, base, (*file)->path)) {
            from_file(inspector, (*file)->path, base, out);
        }
    }
}

/* ---- of others ---- */

static void generate(struct inspector *inspector, const struct yaml_node *generator,
                     const struct parameter *base, int depth, parameter_sets *out);

static size_t count_of(const struct yaml_node *list)
{
    return list && list->kind == YAML_SEQUENCE ? list->item_count : 0;
}

/* Each of the first with each of the second, which may refer to the first. */
static void from_matrix(struct inspector *inspector, const struct yaml_node *list,
                        const struct parameter *base, int depth, parameter_sets *out)
{
    parameter_sets before = {0};
    *VEC_ADD(&before) = base;
    for (size_t i = 0; i < count_of(list); i++) {
        parameter_sets after = {0};
        VEC_EACH (const struct parameter *, set, &before) {
            generate(inspector, list->items[i], *set, depth + 1, &after);
        }
        VEC_DONE(&before);
        before = after;
    }
    for (size_t i = 0; count_of(list) > 0 && i < before.count; i++) {
        add_set(out, before.items[i]);
    }
    VEC_DONE(&before);
}

static bool same_keys(const struct yaml_node *keys, const struct parameter *a,
                      const struct parameter *b)
{
    bool same = count_of(keys) > 0;
    for (size_t i = 0; same && i < keys->item_count; i++) {
        const char *left = value_of(a, text_of(keys->items[i]));
        const char *right = value_of(b, text_of(keys->items[i]));
        same = left && right && strcmp(left, right) == 0;
    }
    return same;
}

/* `more` with all that `made` says behind it: what is first is what counts. */
static const struct parameter *joined(struct inspector *inspector, const struct parameter *more,
                                      const struct parameter *made)
{
    size_t left = PARAMETERS_MAX;
    for (; more && left > 0; more = more->next, left--) {
        made = add(inspector, more->key, more->value, made);
    }
    return made;
}

/* Those of the first, each with what the others say of the same keys. */
static void from_merge(struct inspector *inspector, const struct yaml_node *merge,
                       const struct parameter *base, int depth, parameter_sets *out)
{
    const struct yaml_node *list = yaml_get(merge, "generators");
    const struct yaml_node *keys = yaml_get(merge, "mergeKeys");
    parameter_sets sets = {0};
    for (size_t i = 0; i < count_of(list); i++) {
        parameter_sets more = {0};
        generate(inspector, list->items[i], base, depth + 1, i == 0 ? &sets : &more);
        for (size_t n = 0; n < sets.count && more.count > 0; n++) {
            size_t at = 0;
            while (at < more.count && may_go_on(inspector) &&
                   !same_keys(keys, sets.items[n], more.items[at])) {
                at++;
            }
            if (at < more.count && same_keys(keys, sets.items[n], more.items[at])) {
                sets.items[n] = joined(inspector, more.items[at], sets.items[n]);
            }
        }
        VEC_DONE(&more);
    }
    VEC_EACH (const struct parameter *, set, &sets) {
        add_set(out, *set);
    }
    VEC_DONE(&sets);
}

static void generate(struct inspector *inspector, const struct yaml_node *generator,
                     const struct parameter *base, int depth, parameter_sets *out)
{
    const struct yaml_node *elements = yaml_at(generator, "list.elements");
    const struct yaml_node *folders = yaml_at(generator, "git.directories");
    const struct yaml_node *files = yaml_at(generator, "git.files");
    const struct yaml_node *merge = yaml_get(generator, "merge");
    if (depth > GENERATORS_DEPTH_MAX) {
        return;
    }
    for (size_t i = 0; i < count_of(elements); i++) {
        add_set(out, flattened(inspector, elements->items[i], base));
    }
    if (count_of(folders)) {
        from_folders(inspector, folders, base, out);
    }
    if (count_of(files)) {
        from_files(inspector, files, base, out);
    }
    from_matrix(inspector, yaml_at(generator, "matrix.generators"), base, depth, out);
    if (merge) {
        from_merge(inspector, merge, base, depth, out);
    }
}

/* ---- what is not known here ---- */

static const char *who_knows(const char *generator)
{
    static const struct {
        const char *generator, *who;
    } known[] = {
        {"clusters", "Argo CD, whose clusters they are for,"},
        {"clusterDecisionResource", "a resource in Argo CD's cluster"},
        {"scmProvider", "the Git host"},
        {"pullRequest", "the Git host"},
        {"plugin", "the plugin"},
    };
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (strcmp(generator, known[i].generator) == 0) {
            return known[i].who;
        }
    }
    return NULL;
}

static void note_unknown(struct inspector *inspector, const char *file,
                         const struct yaml_node *generators, int depth)
{
    for (size_t i = 0; depth <= GENERATORS_DEPTH_MAX && i < count_of(generators); i++) {
        const struct yaml_node *generator = generators->items[i];
        for (size_t n = 0; generator->kind == YAML_MAPPING && n + 1 < generator->item_count;
             n += 2) {
            const char *key = text_of(generator->items[n]);
            const char *who = who_knows(key);
            if (who) {
                inspector_unknown(
                    inspector, file, generator->items[n]->line,
                    arena_printf(inspector->arena,
                                 "only %s knows what the generator \"%s\" gives: applications that "
                                 "it makes are not seen; name their folders as targets "
                                 "in " PIPELINE_FILE,
                                 who, key));
            }
        }
        note_unknown(inspector, file, yaml_at(generator, "matrix.generators"), depth + 1);
        note_unknown(inspector, file, yaml_at(generator, "merge.generators"), depth + 1);
    }
}

static struct parameter_list *kept(struct inspector *inspector, const parameter_sets *sets)
{
    struct parameter_list *list = ARENA_NEW(inspector->arena, struct parameter_list);
    list->sets = arena_alloc(inspector->arena, sets->count + 1, sizeof(*list->sets));
    list->count = sets->count;
    for (size_t i = 0; i < sets->count; i++) {
        list->sets[i] = sets->items[i];
    }
    return list;
}

const struct parameter_list *find_parameters(struct inspector *inspector, const char *file,
                                             const struct yaml_node *generators)
{
    const char *key = arena_printf(inspector->arena, "%s:%u", file ? file : "",
                                   generators ? generators->line : 0);
    struct parameter_list *known = map_get(&inspector->generated, key);
    if (!known) {
        parameter_sets sets = {0};
        note_unknown(inspector, file ? file : "", generators, 0);
        for (size_t i = 0; i < count_of(generators); i++) {
            generate(inspector, generators->items[i], NULL, 0, &sets);
        }
        known = kept(inspector, &sets);
        map_set(&inspector->generated, key, known);
        VEC_DONE(&sets);
    }
    return known;
}
