/* What registries offer: which versions count and why others do not, and which stage has which. */
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"
#include "policy/policy.h"

/* The rows of one repository, in the order in which people look for them. */
struct offer {
    const struct version_row *row;
    struct policy_facts facts;
    bool counts;
    char key[IMAGE_TAG_BYTES]; /* what the policy compares */
};

/* ---- who uses it ---- */

static bool uses(const struct scan_workload *workload, const char *repository)
{
    for (size_t i = 0; i < workload->place_count; i++) {
        if (strcmp(workload->places[i].image.repository, repository) == 0) {
            return true;
        }
    }
    return false;
}

static bool uses_repository(const struct api *api, const char *workload, const char *repository)
{
    const struct git_view *view = promote_git(api->options.engine);
    for (size_t i = 0; view && i < view->target_count; i++) {
        const struct scan *scan = view->targets[i].scan;
        const struct scan_workload *found = scan ? scan_find(scan, workload) : NULL;
        if (found && uses(found, repository)) {
            return true;
        }
    }
    return false;
}

static bool has_version(const struct scan *scan, const struct image *image)
{
    for (size_t i = 0; scan && i < scan->workload_count; i++) {
        const struct scan_workload *workload = &scan->workloads[i];
        for (size_t n = 0; n < workload->place_count; n++) {
            const struct image *own = &workload->places[n].image;
            if (strcmp(own->repository, image->repository) == 0 && image_same_version(own, image)) {
                return true;
            }
        }
    }
    return false;
}

/* The stages of which some target has it in Git. */
static json_t *stages_with(const struct api *api, const struct version_row *row)
{
    json_t *names = json_array();
    const struct git_view *view = promote_git(api->options.engine);
    const struct stage *last = NULL;
    struct image image = {0};
    TEXT_COPY_CUT(image.repository, row->repository);
    TEXT_COPY_CUT(image.tag, row->tag);
    TEXT_COPY_CUT(image.digest, row->digest);
    for (size_t i = 0; view && i < view->target_count; i++) {
        const struct target_view *target = &view->targets[i];
        if (target->stage != last && has_version(target->scan, &image)) {
            json_array_append_new(names, json_string(target->stage->name));
            last = target->stage;
        }
    }
    return names;
}

/* ---- one version ---- */

static const char *const signature_words[] = {
    [SIGNATURE_UNCHECKED] = "unchecked",
    [SIGNATURE_GOOD] = "good",
    [SIGNATURE_BAD] = "bad",
};

static json_t *view_version(const struct api *api, const struct offer *offer,
                            const struct policy_reader *reader, bool needs_signature)
{
    const struct version_row *row = offer->row;
    AUTO_STR(why, REASON_BYTES);
    json_t *value = json_object();
    json_put_text(value, "repository", row->repository);
    json_put_text(value, "tag", row->tag);
    json_put_text(value, "digest", row->digest);
    json_put_time(value, "seenAt", row->seen_ms);
    json_put_bool(value, "isGone", row->is_gone);
    json_put(value, "stages", stages_with(api, row));
    json_put_time(value, "createdAt", row->created_ms);
    json_put_text(value, "platforms", row->platforms && row->platforms[0] ? row->platforms : NULL);
    policy_explain(reader, row->tag, &offer->facts, &why);
    json_put_text(value, "ignoredBecause", why.length ? why.text : NULL);
    json_put_text(value, "waitsBecause",
                  offer->counts && promote_waits_for_people(api->options.engine, row)
                      ? POLICY_LEAP_TEXT
                      : NULL);
    json_put_text(value, "signature",
                  needs_signature ? signature_words[offer->facts.signature] : NULL);
    return value;
}

static int newest_first(const void *left, const void *right, void *context)
{
    const struct offer *a = left;
    const struct offer *b = right;
    const enum policy_kind *policy = context;
    if (a->counts != b->counts) {
        return a->counts ? -1 : 1;
    }
    int order = a->counts
                    ? policy_compare_keys(*policy, b->key, policy_time(*policy, &b->facts), a->key,
                                          policy_time(*policy, &a->facts))
                    : (b->row->seen_ms > a->row->seen_ms) - (b->row->seen_ms < a->row->seen_ms);
    return order ? order : strcmp(b->row->tag, a->row->tag);
}

/* The rows of one repository stand together. */
static void view_repository(const struct api *api, const struct version_row *rows, size_t count,
                            json_t *items)
{
    const struct git_view *view = promote_git(api->options.engine);
    const struct version_rule *rule =
        policy_rule_for(view ? view->pipeline : NULL, rows[0].repository);
    AUTO(policy_close) struct policy_reader *reader = NULL;
    struct err ignored = {0}; /* rules were checked when they were read */
    struct offer *offers = xcalloc(count, sizeof(*offers));
    bool is_readable = policy_open(rule, &reader, &ignored);
    char signature[SHA256_HEX_BYTES] = "";
    if (rule->signature) {
        policy_signature_id(rule->signature, signature);
    }
    for (size_t i = 0; is_readable && i < count; i++) {
        offers[i].row = &rows[i];
        offers[i].facts = (struct policy_facts){.seen_ms = rows[i].seen_ms,
                                                .created_ms = rows[i].created_ms,
                                                .platforms = rows[i].platforms};
        if (rule->signature && rows[i].digest[0]) {
            promote_signature_facts(api->options.engine, rows[i].repository, rows[i].digest,
                                    signature, &offers[i].facts);
        }
        offers[i].counts = policy_admit(reader, rows[i].tag, offers[i].key) &&
                           policy_fits(reader, &offers[i].facts);
    }
    enum policy_kind policy = rule->policy;
    qsort_r(offers, is_readable ? count : 0, sizeof(*offers), newest_first, &policy);
    for (size_t i = 0; is_readable && i < count; i++) {
        json_array_append_new(items,
                              view_version(api, &offers[i], reader, rule->signature != NULL));
    }
    free(offers);
}

static json_t *view_versions(const struct api *api, const char *workload,
                             const struct version_list *list)
{
    json_t *items = json_array();
    size_t end = 0;
    for (size_t i = 0; i < list->count; i = end) {
        const char *repository = list->rows[i].repository;
        for (end = i + 1; end < list->count && strcmp(list->rows[end].repository, repository) == 0;
             end++) {
        }
        if (!workload || uses_repository(api, workload, repository)) {
            view_repository(api, &list->rows[i], end - i, items);
        }
    }
    return items;
}

static json_t *view_sources(const struct api *api, struct arena *arena)
{
    json_t *sources = json_array();
    struct discover_status *states = NULL;
    size_t count = discover_state(api->options.discover, arena, &states);
    for (size_t i = 0; i < count; i++) {
        json_t *value = json_object();
        json_put_text(value, "repository", states[i].repository);
        json_put_time(value, "checkedAt", states[i].ok_ms);
        json_put_time(value, "nextCheckAt", states[i].next_ms);
        json_put_text(value, "error", states[i].error.kind ? states[i].error.text : NULL);
        json_put_int(value, "tags", (int64_t)states[i].tag_count);
        json_array_append_new(sources, value);
    }
    return sources;
}

static json_t *view_registries(const struct api *api, struct arena *arena)
{
    json_t *registries = json_array();
    struct discover_host_status *hosts = NULL;
    size_t count = discover_hosts(api->options.discover, arena, &hosts);
    for (size_t i = 0; i < count; i++) {
        json_t *value = json_object();
        json_put_text(value, "host", hosts[i].host);
        json_put_int(value, "requests", (int64_t)hosts[i].requests);
        json_put_int(value, "refusals", (int64_t)hosts[i].refusals);
        json_put_time(value, "waitsUntil", hosts[i].waits_until_ms);
        json_put_int(value, "requestsPerHour", hosts[i].requests_per_hour);
        json_put_bool(value, "isSpent", hosts[i].is_spent);
        json_array_append_new(registries, value);
    }
    return registries;
}

/* Is the program needed that checks signatures, and is it there? */
static json_t *view_signing(const struct api *api)
{
    const struct git_view *view = promote_git(api->options.engine);
    const struct pipeline *pipeline = view ? view->pipeline : NULL;
    bool is_needed = false;
    for (size_t i = 0; pipeline && i < pipeline->rule_count; i++) {
        is_needed = is_needed || pipeline->rules[i].signature;
    }
    json_t *value = json_object();
    json_put_bool(value, "isNeeded", is_needed);
    json_put_bool(value, "isThere", registry_has_cosign());
    return value;
}

void list_versions(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct version_list list = {0};
    struct err err = {0};
    if (!store_versions_list(api->options.store, http_query(exchange, "repository"), arena, &list,
                             &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    json_t *body = json_object();
    json_put(body, "items", view_versions(api, http_query(exchange, "workload"), &list));
    json_put(body, "sources", view_sources(api, arena));
    json_put(body, "registries", view_registries(api, arena));
    json_put(body, "cosign", view_signing(api));
    http_reply_json(exchange, 200, body);
}
