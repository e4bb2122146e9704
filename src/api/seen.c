/* Plans that people have seen: a release that is asked for by the digest of one which is no longer
 * true is refused by the first line that differs. */
#include <string.h>

#include "api/internal.h"

void remember_plan(struct api *api, const char *digest, const json_t *plan)
{
    for (size_t i = 0; i < SEEN_PLANS_MAX; i++) {
        if (strcmp(api->seen[i].digest, digest) == 0) {
            return;
        }
    }
    struct seen_plan *seen = &api->seen[api->seen_count++ % SEEN_PLANS_MAX];
    json_drop(&seen->plan);
    TEXT_COPY_CUT(seen->digest, digest);
    seen->plan = json_deep_copy(plan);
}

void forget_plans(struct api *api)
{
    for (size_t i = 0; i < SEEN_PLANS_MAX; i++) {
        json_drop(&api->seen[i].plan);
    }
}

static const json_t *seen_plan(const struct api *api, const char *digest)
{
    for (size_t i = 0; i < SEEN_PLANS_MAX; i++) {
        if (strcmp(api->seen[i].digest, digest) == 0) {
            return api->seen[i].plan;
        }
    }
    return NULL;
}

/* ---- one line of a plan: a container of a workload in a target ---- */

struct line {
    const json_t *item, *change;
};

static bool is_same_place(const json_t *a, const json_t *b, const char *key)
{
    return strcmp(json_text_at(a, key, ""), json_text_at(b, key, "")) == 0;
}

static const json_t *change_in(const json_t *plan, const struct line *line)
{
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (json_array_at(plan, "items"), i, item) {
        size_t n = 0;
        const json_t *change = NULL;
        bool is_it = is_same_place(item, line->item, "workload") &&
                     is_same_place(item, line->item, "target");
        json_array_foreach (is_it ? json_array_at(item, "changes") : NULL, n, change) {
            if (is_same_place(change, line->change, "container")) {
                return change;
            }
        }
    }
    return NULL;
}

/* Of an image: its tag, or its digest when it has none or when both have the same. */
static const char *label(const json_t *image, const json_t *other)
{
    const char *tag = json_text_at(image, "tag", "");
    bool tells = tag[0] && strcmp(tag, json_text_at(other, "tag", "")) != 0;
    return tells ? tag : json_text_at(image, "digest", tag);
}

/* Does `other` say something else of this line?  Then in words. */
static bool differs(const struct line *line, const json_t *other, struct str *out)
{
    const char *workload = json_text_at(line->item, "workload", "");
    const char *target = json_text_at(line->item, "target", "");
    const json_t *change = change_in(other, line);
    if (!change) {
        str_addf(out, "%s is no longer changed in %s", workload, target);
        return true;
    }
    static const struct {
        const char *key, *words;
    } sides[] = {{"to", "would now get"}, {"from", "now has"}};
    for (size_t i = 0; i < COUNT_OF(sides); i++) {
        const json_t *before = json_object_get(line->change, sides[i].key);
        const json_t *now = json_object_get(change, sides[i].key);
        if (!json_equal(before, now)) {
            str_addf(out, "%s in %s %s %.80s, not %.80s", workload, target, sides[i].words,
                     label(now, before), label(before, now));
            return true;
        }
    }
    return false;
}

static bool first_difference(const json_t *plan, const json_t *other, struct str *out)
{
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (json_array_at(plan, "items"), i, item) {
        size_t n = 0;
        const json_t *change = NULL;
        json_array_foreach (json_array_at(item, "changes"), n, change) {
            if (differs(&(struct line){item, change}, other, out)) {
                return true;
            }
        }
    }
    return false;
}

static bool first_addition(const json_t *before, const json_t *now, struct str *out)
{
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (json_array_at(now, "items"), i, item) {
        const json_t *change = json_array_get(json_array_at(item, "changes"), 0);
        if (change && !change_in(before, &(struct line){item, change})) {
            str_addf(out, "%s is now changed in %s, too", json_text_at(item, "workload", ""),
                     json_text_at(item, "target", ""));
            return true;
        }
    }
    return false;
}

bool check_seen_plan(struct api *api, const struct promote_request *request, struct err *err)
{
    const json_t *before = request->plan_digest ? seen_plan(api, request->plan_digest) : NULL;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct plan plan;
    struct err ignored = {0};
    if (!before || !promote_plan(api->options.engine, request, arena, &plan, &ignored) ||
        strcmp(plan.digest, request->plan_digest) == 0) {
        return true; /* the engine has the last word */
    }
    AUTO_JSON *now = plan_to_json(&plan);
    AUTO_STR(line, 400);
    if (!first_difference(before, now, &line) && !first_addition(before, now, &line)) {
        str_add(&line, "the text around a version is another");
    }
    return err_set(err, ERR_REFUSED, "the plan has changed since you saw it: %s; look at it again",
                   line.text);
}
