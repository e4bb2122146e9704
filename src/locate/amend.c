/* amend: what has to change for a place to say another version. */
#include <string.h>

#include "locate/internal.h"

static void set(locate_amendments *out, const struct yaml_node *node, const char *value)
{
    if (strcmp(node->text, value) != 0) {
        *VEC_ADD(out) = (struct yaml_amendment){.kind = YAML_AMEND_SET, .at = node, .value = value};
    }
}

static void add(locate_amendments *out, const struct locate_place *place,
                const struct yaml_node *behind, const char *key, const char *value)
{
    *VEC_ADD(out) = (struct yaml_amendment){
        .kind = YAML_AMEND_ADD, .in = place->parent, .at = behind, .key = key, .value = value};
}

static void amend_whole(const struct locate_place *place, const char *tag, const char *digest,
                        struct arena *arena, locate_amendments *out)
{
    const char *value =
        arena_printf(arena, "%.*s%s%s%s%s%s", (int)place->whole_skip, place->whole->text,
                     place->image, tag[0] ? ":" : "", tag, digest[0] ? "@" : "", digest);
    set(out, place->whole, value);
}

/* Charts' values may need the key to be there; kustomize and Flux take an empty text for a value.
 */
static bool wants_no_empty(const struct locate_place *place)
{
    return place->form == LOCATE_KUSTOMIZE || place->form == LOCATE_CHART;
}

/* Without a digest of its own, a new tag with the old digest would still run the old image. */
static void drop_digest(const struct locate_place *place, locate_amendments *out)
{
    if (place->digest_node && wants_no_empty(place)) {
        *VEC_ADD(out) = (struct yaml_amendment){
            .kind = YAML_AMEND_REMOVE, .in = place->parent, .at = place->digest_node};
    } else if (place->digest_node) {
        set(out, place->digest_node, "");
    }
}

/* The value behind which something comes that takes the place of `node`: the one before it, since
   what is removed leaves nothing to stand behind. */
static const struct yaml_node *beside(const struct yaml_node *mapping, const struct yaml_node *node)
{
    const struct yaml_node *before = NULL;
    for (size_t i = 1; i < mapping->item_count; i += 2) {
        bool is_it = mapping->items[i] == node;
        if (is_it && before) {
            break;
        }
        before = is_it ? before : mapping->items[i];
    }
    return before;
}

/* No tag, since only a digest is wanted. */
static void drop_tag(const struct locate_place *place, locate_amendments *out)
{
    if (place->tag_node && wants_no_empty(place)) {
        *VEC_ADD(out) = (struct yaml_amendment){
            .kind = YAML_AMEND_REMOVE, .in = place->parent, .at = place->tag_node};
    } else if (place->tag_node) {
        set(out, place->tag_node, "");
    }
}

/* `written`: the tag, or tag and digest in one, as charts without a key for digests want it. */
static const char *amend_tag(const struct locate_place *place, const char *written,
                             const char *digest, locate_amendments *out)
{
    if (!written[0]) {
        drop_tag(place, out);
    } else if (place->tag_node) {
        set(out, place->tag_node, written);
    } else if (place->tag_key) {
        const struct yaml_node *behind =
            digest[0] ? place->digest_node : beside(place->parent, place->digest_node);
        add(out, place, behind, place->tag_key, written);
    } else {
        return "there is no key that a tag could go into";
    }
    return NULL;
}

static void amend_digest(const struct locate_place *place, const char *tag, const char *digest,
                         locate_amendments *out)
{
    if (!digest[0]) {
        drop_digest(place, out);
    } else if (place->digest_node) {
        set(out, place->digest_node, digest);
    } else {
        const struct yaml_node *behind =
            tag[0] ? place->tag_node : beside(place->parent, place->tag_node);
        add(out, place, behind, place->digest_key, digest);
    }
}

static const char *amend_split(const struct locate_place *place, const char *tag,
                               const char *digest, struct arena *arena, locate_amendments *out)
{
    bool is_joined = place->tag_node && place->tag_node == place->digest_node;
    bool has_digest_key = !is_joined && (place->digest_node || place->digest_key);
    const char *written =
        digest[0] && !has_digest_key ? arena_printf(arena, "%s@%s", tag, digest) : tag;
    if (!tag[0] && !has_digest_key) {
        return "a digest alone cannot stand where a tag does; write NAME=TAG@DIGEST";
    }
    const char *trouble = amend_tag(place, written, digest, out);
    if (!trouble && has_digest_key) {
        amend_digest(place, tag, digest, out);
    }
    return trouble;
}

const char *locate_amend(const struct locate_place *place, const char *tag, const char *digest,
                         struct arena *arena, locate_amendments *out)
{
    if (place->trouble) {
        return place->trouble;
    }
    if (strcmp(place->tag, tag) == 0 && strcmp(place->digest, digest) == 0) {
        return NULL;
    }
    if (!place->whole) {
        return amend_split(place, tag, digest, arena, out);
    }
    amend_whole(place, tag, digest, arena, out);
    return NULL;
}

bool locate_is_same(const struct locate_place *a, const struct locate_place *b)
{
    bool is_at = a->line == b->line && a->column == b->column && a->form == b->form;
    /* The engine has names of its own for some. */
    bool has_names = a->form != LOCATE_CHART && a->form != LOCATE_ARGOCD;
    return is_at && (!has_names || strcmp(a->container, b->container) == 0);
}
