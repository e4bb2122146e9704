#include "locate/locate.h"

#include <string.h>

#include "base/vec.h"
#include "locate/internal.h"
#include "model/kustomization.h"

const char *locate_form_name(enum locate_form form)
{
    static const char *const names[LOCATE_FORM_COUNT] = {
        "field", "kustomize", "values", "values-file", "chart", "argocd", "custom"};
    return names[form];
}

const char *locate_confidence_name(enum locate_confidence confidence)
{
    static const char *const names[] = {"certain", "likely", "guess"};
    return names[confidence];
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool is_kustomization(const struct finder *finder)
{
    return kustomization_is_path(finder->file->path) ||
           strncmp(finder->api_version, "kustomize.config.k8s.io/", 24) == 0;
}

static bool has_api_group(const struct finder *finder, const char *group)
{
    return strncmp(finder->api_version, group, strlen(group)) == 0;
}

/* "values.yaml", "values-prod.yaml", "prod.values.yml". */
static bool is_values_name(const char *path)
{
    const char *name = base_name(path);
    return strncmp(name, "values", 6) == 0 || strstr(name, "values.y") != NULL;
}

static void look_at_loose(struct finder *finder, struct yaml_node *root)
{
    const char *name = base_name(finder->file->path);
    if (strcmp(name, "Chart.yaml") == 0 || strcmp(name, "requirements.yaml") == 0) {
        find_charts(finder, root);
    } else if (finder->file->is_values || is_values_name(finder->file->path)) {
        find_values(finder, root, LOCATE_VALUES_FILE);
    }
}

static void look_at_object(struct finder *finder, struct yaml_node *root)
{
    if (is_kustomization(finder)) {
        find_kustomize(finder, root);
        find_charts(finder, root);
    } else if (has_api_group(finder, "argoproj.io/") &&
               strncmp(finder->kind, "Application", strlen("Application")) == 0) {
        find_argocd(finder, root);
    } else if (has_api_group(finder, "helm.toolkit.fluxcd.io/") ||
               has_api_group(finder, "source.toolkit.fluxcd.io/")) {
        find_charts(finder, root);
    } else if (finder->kind[0] && finder->api_version[0]) {
        find_pods(finder, root);
    } else {
        look_at_loose(finder, root);
    }
    find_custom(finder, root);
}

static void look_at_root(struct finder *finder, struct yaml_node *root, int depth)
{
    finder->api_version = node_text(yaml_get(root, "apiVersion"));
    finder->kind = node_text(yaml_get(root, "kind"));
    finder->name = node_text(yaml_at(root, "metadata.name"));
    finder->namespace = node_text(yaml_at(root, "metadata.namespace"));
    const struct yaml_node *items = yaml_get(root, "items");
    size_t length = strlen(finder->kind);
    bool is_list = length >= 4 && strcmp(finder->kind + length - 4, "List") == 0 && items &&
                   items->kind == YAML_SEQUENCE;
    for (size_t i = 0; is_list && depth < 2 && i < items->item_count; i++) {
        look_at_root(finder, items->items[i], depth + 1);
    }
    if (!is_list) {
        look_at_object(finder, root);
    }
}

static int by_place(const void *left, const void *right)
{
    const struct locate_place *const *a = left;
    const struct locate_place *const *b = right;
    if ((*a)->line != (*b)->line) {
        return (*a)->line < (*b)->line ? -1 : 1;
    }
    if ((*a)->column != (*b)->column) {
        return (*a)->column < (*b)->column ? -1 : 1;
    }
    return (int)(*a)->form - (int)(*b)->form;
}

/* A field that heddle.yaml names, and that was found by its shape or by another name already. */
static bool is_again(const struct locate_place *before, const struct locate_place *place)
{
    return place->form == LOCATE_CUSTOM && before->line == place->line &&
           before->column == place->column;
}

static struct locate_place *in_order(struct locate_place *first, struct arena *arena)
{
    size_t count = 0;
    for (const struct locate_place *place = first; place; place = place->next) {
        count++;
    }
    struct locate_place **places = arena_alloc(arena, count + 1, sizeof(struct locate_place *));
    size_t at = 0;
    for (struct locate_place *place = first; place; place = place->next) {
        places[at++] = place;
    }
    sort_items(places, count, sizeof(struct locate_place *), by_place);
    struct locate_place **tail = &places[0];
    for (size_t i = 1; i < count; i++) {
        if (is_again(*tail, places[i])) {
            (*tail)->confidence = LOCATE_CERTAIN; /* somebody says so */
        } else {
            (*tail)->next = places[i];
            tail = &places[i];
        }
    }
    if (count > 0) {
        (*tail)->next = NULL;
    }
    return places[0];
}

struct locate_place *locate_places(const struct locate_file *file, struct arena *arena)
{
    struct finder finder = {.file = file, .arena = arena};
    bool has_markers = markers_are_in(file->text);
    finder.tail = &finder.first;
    for (const struct yaml_document *document = file->documents; document;
         document = document->next) {
        if (!document->root || document->root->kind != YAML_MAPPING) {
            continue;
        }
        finder.document = document->index;
        finder.trouble = yaml_is_encrypted(document->root) ? "the file is encrypted by SOPS" : NULL;
        struct locate_place **tail = finder.tail;
        look_at_root(&finder, document->root, 0);
        if (has_markers) {
            find_markers(&finder, document->root, *tail);
        }
    }
    return in_order(finder.first, arena);
}
