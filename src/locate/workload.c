/* workload: the versions of one object that runs containers without being a kind of Kubernetes' own
   workloads: a HelmRelease, an operator's kind, a kind whose fields heddle.yaml names. */
#include <string.h>

#include "locate/internal.h"
#include "model/chart.h"

/* Not charts, which are no images; not volumes, which no container runs. */
static bool counts(const struct locate_place *place)
{
    switch (place->form) {
    case LOCATE_VALUES:
    case LOCATE_CUSTOM:
        return true;
    case LOCATE_FIELD:
        return strcmp(place->container_type, "container") == 0 ||
               strcmp(place->container_type, "initContainer") == 0;
    case LOCATE_KUSTOMIZE:
    case LOCATE_VALUES_FILE:
    case LOCATE_CHART:
    case LOCATE_ARGOCD:
    case LOCATE_FORM_COUNT:
        break;
    }
    return false;
}

/* Two containers of one name, in two templates of the object, become "app" and "app[2]"; the first
   "chart" of a HelmRelease is its chart. */
static void name_apart(struct locate_place *first, struct locate_place *place, struct arena *arena)
{
    enum workload_kind kind = workload_kind_of(place->api_version, place->kind);
    unsigned same = chart_is_container(kind, place->container) ? 2 : 1;
    for (const struct locate_place *before = first; before != place; before = before->next) {
        size_t length = strlen(place->container);
        bool is_same = strncmp(before->container, place->container, length) == 0 &&
                       (!before->container[length] || before->container[length] == '[');
        same += is_same;
    }
    if (same > 1) {
        place->container = arena_printf(arena, "%s[%u]", place->container, same);
    }
}

struct locate_place *locate_workload(struct yaml_node *root, const struct locate_file *file,
                                     struct arena *arena)
{
    struct yaml_document document = {.root = root};
    struct locate_file own = *file;
    own.documents = &document;
    struct locate_place *first = NULL;
    struct locate_place **tail = &first;
    struct locate_place *next = NULL;
    for (struct locate_place *place = locate_places(&own, arena); place; place = next) {
        next = place->next;
        place->next = NULL;
        if (counts(place)) {
            *tail = place;
            name_apart(first, place, arena);
            tail = &place->next;
        }
    }
    return first;
}
