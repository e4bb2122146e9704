#include "recorded.h"

#include "../testing.h"

#include "base/file.h"

void recorded_open(struct recorded *recorded, const char *name)
{
    struct err err;
    AUTO_STR(path, 256);
    AUTO_STR(text, 1 << 20);
    str_addf(&path, "tests/golden/kube/%s.json", name);
    *recorded = (struct recorded){.arena = arena_new()};
    ASSERT_OK(file_read(path.text, &text, &err), err);
    recorded->file = json_parse(str_slice(&text), &err);
    ASSERT_OK(recorded->file, err);
}

json_t *recorded_live(struct recorded *recorded)
{
    return json_object_get(recorded->file, "live");
}

json_t *recorded_pod(struct recorded *recorded, const char *part)
{
    size_t i;
    json_t *pod;
    json_array_foreach (json_object_get(recorded->file, "pods"), i, pod) {
        if (strstr(json_text_at(pod, "metadata.name", ""), part)) {
            return pod;
        }
    }
    fail_msg("no pod %s", part);
    return NULL;
}

static const json_t **list_of(struct recorded *recorded, const char *key, size_t *out_count)
{
    const json_t *array = json_array_at(recorded->file, key);
    *out_count = json_array_size(array);
    const json_t **list = arena_alloc(recorded->arena, *out_count + 1, sizeof(*list));
    for (size_t i = 0; i < *out_count; i++) {
        list[i] = json_array_get(array, i);
    }
    return list;
}

void recorded_judge(struct recorded *recorded, const json_t *wanted)
{
    size_t owned_count;
    size_t pod_count;
    const json_t **owned = list_of(recorded, "owned", &owned_count);
    const json_t **pods = list_of(recorded, "pods", &pod_count);
    struct health_input input = {.wanted = wanted,
                                 .live = recorded_live(recorded),
                                 .owned = owned,
                                 .owned_count = owned_count,
                                 .pods = pods,
                                 .pod_count = pod_count};
    health_facts(&input, recorded->arena, &recorded->facts);
}

void recorded_trim(struct recorded *recorded)
{
    static const char *const lists[] = {"owned", "pods"};
    json_put(recorded->file, "live", health_trim(recorded_live(recorded)));
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        json_t *array = json_object_get(recorded->file, lists[i]);
        for (size_t item = 0; item < json_array_size(array); item++) {
            json_array_set_new(array, item, health_trim(json_array_get(array, item)));
        }
    }
}

void recorded_close(struct recorded *recorded)
{
    json_drop(&recorded->file);
    arena_free(&recorded->arena);
}

void json_patch(json_t *object, const char *path, const char *text)
{
    struct err err;
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    ASSERT_OK(value, ((err.text[0] = '\0'), err));
    while (strchr(path, '.')) {
        size_t length = strcspn(path, ".");
        json_t *next = json_object_getn(object, path, length);
        if (!next) {
            next = json_object();
            json_object_setn_new(object, path, length, next);
        }
        object = next;
        path += length + 1;
    }
    json_object_set_new(object, path, value);
}
