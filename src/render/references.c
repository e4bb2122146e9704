/* Names that refer to objects which were renamed, or put into another namespace, become what those
   are called now.  Which object is meant is judged as kustomize judges it. */
#include <stdio.h>
#include <string.h>

#include "render/internal.h"
#include "render/name_places.h"

#define PATH_BYTES_MAX 160

struct candidates {
    struct draft **items;
    size_t count, capacity;
};

/* Drafts that were ever called something else, by each of their former names. */
struct index {
    struct map by_name; /* → struct candidates */
};

/* One place of one object at work. */
struct following {
    struct transformation *work;
    const struct index *index;
    struct draft *referrer;
    struct identity referrer_identity;
    const struct name_target *target;
    bool is_role; /* roleRef says itself which kind it names */
    bool is_beyond;
};

/* ---- the index ---- */

static void index_done(struct index *index)
{
    MAP_EACH (slot, &index->by_name) {
        struct candidates *candidates = slot->value;
        VEC_DONE(candidates);
        xfree(&candidates);
    }
    map_done(&index->by_name);
}

static void index_draft(struct index *index, struct draft *draft)
{
    for (const struct former *former = draft->formers; former; former = former->next) {
        struct candidates *found = map_get(&index->by_name, former->name);
        if (!found) {
            found = xcalloc(1, sizeof(*found));
            map_set(&index->by_name, former->name, found);
        }
        if (found->count == 0 || found->items[found->count - 1] != draft) {
            *VEC_ADD(found) = draft;
        }
    }
}

/* ---- judging ---- */

static bool was_a(const struct draft *draft, const char *group, const char *version,
                  const char *kind)
{
    struct identity identity = identity_of(draft);
    for (const struct former *former = draft->formers; former; former = former->next) {
        identity.kind = former->kind;
        if (identity_is_a(&identity, group, version, kind)) {
            return true;
        }
    }
    return false;
}

static bool is_of_cluster(const struct identity *identity)
{
    return kind_is_of_cluster(identity->api_version, identity->kind);
}

/* Bindings may name accounts of other namespaces. */
static bool binds_namespace(const struct following *following, const char *namespace)
{
    size_t i = 0;
    json_t *subject = NULL;
    if (strcmp(following->referrer_identity.kind, "RoleBinding") != 0) {
        return false;
    }
    json_array_foreach (json_object_get(following->referrer->json, "subjects"), i, subject) {
        if (strcmp(json_text_at(subject, "kind", ""), "ServiceAccount") == 0 &&
            json_object_get(subject, "namespace") &&
            strcmp(json_text_at(subject, "namespace", ""), namespace) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_in_reach(const struct following *following, const struct draft *draft)
{
    const struct identity *referrer = &following->referrer_identity;
    struct identity identity = identity_of(draft);
    bool is_near = is_of_cluster(referrer) || is_of_cluster(&identity) ||
                   strcmp(referrer->namespace, identity.namespace) == 0;
    return is_near ||
           (strcmp(identity.kind, "ServiceAccount") == 0 &&
            binds_namespace(following, json_text_at(draft->json, "metadata.namespace", "")));
}

static bool fits_role(const struct following *following, const struct draft *draft)
{
    const json_t *role = json_object_get(following->referrer->json, "roleRef");
    const char *group = json_text_at(role, "apiGroup", "");
    const char *kind = json_text_at(role, "kind", "");
    return !following->is_role || !json_object_get(role, "apiGroup") ||
           !json_object_get(role, "kind") ||
           was_a(draft, group[0] ? group : NULL, NULL, kind[0] ? kind : NULL);
}

/* Do the newest of both agree, as far as the shorter list goes? */
static bool same_ending(const struct affix *left, const struct affix *right)
{
    if (!left || !right) {
        return left == right;
    }
    for (; left && right; left = left->next, right = right->next) {
        if (strcmp(left->text, right->text) != 0) {
            return false;
        }
    }
    return true;
}

static bool same_affixes(const struct draft *left, const struct draft *right, bool may_lack)
{
    bool may_lack_prefix = may_lack && (!left->prefixes || !right->prefixes);
    bool may_lack_suffix = may_lack && (!left->suffixes || !right->suffixes);
    return (may_lack_prefix || same_ending(left->prefixes, right->prefixes)) &&
           (may_lack_suffix || same_ending(left->suffixes, right->suffixes));
}

/* Keep those with affixes like the referrer's. */
static void sieve(const struct following *following, struct candidates *list, bool may_lack)
{
    size_t kept = 0;
    VEC_EACH (struct draft *, draft, list) {
        if (same_affixes(*draft, following->referrer, may_lack)) {
            list->items[kept++] = *draft;
        }
    }
    list->count = kept;
}

static bool are_same(const struct candidates *list, bool with_namespace)
{
    for (size_t i = 1; i < list->count; i++) {
        const json_t *first = list->items[0]->json;
        const json_t *other = list->items[i]->json;
        if (strcmp(json_text_at(first, "metadata.name", ""),
                   json_text_at(other, "metadata.name", "")) != 0 ||
            (with_namespace && strcmp(json_text_at(first, "metadata.namespace", ""),
                                      json_text_at(other, "metadata.namespace", "")) != 0)) {
            return false;
        }
    }
    return true;
}

/* Is it in the namespace that a mapping names: where it first was, or else where it is? */
static bool is_first_there(const struct draft *draft, const char *namespace)
{
    struct identity first;
    (void)identity_at(draft, 0, &first);
    return strcmp(first.namespace, namespace) == 0;
}

static void take_candidates(const struct following *following, const char *name,
                            struct candidates *out)
{
    const struct candidates *known = map_get(&following->index->by_name, name);
    const struct name_target *target = following->target;
    for (size_t i = 0; known && i < known->count; i++) {
        struct draft *draft = known->items[i];
        if (was_a(draft, target->group, target->version, target->kind) &&
            fits_role(following, draft) && is_in_reach(following, draft)) {
            *VEC_ADD(out) = draft;
        }
    }
}

/* kustomize looks into the first namespaces before the present ones, whether or not what it seeks
   is among them. */
static void keep_namespace(const struct following *following, const char *namespace,
                           struct candidates *list)
{
    bool is_known = false;
    size_t kept = 0;
    VEC_EACH (struct draft, draft, &following->work->list->all) {
        is_known |= is_in_reach(following, draft) && is_first_there(draft, namespace) &&
                    strchr(namespace, '(') == NULL;
    }
    VEC_EACH (struct draft *, draft, list) {
        struct identity now = identity_of(*draft);
        if (is_known ? is_first_there(*draft, namespace) : strcmp(now.namespace, namespace) == 0) {
            list->items[kept++] = *draft;
        }
    }
    list->count = kept;
}

/* The one that is meant, or NULL. */
static struct draft *choose(struct following *following, const char *name, const json_t *mapping)
{
    struct candidates list = {0};
    struct draft *chosen = NULL;
    const json_t *namespace = json_object_get(mapping, "namespace");
    take_candidates(following, name, &list);
    if (list.count > 0 && namespace) {
        keep_namespace(following, json_is_string(namespace) ? json_string_value(namespace) : "",
                       &list);
    }
    if (list.count != 1) {
        sieve(following, &list, true);
    }
    if (list.count > 1) {
        sieve(following, &list, false);
    }
    if (list.count > 0) {
        following->is_beyond |= !are_same(&list, mapping != NULL);
        chosen = list.items[0];
    }
    VEC_DONE(&list);
    return chosen;
}

/* ---- writing ---- */

static void follow_text(struct following *following, const struct field *field)
{
    const struct draft *found = choose(following, json_string_value(field->value), NULL);
    if (found) {
        field_set(field, json_string(json_text_at(found->json, "metadata.name", "")));
    }
}

static void follow_mapping(struct following *following, const struct field *field)
{
    const json_t *name = json_object_get(field->value, "name");
    if (!json_is_string(name)) {
        following->is_beyond = true; /* kustomize fails */
        return;
    }
    const struct draft *found = choose(following, json_string_value(name), field->value);
    if (!found) {
        return;
    }
    const char *namespace = json_text_at(found->json, "metadata.namespace", "");
    json_object_set_new(field->value, "name",
                        json_string(json_text_at(found->json, "metadata.name", "")));
    if (namespace[0]) {
        json_object_set_new(field->value, "namespace", json_string(namespace));
    }
}

static bool follow(void *context, const struct field *field)
{
    struct following *following = context;
    if (json_is_array(field->value)) {
        struct field item = {.holder = field->value};
        for (; item.index < json_array_size(field->value); item.index++) {
            item.value = json_array_get(field->value, item.index);
            if (json_is_array(item.value) || !follow(context, &item)) {
                return false;
            }
        }
    } else if (json_is_object(field->value)) {
        follow_mapping(following, field);
    } else if (json_is_string(field->value)) {
        follow_text(following, field);
    }
    return !following->is_beyond;
}

/* All places of an object where it may name others, with what is named there. */
static bool visit_places(const struct draft *draft,
                         bool (*at)(void *context, const struct name_target *target,
                                    const char *path),
                         void *context)
{
    char path[PATH_BYTES_MAX];
    struct identity first;
    (void)identity_at(draft, 0, &first);
    for (size_t i = 0; i < name_place_count; i++) {
        const struct name_place *place = &name_places[i];
        if (identity_is_a(&first, place->group, place->version, place->kind) &&
            !at(context, &place->target, place->path)) {
            return false;
        }
    }
    for (size_t h = 0; h < pod_holder_count; h++) {
        const struct pod_holder *holder = &pod_holders[h];
        for (size_t i = 0; strcmp(holder->kind, first.kind) == 0 && i < pod_place_count; i++) {
            snprintf(path, sizeof(path), "%s/%s", holder->path, pod_places[i].path);
            if ((pod_places[i].names & holder->names) &&
                !at(context, &pod_places[i].target, path)) {
                return false;
            }
        }
    }
    return true;
}

static bool follow_at(void *context, const struct name_target *target, const char *path)
{
    static const char role[] = "roleRef/name";
    struct following *following = context;
    size_t length = strlen(path);
    following->target = target;
    following->is_role = length >= strlen(role) && strcmp(path + length - strlen(role), role) == 0;
    return fields_visit(following->referrer->json, path, follow, following);
}

bool follow_names(struct transformation *work, struct err *err)
{
    AUTO(index_done) struct index index = {0};
    VEC_EACH (struct draft, draft, &work->list->all) {
        index_draft(&index, draft);
    }
    VEC_EACH (struct draft, draft, &work->list->all) {
        struct following following = {.work = work,
                                      .index = &index,
                                      .referrer = draft,
                                      .referrer_identity = identity_of(draft)};
        if (index.by_name.count > 0 && !visit_places(draft, follow_at, &following)) {
            return leave_to_program(work, "a reference to a name", NULL, err);
        }
    }
    return true;
}

/* ---- across units ---- */

struct noting {
    struct unit *unit;
    struct draft *draft;
    const char *where; /* the referrer's namespace; "?" when it may name what is anywhere */
};

static const char *key_of(struct arena *arena, const char *where, const char *name)
{
    return arena_printf(arena, "%s/%s", where, name);
}

static void note_reference(const struct noting *noting, const json_t *name, bool is_mapping)
{
    struct arena *arena = noting->unit->arena;
    if (json_is_string(name)) {
        const char *text = arena_strdup(arena, json_string_value(name));
        *VEC_ADD(&noting->unit->references) = (struct unit_name){
            text, key_of(arena, noting->where, text), strcmp(noting->where, "?") == 0, is_mapping};
    }
}

static bool note_field(void *context, const struct field *field)
{
    size_t i = 0;
    json_t *item = NULL;
    if (json_is_array(field->value)) {
        json_array_foreach (field->value, i, item) {
            note_reference(context, json_is_object(item) ? json_object_get(item, "name") : item,
                           json_is_object(item));
        }
    } else if (json_is_object(field->value)) {
        note_reference(context, json_object_get(field->value, "name"), true);
    } else {
        note_reference(context, field->value, false);
    }
    return true;
}

static bool note_at(void *context, const struct name_target *target, const char *path)
{
    struct noting *noting = context;
    (void)target;
    (void)fields_visit(noting->draft->json, path, note_field, noting);
    return true;
}

void note_names(struct unit *unit, const struct draft_list *list)
{
    VEC_EACH (struct draft, draft, &list->all) {
        struct identity identity = identity_of(draft);
        bool is_far = is_of_cluster(&identity);
        bool names_far = is_far || strcmp(identity.kind, "RoleBinding") == 0;
        struct noting noting = {unit, draft, names_far ? "?" : identity.namespace};
        for (const struct former *former = draft->formers; former; former = former->next) {
            const char *where = is_far ? "*" : identity.namespace;
            *VEC_ADD(&unit->renamed) = (struct unit_name){
                arena_strdup(unit->arena, former->name), key_of(unit->arena, where, former->name),
                is_far, strcmp(former->name, identity.name) == 0};
        }
        (void)visit_places(draft, note_at, &noting);
    }
}

/* Changed names by what may refer to them: the units that they are of. */
struct change {
    const struct unit *unit;
    bool is_mapping;
    struct change *next;
};

/* Which references and changes there are among units: most changes are none that could matter. */
struct reach {
    bool has_mappings; /* together with namespaces */
    bool has_far;      /* to any namespace */
    bool has_cluster;  /* changes of what belongs to none */
};

static struct reach reach_of(const struct unit *const *units, size_t count)
{
    struct reach reach = {0};
    for (size_t i = 0; i < count; i++) {
        VEC_EACH (struct unit_name, reference, &units[i]->references) {
            reach.has_mappings |= reference->is_mapping;
            reach.has_far |= reference->is_far;
        }
        VEC_EACH (struct unit_name, name, &units[i]->renamed) {
            reach.has_cluster |= name->is_far;
        }
    }
    return reach;
}

static void add_change(struct map *changes, const char *key, const struct unit *unit,
                       bool is_mapping, struct arena *scratch)
{
    struct change *first = map_get(changes, key);
    if (first && first->unit == unit && first->is_mapping == is_mapping) {
        return;
    }
    struct change *change = ARENA_NEW(scratch, struct change);
    *change = (struct change){unit, is_mapping, first};
    map_set(changes, key, change);
}

static void add_changes(struct map *changes, const struct unit *unit, struct reach reach,
                        struct arena *scratch)
{
    VEC_EACH (struct unit_name, name, &unit->renamed) {
        if (name->is_mapping && !reach.has_mappings) {
            continue; /* only its namespace changed, and nobody names namespaces */
        }
        add_change(changes, name->key, unit, name->is_mapping, scratch);
        if (reach.has_far) {
            add_change(changes, key_of(scratch, "?", name->name), unit, name->is_mapping, scratch);
        }
    }
}

static bool meets(const struct unit *unit, const struct unit_name *reference, const char *key,
                  const struct map *changes)
{
    const struct change *change = map_get(changes, key);
    for (; change; change = change->next) {
        if (change->unit != unit && (!change->is_mapping || reference->is_mapping)) {
            return true;
        }
    }
    return false;
}

static bool meets_any(const struct unit *unit, const struct map *changes, struct reach reach,
                      struct arena *scratch)
{
    VEC_EACH (struct unit_name, reference, &unit->references) {
        if (meets(unit, reference, reference->key, changes) ||
            (reach.has_cluster &&
             meets(unit, reference, key_of(scratch, "*", reference->name), changes))) {
            return true;
        }
    }
    return false;
}

bool names_cross(const struct unit *const *units, size_t count, struct arena *scratch)
{
    AUTO(map_done) struct map changes = {0};
    struct reach reach = reach_of(units, count);
    for (size_t i = 0; i < count; i++) {
        if (units[i]->is_opaque && count > 1) {
            return true;
        }
        add_changes(&changes, units[i], reach, scratch);
    }
    for (size_t i = 0; changes.count > 0 && i < count; i++) {
        if (meets_any(units[i], &changes, reach, scratch)) {
            return true;
        }
    }
    return false;
}
