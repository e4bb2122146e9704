/* own: where a target can say a version that others read, too. */
#include <string.h>

#include "configrepo/survey.h"

static bool is_own(const struct walk *walk, const struct manifest_kustomization *kustomization)
{
    return !kustomization->is_component && !yaml_is_encrypted(kustomization->root) &&
           !survey_other_user(walk->survey, kustomization->file, walk->path);
}

/* The nearest one that the target alone reads, from where the last word stands upward: below it,
   nobody would hear. */
static const struct passage *find_own(const struct walk *walk, const struct item *item,
                                      const struct slot *slot)
{
    const struct passage *own = NULL;
    bool is_heard = true;
    for (const struct passage *at = item->passages; at && is_heard; at = at->next) {
        own = is_own(walk, at->through) ? at : own;
        is_heard = at->through != slot->said_in && at->through != slot->renamed_by;
    }
    return own;
}

/* Can the file take what the keys lead to: is there a mapping to write it into, and nothing of it
   yet? */
static bool has_room(const struct yaml_node *root, const char *path, struct arena *arena)
{
    const struct yaml_node *node = root;
    while (node && *path) {
        size_t length = strcspn(path, ".");
        bool is_open = node->kind == YAML_MAPPING && node->item_count > 0 && !node->is_alias &&
                       node->alias_count == 0;
        if (!is_open || memchr(path, '[', length)) {
            return false;
        }
        node = yaml_get(node, arena_strndup(arena, path, length));
        path += length + (path[length] == '.');
    }
    return !node;
}

/* The keys of what would be written: a tag below or beside the image, or the whole reference. */
static const char *keys_of(const struct locate_place *at, const char *path, struct arena *arena)
{
    const char *dot = strrchr(path, '.');
    size_t parent = dot ? (size_t)(dot - path) : 0;
    if (at->whole) {
        return path;
    }
    if (!at->tag_key) {
        return NULL;
    }
    return at->is_beside
               ? arena_printf(arena, "%.*s%s%s", (int)parent, path, parent ? "." : "", at->tag_key)
               : arena_printf(arena, "%s.%s", path, at->tag_key);
}

bool override_takes_value(const struct yaml_node *root, const struct locate_place *at,
                          const char *values_path, struct arena *arena)
{
    const char *keys = keys_of(at, values_path, arena);
    return keys && !yaml_is_encrypted(root) && has_room(root, keys, arena);
}

/* The uppermost file of the chart's values that only the target reads, above the one that says the
   version. */
static void find_values_file(const struct walk *walk, const struct slot *slot, struct arena *arena,
                             struct override_case *out)
{
    const struct chart_value *value = slot->origin ? slot->origin->value : NULL;
    bool says_it = value && value->said.at && slot->last.at == value->said.at;
    const struct chart_file *file = says_it ? value->files : NULL;
    for (; file && strcmp(file->path, slot->last.file) != 0; file = file->below) {
        if (!survey_other_user(walk->survey, file->path, walk->path) &&
            override_takes_value(file->root, value->said.at, value->path, arena)) {
            out->at = value->said.at;
            out->values_path = value->path;
            out->values_file = file->path;
            out->values_text = file->text;
            return;
        }
    }
}

bool own_case(const struct walk *walk, const struct item *item, const struct slot *slot,
              struct arena *arena, const struct override_case **out)
{
    const char *other = survey_other_user(walk->survey, slot->last.file, walk->path);
    if (!other && !slot_is_unplaced(slot)) {
        return false;
    }
    const struct item *holder = slot->holder ? slot->holder : item;
    const struct passage *own = find_own(walk, holder, slot);
    struct override_case *found = ARENA_NEW(arena, struct override_case);
    *found = (struct override_case){
        .tree = &walk->tree,
        .in = own ? own->through : NULL,
        .at = slot->last.at && slot->last.at->is_listed ? slot->last.at : slot->own.at,
        .takes_entry = slot->is_field,
        .image = slot->name,
        .api_version = holder->object->api_version,
        .kind = holder->object->kind,
        .name = own ? own->name : holder->name,
        .namespace = own ? own->namespace : holder->namespace,
    };
    if (slot_is_unplaced(slot)) {
        found->trouble = found->because = slot->origin->trouble;
    } else {
        override_set_shared(found, slot->last.file, other, arena);
        find_values_file(walk, slot, arena, found);
    }
    *out = found;
    return true;
}
