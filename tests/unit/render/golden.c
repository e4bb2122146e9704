#include "../testing.h"

#include "golden.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "render/render.h"
#include "trees.h"

#define CASES "tests/golden/kustomize"

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

char **golden_cases(void)
{
    struct dirent **entries = NULL;
    int count = scandir(CASES, &entries, is_visible, alphasort);
    assert_true(count >= 12);
    char **names = xcalloc((size_t)count + 1, sizeof(*names));
    for (int i = 0; i < count; i++) {
        names[i] = xstrdup(entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return names;
}

void golden_cases_done(char ***cases)
{
    for (char **name = *cases; name && *name; name++) {
        free(*name);
    }
    xfree(cases);
}

void golden_path(const char *name, const char *file, char *out, size_t size)
{
    assert_true(snprintf(out, size, CASES "/%s/%s", name, file) < (int)size);
}

/* kind, namespace, name and then all of it */
static void key_of(const json_t *object, struct str *out)
{
    AUTO(xfree) char *text = json_text(object);
    str_addf(out, "%s/%s/%s/%s", json_text_at(object, "kind", ""),
             json_text_at(object, "metadata.namespace", ""),
             json_text_at(object, "metadata.name", ""), text);
}

static int by_key(const void *a, const void *b)
{
    AUTO_STR(left, 1U << 20);
    AUTO_STR(right, 1U << 20);
    key_of(*(json_t *const *)a, &left);
    key_of(*(json_t *const *)b, &right);
    return strcmp(left.text, right.text);
}

static json_t *sorted(json_t **objects, size_t count)
{
    qsort(objects, count, sizeof(json_t *), by_key);
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(array, objects[i]);
    }
    return array;
}

json_t *golden_render(const char *name)
{
    char root[256];
    golden_path(name, "", root, sizeof(root));
    struct manifest_tree tree = folder_face(root);
    AUTO(render_cache_free) struct render_cache *cache = render_cache_new();
    AUTO(render_result_done) struct render_result result = {0};
    struct err err = {0};
    ASSERT_OK(render_target(cache, &tree, "target", &result, &err), err);
    if (result.problems) {
        fail_msg("%s: %s:%u: %s", name, result.problems->file, result.problems->line,
                 result.problems->text);
    }
    json_t **objects = xcalloc(result.count, sizeof(*objects));
    for (size_t i = 0; i < result.count; i++) {
        objects[i] = json_loads(result.objects[i].json, 0, NULL);
        assert_non_null(objects[i]);
    }
    json_t *array = sorted(objects, result.count);
    free(objects);
    return array;
}

json_t *golden_objects(struct slice yaml)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct yaml_document *document = NULL;
    struct err err = {0};
    ASSERT_OK(yaml_parse(arena, yaml, &document, &err), err);
    json_t *objects[256] = {0};
    size_t count = 0;
    for (; document; document = document->next) {
        assert_true(count < COUNT_OF(objects));
        if (document->root) {
            objects[count] = yaml_to_json(document->root, &err);
            assert_non_null(objects[count++]);
        }
    }
    return sorted(objects, count);
}

size_t golden_differences(const char *name, const json_t *got, const json_t *want)
{
    size_t count =
        json_array_size(want) > json_array_size(got) ? json_array_size(want) : json_array_size(got);
    size_t differences = 0;
    for (size_t i = 0; i < count; i++) {
        AUTO(xfree) char *got_text = json_text(json_array_get(got, i));
        AUTO(xfree) char *want_text = json_text(json_array_get(want, i));
        if (strcmp(got_text, want_text) != 0) {
            fprintf(stderr, "%s:\n   got %s\nwanted %s\n", name, got_text, want_text);
            differences++;
        }
    }
    return differences;
}
