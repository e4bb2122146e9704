/*
 * values: images in Helm values, at any depth.
 *
 * Charts agree on no form.  What is taken for an image has either a repository beside a tag or a
 * digest, or stands under a key that ends with "image" and reads as a reference.
 */
#include <string.h>

#include "locate/internal.h"

/* Longer than people write, and short enough to stand at each of 100,000 places. */
#define PATH_BYTES_MAX 512

struct value_walk {
    struct finder *finder;
    enum locate_form form;
    struct str path; /* dotted keys to where we are, as many as fit */
    size_t left_out; /* how many keys did not fit */
    const char *key; /* the last one */
};

static const char *const repository_keys[] = {"repository", "repo"};
static const char *const tag_keys[] = {"tag", "imageTag", "image_tag"};
static const char *const digest_keys[] = {"digest", "imageDigest", "sha256"};

/* The first of the keys that holds a scalar; `out_key` says which. */
static struct yaml_node *first_of(const struct yaml_node *mapping, const char *const *keys,
                                  size_t count, const char **out_key)
{
    for (size_t i = 0; i < count; i++) {
        struct yaml_node *node = scalar_at(mapping, keys[i]);
        if (node) {
            *out_key = keys[i];
            return node;
        }
    }
    return NULL;
}

static bool ends_with_image(const char *key)
{
    static const char *const ends[] = {"image", "Image", "IMAGE"};
    size_t length = strlen(key);
    for (size_t i = 0; length >= 5 && i < COUNT_OF(ends); i++) {
        if (strcmp(key + length - 5, ends[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_under_image(const struct value_walk *walk)
{
    return ends_with_image(walk->key);
}

static const char *path_of(const struct value_walk *walk)
{
    return arena_printf(walk->finder->arena, "%s%s", walk->path.text, walk->left_out ? "…" : "");
}

/* The same, with one more key. */
static const char *path_to(const struct value_walk *walk, const char *key)
{
    const char *dot = walk->path.length ? "." : "";
    return walk->left_out ? path_of(walk)
                          : arena_printf(walk->finder->arena, "%s%s%s", walk->path.text, dot, key);
}

/* "registry/repository", as the chart will put them together. */
static const char *whole_name(const struct value_walk *walk, const struct yaml_node *mapping,
                              const struct yaml_node *repository)
{
    const char *registry = node_text(yaml_get(mapping, "registry"));
    return registry[0] ? arena_printf(walk->finder->arena, "%s/%s", registry, repository->text)
                       : repository->text;
}

static enum locate_confidence confidence_of(const struct value_walk *walk, bool has_version)
{
    return walk->form == LOCATE_CUSTOM ? LOCATE_CERTAIN
           : has_version               ? LOCATE_LIKELY
                                       : LOCATE_GUESS;
}

static void add_split(struct value_walk *walk, const struct yaml_node *mapping, const char *name,
                      const char *repository_key)
{
    const char *tag_key = "tag";
    const char *digest_key = NULL;
    struct yaml_node *tag = first_of(mapping, tag_keys, COUNT_OF(tag_keys), &tag_key);
    struct yaml_node *digest = first_of(mapping, digest_keys, COUNT_OF(digest_keys), &digest_key);
    bool is_image = tag || digest || is_under_image(walk);
    if (!is_image || !is_reference(name)) {
        return;
    }
    struct locate_place *place =
        finder_add(walk->finder, walk->form, confidence_of(walk, tag || digest));
    place->tag_node = tag;
    place->digest_node = digest;
    /* A chart that knows no digest key would ignore one: it is only changed where it is. */
    place->is_beside = strcmp(repository_key, "image") == 0;
    place->tag_key = place->is_beside && !tag ? NULL : tag_key;
    place->digest_key = digest_key;
    place->container = place->is_beside ? path_to(walk, repository_key) : path_of(walk);
    place_read_split(place, name, mapping, walk->finder->arena);
}

/* {repository, tag}, {registry, repository, tag}, {repo, tag}; {name, tag} only below "image". */
static bool find_split(struct value_walk *walk, const struct yaml_node *mapping)
{
    const char *key = NULL;
    struct yaml_node *repository =
        first_of(mapping, repository_keys, COUNT_OF(repository_keys), &key);
    if (!repository && is_under_image(walk)) {
        static const char *const name_keys[] = {"name"};
        repository = first_of(mapping, name_keys, COUNT_OF(name_keys), &key);
    }
    if (repository && is_text(repository)) {
        add_split(walk, mapping, whole_name(walk, mapping, repository), key);
    }
    return repository != NULL;
}

/* `image: repo` with `tag:` beside it. */
static bool find_beside(struct value_walk *walk, const struct yaml_node *mapping,
                        const struct yaml_node *value)
{
    const char *ignored = NULL;
    bool has_beside = first_of(mapping, tag_keys, COUNT_OF(tag_keys), &ignored) ||
                      first_of(mapping, digest_keys, COUNT_OF(digest_keys), &ignored);
    if (has_beside) {
        add_split(walk, mapping, whole_name(walk, mapping, value), "image");
    }
    return has_beside;
}

static void find_scalar(struct value_walk *walk, const struct yaml_node *mapping, const char *key,
                        struct yaml_node *value)
{
    bool is_image = strcmp(key, "image") == 0;
    if (!ends_with_image(key) || !is_text(value) ||
        (is_image && find_beside(walk, mapping, value))) {
        return;
    }
    bool has_version = strpbrk(value->text, ":@") != NULL;
    if (!is_image && !has_version) {
        return; /* `nodeImage: large` */
    }
    struct locate_place *place =
        finder_add_whole(walk->finder, walk->form, confidence_of(walk, has_version), value, 0);
    if (place) {
        place->container = path_to(walk, key);
    }
}

static void look(struct value_walk *walk, const struct yaml_node *node);

static void look_below(struct value_walk *walk, const char *key, const struct yaml_node *value)
{
    size_t length = walk->path.length;
    const char *key_before = walk->key;
    bool fits = !walk->left_out && length + strlen(key) + 1 <= PATH_BYTES_MAX;
    if (fits) {
        str_addf(&walk->path, length ? ".%s" : "%s", key);
    }
    walk->left_out += !fits;
    walk->key = key;
    look(walk, value);
    walk->key = key_before;
    walk->left_out -= !fits;
    walk->path.length = length;
    walk->path.text[length] = '\0';
}

static void look_at_mapping(struct value_walk *walk, const struct yaml_node *mapping)
{
    bool is_split = find_split(walk, mapping);
    for (size_t i = 0; i + 1 < mapping->item_count; i += 2) {
        const char *key = node_text(mapping->items[i]);
        struct yaml_node *value = mapping->items[i + 1];
        if (value->is_alias && value->kind != YAML_SCALAR) {
            continue; /* what it repeats is found where it is written */
        }
        if (value->kind != YAML_SCALAR) {
            look_below(walk, key, value);
        } else if (!is_split) {
            find_scalar(walk, mapping, key, value);
        }
    }
}

static void look(struct value_walk *walk, const struct yaml_node *node)
{
    if (node->kind == YAML_MAPPING) {
        look_at_mapping(walk, node);
    }
    for (size_t i = 0; node->kind == YAML_SEQUENCE && i < node->item_count; i++) {
        char index[24];
        snprintf(index, sizeof(index), "[%zu]", i);
        if (!node->items[i]->is_alias) {
            look_below(walk, index, node->items[i]);
        }
    }
}

void find_values_at(struct finder *finder, struct yaml_node *root, enum locate_form form,
                    const char *path)
{
    const char *dot = strrchr(path, '.');
    struct value_walk walk = {.finder = finder, .form = form, .key = dot ? dot + 1 : path};
    str_init(&walk.path, PATH_BYTES_MAX);
    str_add(&walk.path, path);
    walk.left_out = walk.path.failed;
    if (root && root->kind == YAML_MAPPING) {
        look(&walk, root);
    }
    str_done(&walk.path);
}

void find_values(struct finder *finder, struct yaml_node *root, enum locate_form form)
{
    find_values_at(finder, root, form, "");
}
