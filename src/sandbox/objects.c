#include "sandbox/objects.h"

#include <stdio.h>
#include <string.h>

/* The objects that one uid owns. */
struct children {
    VEC(json_t *) items;
};

struct objects {
    int64_t version;
    struct change *history; /* a ring */
    size_t history_max, history_count, history_next;
    struct map owned; /* uid of an owner → struct children */
    void (*on_change)(void *context, const struct change *change);
    void *context;
};

const char *object_name(const json_t *object)
{
    return json_text_at(object, "metadata.name", "");
}

const char *simulated_namespace(const json_t *object)
{
    return json_text_at(object, "metadata.namespace", "");
}

const char *object_uid(const json_t *object)
{
    return json_text_at(object, "metadata.uid", "");
}

const char *simulated_kind(const json_t *object)
{
    return json_text_at(object, "kind", "");
}

/* Names are checked before they come here: both parts are at most 253 characters. */
static void key_of(char out[static 512], const char *namespace, const char *name)
{
    snprintf(out, 512, "%s/%s", namespace, name);
}

struct objects *objects_new(size_t history_max,
                            void (*on_change)(void *context, const struct change *change),
                            void *context)
{
    struct objects *objects = xcalloc(1, sizeof(*objects));
    objects->history_max = history_max;
    objects->history = xcalloc(history_max, sizeof(*objects->history));
    objects->on_change = on_change;
    objects->context = context;
    return objects;
}

static void drop_change(struct change *change)
{
    json_decref(change->before);
    json_decref(change->after);
}

void objects_free(struct objects **objects, struct kinds *kinds)
{
    if (!*objects) {
        return;
    }
    VEC_EACH (struct kind *, kind, &kinds->all) {
        MAP_EACH (slot, &(*kind)->objects) {
            json_decref(slot->value);
        }
        map_done(&(*kind)->objects);
    }
    MAP_EACH (slot, &(*objects)->owned) {
        struct children *children = slot->value;
        VEC_DONE(&children->items);
        free(children);
    }
    map_done(&(*objects)->owned);
    for (size_t i = 0; i < (*objects)->history_count; i++) {
        drop_change(&(*objects)->history[i]);
    }
    free((*objects)->history);
    xfree(objects);
}

int64_t objects_version(const struct objects *objects)
{
    return objects->version;
}

json_t *objects_get(const struct kind *kind, const char *namespace, const char *name)
{
    char key[512];
    key_of(key, namespace, name);
    return map_get(&kind->objects, key);
}

static struct children *children_of(struct objects *objects, const char *uid)
{
    struct children *children = map_get(&objects->owned, uid);
    if (!children) {
        children = xcalloc(1, sizeof(*children));
        map_set(&objects->owned, uid, children);
    }
    return children;
}

static void forget_child(struct objects *objects, const char *uid, const json_t *child)
{
    struct children *children = map_get(&objects->owned, uid);
    for (size_t i = 0; children && i < children->items.count; i++) {
        if (children->items.items[i] == child) {
            VEC_REMOVE(&children->items, i);
            break;
        }
    }
    if (children && children->items.count == 0) {
        map_remove(&objects->owned, uid);
        VEC_DONE(&children->items);
        free(children);
    }
}

static void index_owners(struct objects *objects, json_t *object, bool is_there)
{
    const json_t *owners = json_array_at(object, "metadata.ownerReferences");
    for (size_t i = 0; i < json_array_size(owners); i++) {
        const char *uid = json_text_at(json_array_get(owners, i), "uid", "");
        if (is_there) {
            *VEC_ADD(&children_of(objects, uid)->items) = object;
        } else {
            forget_child(objects, uid, object);
        }
    }
}

/* Takes the references in `change`. */
static void remember(struct objects *objects, const struct change *change)
{
    struct change *slot = &objects->history[objects->history_next];
    if (objects->history_count == objects->history_max) {
        drop_change(slot);
    } else {
        objects->history_count++;
    }
    *slot = *change;
    objects->history_next = (objects->history_next + 1) % objects->history_max;
    struct change told = *change;
    objects->on_change(objects->context, &told);
}

static void set_version(struct objects *objects, json_t *object)
{
    char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)++objects->version);
    json_put_text(json_object_get(object, "metadata"), "resourceVersion", text);
}

json_t *objects_put(struct objects *objects, struct kind *kind, json_t *take_next)
{
    char key[512];
    key_of(key, simulated_namespace(take_next), object_name(take_next));
    set_version(objects, take_next);
    json_t *before = map_set(&kind->objects, key, take_next);
    if (before) {
        index_owners(objects, before, false);
    }
    index_owners(objects, take_next, true);
    remember(objects, &(struct change){.type = before ? CHANGE_MODIFIED : CHANGE_ADDED,
                                       .kind = kind,
                                       .before = before,
                                       .after = json_incref(take_next),
                                       .version = objects->version});
    return take_next;
}

void objects_remove(struct objects *objects, struct kind *kind, const char *namespace,
                    const char *name)
{
    char key[512];
    key_of(key, namespace, name);
    json_t *before = map_remove(&kind->objects, key);
    if (!before) {
        return;
    }
    index_owners(objects, before, false);
    json_t *last = json_copy(before);
    json_put(last, "metadata", json_copy(json_object_get(before, "metadata")));
    set_version(objects, last);
    remember(objects, &(struct change){.type = CHANGE_DELETED,
                                       .kind = kind,
                                       .before = before,
                                       .after = last,
                                       .version = objects->version});
}

static int by_name(const void *left, const void *right)
{
    const json_t *a = *(json_t *const *)left;
    const json_t *b = *(json_t *const *)right;
    int order = strcmp(simulated_namespace(a), simulated_namespace(b));
    return order ? order : strcmp(object_name(a), object_name(b));
}

void objects_list(const struct kind *kind, const char *namespace, struct object_list *out)
{
    *out = (struct object_list){0};
    MAP_EACH (slot, &kind->objects) {
        if (!namespace[0] || strcmp(simulated_namespace(slot->value), namespace) == 0) {
            *VEC_ADD(&out->items) = json_incref(slot->value);
        }
    }
    if (out->items.count > 0) {
        qsort(out->items.items, out->items.count, sizeof(*out->items.items), by_name);
    }
}

void objects_owned(const struct objects *objects, const char *uid, struct object_list *out)
{
    *out = (struct object_list){0};
    const struct children *children = map_get(&objects->owned, uid);
    for (size_t i = 0; children && i < children->items.count; i++) {
        *VEC_ADD(&out->items) = json_incref(children->items.items[i]);
    }
    if (out->items.count > 0) {
        qsort(out->items.items, out->items.count, sizeof(*out->items.items), by_name);
    }
}

void objects_list_done(struct object_list *list)
{
    VEC_EACH (json_t *, item, &list->items) {
        json_decref(*item);
    }
    VEC_DONE(&list->items);
}

bool objects_since(const struct objects *objects, int64_t version,
                   void (*each)(void *context, const struct change *change), void *context)
{
    size_t count = objects->history_count;
    size_t first = count < objects->history_max ? 0 : objects->history_next;
    int64_t oldest = objects->version - (int64_t)count;
    if (version < oldest || version > objects->version) {
        return false;
    }
    for (size_t i = (size_t)(version - oldest); i < count; i++) {
        each(context, &objects->history[(first + i) % objects->history_max]);
    }
    return true;
}
