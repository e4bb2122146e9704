/*
 * releases: the charts of Flux's HelmReleases.
 *
 * A HelmRelease says which chart it wants itself, or names an OCIRepository or HelmChart that does;
 * and where the chart comes from a HelmRepository says.  These are objects of the same target like
 * any other, and what kustomizations do to them is done before anybody asks.
 */
#include <string.h>

#include "configrepo/survey.h"
#include "model/chart.h"

bool slot_is_chart(const struct slot *slot)
{
    return slot->own.at && slot->own.at->form == LOCATE_CHART;
}

/* Of a chart, perhaps with images. */
static bool is_release(enum workload_kind kind)
{
    return kind == WORKLOAD_HELM_RELEASE || kind == WORKLOAD_APPLICATION;
}

bool item_has_version(const struct item *item)
{
    bool has_one = !is_release(item->kind);
    for (size_t i = 0; i < item->slot_count; i++) {
        const struct slot *slot = &item->slots[i];
        has_one = has_one || slot_is_chart(slot) || slot->tag[0] || slot->digest[0];
    }
    return has_one && !item->is_source;
}

bool item_is_chart_alone(const struct item *item)
{
    bool is_alone = is_release(item->kind);
    for (size_t i = 0; i < item->slot_count; i++) {
        const struct slot *slot = &item->slots[i];
        is_alone = is_alone && (slot_is_chart(slot) || (!slot->tag[0] && !slot->digest[0]));
    }
    return is_alone;
}

void slot_write_chart(const struct slot *slot, struct image *version)
{
    char text[IMAGE_TAG_BYTES];
    if (!locate_takes_digest(slot->own.at)) {
        chart_version_of_tag(version->tag, text);
        TEXT_COPY_CUT(version->tag, text);
        version->digest[0] = '\0';
    }
}

static struct item *find_source(const struct walk *walk, const struct item *from,
                                const struct locate_reference *reference)
{
    const char *namespace = reference->namespace[0] ? reference->namespace : from->namespace;
    for (size_t i = 0; i < walk->item_count; i++) {
        struct item *item = &walk->items[i];
        if (item->is_source && strcmp(item->object->kind, reference->kind) == 0 &&
            strcmp(item->name, reference->name) == 0 && strcmp(item->namespace, namespace) == 0) {
            return item;
        }
    }
    return NULL;
}

/* Its rendering depends on theirs. */
static void add_files(const struct walk *walk, struct item *item, const struct item *of)
{
    for (const struct file_name *name = of->files; name; name = name->next) {
        struct file_name *copy = ARENA_NEW(walk->survey->arena, struct file_name);
        *copy = (struct file_name){name->path, item->files};
        item->files = copy;
    }
}

static struct slot *own_chart(const struct item *item)
{
    struct slot *last = item->slot_count ? &item->slots[item->slot_count - 1] : NULL;
    return last && slot_is_chart(last) ? last : NULL;
}

/* The slot of the chart's version, which may stand in an object that others refer to, too. */
static struct slot *find_slot(const struct walk *walk, struct item *item)
{
    struct locate_reference reference;
    if (!locate_chart_holder(item->object->root, &reference)) {
        return own_chart(item);
    }
    const struct item *holder = find_source(walk, item, &reference);
    const struct slot *its = holder ? own_chart(holder) : NULL;
    if (!its) {
        return NULL;
    }
    struct slot *slot = &item->slots[item->slot_count++];
    *slot = *its;
    slot->holder = holder;
    add_files(walk, item, holder);
    return slot;
}

static void name_chart(const struct walk *walk, struct item *item, struct slot *slot)
{
    struct arena *arena = walk->survey->arena;
    const struct item *holder = slot->holder ? slot->holder : item;
    struct locate_reference reference;
    struct item *source = NULL;
    if (locate_chart_source(holder->object->root, &reference)) {
        source = find_source(walk, holder, &reference);
    }
    bool is_seen = source && !source->is_moved;
    const struct locate_place *place =
        locate_chart(holder->object->root, is_seen ? source->object->root : NULL, arena);
    slot->name = place->image;
    if (source) {
        add_files(walk, item, source);
    }
    if (chart_is_out_of_sight(slot->name)) {
        slot->note = arena_printf(arena,
                                  "new versions are not looked for: the HelmRepository %s, with an "
                                  "address that can be read, is not among the objects of %s",
                                  reference.name, walk->path);
    }
}

void walk_resolve_charts(struct walk *walk)
{
    for (size_t i = 0; i < walk->item_count; i++) {
        struct item *item = &walk->items[i];
        struct slot *slot = item->kind == WORKLOAD_HELM_RELEASE ? find_slot(walk, item) : NULL;
        if (slot) {
            name_chart(walk, item, slot);
        }
    }
}
