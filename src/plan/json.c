#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "plan/plan.h"

static json_t *change_to_json(const struct plan_change *change)
{
    json_t *value = json_object();
    json_put_text(value, "container", change->container);
    json_put(value, "from", image_to_json(&change->from));
    json_put(value, "to", image_to_json(&change->to));
    json_put_text(value, "file", change->file);
    json_put_int(value, "line", change->line);
    json_put_bool(value, "isOlder", change->is_older);
    json_put_text(value, "note", change->note ? change->note : "");
    return value;
}

static json_t *item_to_json(const struct plan_item *item)
{
    json_t *value = json_object();
    json_put_text(value, "workload", item->workload);
    json_put_text(value, "target", item->target);
    json_put_int(value, "wave", item->wave + 1);
    json_t *changes = json_array();
    for (size_t i = 0; i < item->change_count; i++) {
        json_array_append_new(changes, change_to_json(&item->changes[i]));
    }
    json_put(value, "changes", changes);
    return value;
}

static json_t *skip_to_json(const struct plan_skip *skip)
{
    json_t *value = json_object();
    json_put_text(value, "workload", skip->workload);
    json_put_text(value, "target", skip->target);
    json_put_text(value, "reason", skip->reason);
    json_put_bool(value, "hasIt", skip->has_it);
    return value;
}

json_t *plan_to_json(const struct plan *plan)
{
    json_t *value = json_object();
    json_put_text(value, "to", plan->to);
    json_put_text(value, "from", plan->from);
    json_put_text(value, "digest", plan->digest);
    json_put_int(value, "waves", plan->wave_count);
    json_t *items = json_array();
    for (size_t i = 0; i < plan->item_count; i++) {
        json_array_append_new(items, item_to_json(&plan->items[i]));
    }
    json_put(value, "items", items);
    json_t *skipped = json_array();
    for (size_t i = 0; i < plan->skip_count; i++) {
        json_array_append_new(skipped, skip_to_json(&plan->skips[i]));
    }
    json_put(value, "skipped", skipped);
    AUTO_STR(summary, 256);
    plan_summary(plan, &summary);
    json_put_text(value, "summary", summary.text);
    return value;
}

static size_t count_distinct(const struct plan *plan, size_t name_offset)
{
    struct map seen = {0};
    for (size_t i = 0; i < plan->item_count; i++) {
        const char *item = (const char *)&plan->items[i];
        map_set(&seen, item + name_offset, NULL);
    }
    size_t count = seen.count;
    map_done(&seen);
    return count;
}

void plan_summary(const struct plan *plan, struct str *out)
{
    if (plan->item_count == 0) {
        str_add(out, "Nothing to promote.");
        return;
    }
    size_t workloads = count_distinct(plan, offsetof(struct plan_item, workload));
    size_t targets = count_distinct(plan, offsetof(struct plan_item, target));
    str_addf(out, "%zu workload%s in %zu cluster%s, %d commit%s.", workloads,
             workloads == 1 ? "" : "s", targets, targets == 1 ? "" : "s", plan->wave_count,
             plan->wave_count == 1 ? "" : "s");
}

/* A tag and the beginning of its digest, which may move while the tag stays. */
static void describe_version(const json_t *image, struct str *out)
{
    const char *digest = json_text_at(image, "digest", "");
    const char *hex = strchr(digest, ':');
    str_add(out, json_text_at(image, "tag", ""));
    if (hex) {
        str_addf(out, "@%.12s", hex + 1);
    }
}

/* All that the plan's digest covers. */
static void describe_change(const json_t *item, const json_t *change, struct str *out)
{
    str_addf(out, "%s in %s, wave %lld: %s ", json_text_at(item, "workload", "?"),
             json_text_at(item, "target", "?"), (long long)json_int_at(item, "wave", 0),
             json_text_at(change, "container", "?"));
    describe_version(json_at(change, "from"), out);
    str_add(out, " → ");
    describe_version(json_at(change, "to"), out);
    str_addf(out, " in %s", json_text_at(change, "file", "?"));
}

/* One line per change, in order. */
static json_t *lines_of(const json_t *plan)
{
    json_t *lines = json_array();
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (json_array_at(plan, "items"), i, item) {
        size_t n = 0;
        const json_t *change = NULL;
        json_array_foreach (json_array_at(item, "changes"), n, change) {
            AUTO_STR(line, 1024);
            describe_change(item, change, &line);
            json_array_append_new(lines, json_text_safe(line.text, line.length));
        }
    }
    return lines;
}

void plan_difference(const json_t *before, const json_t *now, struct str *out)
{
    AUTO_JSON *old_lines = lines_of(before);
    AUTO_JSON *new_lines = lines_of(now);
    size_t old_count = json_array_size(old_lines);
    size_t new_count = json_array_size(new_lines);
    for (size_t i = 0; i < old_count || i < new_count; i++) {
        const char *was =
            i < old_count ? json_string_value(json_array_get(old_lines, i)) : "nothing";
        const char *is =
            i < new_count ? json_string_value(json_array_get(new_lines, i)) : "nothing";
        if (strcmp(was, is) != 0) {
            str_addf(out, "it was \"%s\", it is now \"%s\"", was, is);
            return;
        }
    }
}
