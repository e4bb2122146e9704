/* argocd: what an Application, or the template of an ApplicationSet, sets for its sources. */
#include <string.h>

#include "locate/internal.h"

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* "name=repo:tag" replaces an image by another one, "repo:tag" only its version. */
static void find_images(struct finder *finder, const struct yaml_node *images)
{
    for (size_t i = 0; images && images->kind == YAML_SEQUENCE && i < images->item_count; i++) {
        struct yaml_node *image = images->items[i];
        const char *equals = strchr(node_text(image), '=');
        size_t skip = equals ? (size_t)(equals + 1 - image->text) : 0;
        finder_add_whole(finder, LOCATE_ARGOCD, LOCATE_CERTAIN, image, skip);
    }
}

/* The value of the parameter with the same beginning: of "image.tag", that of "image.repository".
 */
static const char *repository_of(const struct finder *finder, const struct yaml_node *parameters,
                                 const char *tag_name)
{
    size_t length = strlen(tag_name) - strlen("tag");
    const char *wanted = arena_printf(finder->arena, "%.*srepository", (int)length, tag_name);
    for (size_t i = 0; i < parameters->item_count; i++) {
        const struct yaml_node *parameter = parameters->items[i];
        if (strcmp(node_text(yaml_get(parameter, "name")), wanted) == 0) {
            return node_text(yaml_get(parameter, "value"));
        }
    }
    return "";
}

static void find_parameter(struct finder *finder, const struct yaml_node *parameters,
                           const struct yaml_node *parameter)
{
    const char *name = node_text(yaml_get(parameter, "name"));
    struct yaml_node *value = scalar_at(parameter, "value");
    if (!value) {
        return;
    }
    if (ends_with(name, "image") && strpbrk(value->text, ":@")) {
        struct locate_place *place =
            finder_add_whole(finder, LOCATE_ARGOCD, LOCATE_LIKELY, value, 0);
        if (place) {
            place->container = name;
        }
    } else if (strcmp(name, "tag") == 0 || ends_with(name, "image.tag") ||
               ends_with(name, ".tag") || ends_with(name, "imageTag")) {
        struct locate_place *place = finder_add(finder, LOCATE_ARGOCD, LOCATE_LIKELY);
        place->tag_node = value;
        place->tag_key = "value";
        place->container = name;
        place_read_split(place,
                         ends_with(name, "tag") ? repository_of(finder, parameters, name) : "",
                         parameter, finder->arena);
    }
}

static void find_source(struct finder *finder, const struct yaml_node *source)
{
    const char *chart = node_text(yaml_get(source, "chart"));
    struct yaml_node *revision = scalar_at(source, "targetRevision");
    if (chart[0] && revision && !strstr(revision->text, "{{")) { /* else a generator says it */
        struct locate_place *place = finder_add(finder, LOCATE_CHART, LOCATE_CERTAIN);
        place->tag_node = revision;
        place->tag_key = "targetRevision";
        place_read_split(place, chart, source, finder->arena);
    }
    find_images(finder, yaml_at(source, "kustomize.images"));
    const struct yaml_node *parameters = yaml_at(source, "helm.parameters");
    for (size_t i = 0;
         parameters && parameters->kind == YAML_SEQUENCE && i < parameters->item_count; i++) {
        find_parameter(finder, parameters, parameters->items[i]);
    }
    find_values(finder, yaml_at(source, "helm.valuesObject"), LOCATE_ARGOCD);
}

void find_argocd(struct finder *finder, struct yaml_node *root)
{
    bool is_set = strcmp(finder->kind, "ApplicationSet") == 0;
    const struct yaml_node *spec = yaml_at(root, is_set ? "spec.template.spec" : "spec");
    const struct yaml_node *source = yaml_get(spec, "source");
    const struct yaml_node *sources = yaml_get(spec, "sources");
    if (source) {
        find_source(finder, source);
    }
    for (size_t i = 0; sources && sources->kind == YAML_SEQUENCE && i < sources->item_count; i++) {
        find_source(finder, sources->items[i]);
    }
}
