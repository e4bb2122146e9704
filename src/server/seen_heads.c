/* What the engine has taken in of each ref, kept across restarts. */
#include <stdlib.h>
#include <string.h>

#include "server/look.h"

#define SETTING "git.heads"
#define SETTING_OF_ONE "git.head" /* of versions that knew one branch */
#define TEXT_BYTES_MAX (1U << 20)

const char *seen_heads_find(const struct seen_heads *seen, const char *repository,
                            const char *branch)
{
    for (size_t i = 0; i < seen->count; i++) {
        const struct seen_head *item = &seen->items[i];
        if (strcmp(item->repository, repository) == 0 && strcmp(item->branch, branch) == 0) {
            return item->head;
        }
    }
    return "";
}

void seen_heads_done(struct seen_heads *seen)
{
    free(seen->items);
    *seen = (struct seen_heads){0};
}

static char *to_text(const struct seen_heads *seen)
{
    AUTO_JSON *list = json_array();
    for (size_t i = 0; i < seen->count; i++) {
        json_t *item = json_object();
        json_put_text(item, "repository", seen->items[i].repository);
        json_put_text(item, "branch", seen->items[i].branch);
        json_put_text(item, "head", seen->items[i].head);
        json_array_append_new(list, item);
    }
    return json_text(list);
}

static bool from_text(const char *text, struct seen_heads *out)
{
    struct err ignored = {0};
    AUTO_JSON *list = json_parse(slice_of(text), &ignored);
    size_t i = 0;
    const json_t *value = NULL;
    *out = (struct seen_heads){0};
    if (!json_is_array(list) || json_array_size(list) > LOOK_REFS_MAX) {
        return false;
    }
    out->items = xcalloc(json_array_size(list) + 1, sizeof(*out->items));
    json_array_foreach (list, i, value) {
        struct seen_head *item = &out->items[out->count];
        out->count += TEXT_COPY(item->repository, json_text_at(value, "repository", "")) &&
                      TEXT_COPY(item->branch, json_text_at(value, "branch", "")) &&
                      TEXT_COPY(item->head, json_text_at(value, "head", ""));
    }
    return true;
}

bool seen_heads_store(struct store *store, const struct seen_heads *seen, struct err *err)
{
    AUTO(xfree) char *text = to_text(seen);
    return store_setting_put(store, SETTING, text, err);
}

void seen_heads_load(struct store *store, const char *branch, struct seen_heads *out)
{
    struct err none = {0};
    AUTO_STR(heads, TEXT_BYTES_MAX);
    AUTO_STR(head, OID_BYTES - 1);
    *out = (struct seen_heads){0};
    if (store_setting_get(store, SETTING, &heads, &none) && from_text(heads.text, out)) {
        return;
    }
    if (store_setting_get(store, SETTING_OF_ONE, &head, &none)) {
        *out = (struct seen_heads){xcalloc(1, sizeof(struct seen_head)), 1};
        TEXT_COPY_CUT(out->items[0].branch, branch);
        TEXT_COPY_CUT(out->items[0].head, head.text);
    }
}
