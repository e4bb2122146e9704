/* The versions that registries offer, as the engine sees them. */
#include <stdlib.h>
#include <string.h>

#include "model/chart.h"
#include "promote/engine.h"

const struct repository_view *repository_find(const struct promote *engine, const char *repository)
{
    return map_get(&engine->repositories, repository);
}

void repository_free(struct repository_view *view)
{
    if (view) {
        map_done(&view->signatures);
        arena_free(&view->arena);
        free(view);
    }
}

bool version_is_known(const struct version_row *row)
{
    return row->digest[0] || chart_is_indexed(row->repository);
}

static bool uses(const struct scan_workload *workload, const char *repository)
{
    for (size_t i = 0; i < workload->place_count; i++) {
        if (strcmp(workload->places[i].image.repository, repository) == 0) {
            return true;
        }
    }
    return false;
}

static void note_users(struct promote *engine, const char *repository)
{
    for (size_t i = 0; engine->git && i < engine->git->target_count; i++) {
        const struct scan *scan = engine->git->targets[i].scan;
        for (size_t n = 0; scan && n < scan->workload_count; n++) {
            if (uses(&scan->workloads[n], repository)) {
                automatic_note(engine, scan->workloads[n].name);
            }
        }
    }
}

static bool load_view(struct promote *engine, const char *repository, struct repository_view *view,
                      struct err *err)
{
    struct signature_list signatures = {0};
    if (!store_versions_list(engine->store, repository, view->arena, &view->versions, err) ||
        !store_signatures_list(engine->store, repository, view->arena, &signatures, err)) {
        return false;
    }
    for (size_t i = 0; i < signatures.count; i++) {
        map_set(&view->signatures, signatures.rows[i].digest, &signatures.rows[i]);
    }
    return true;
}

bool promote_versions_changed(struct promote *engine, const char *repository, struct err *err)
{
    struct repository_view *view = xcalloc(1, sizeof(*view));
    view->arena = arena_new();
    if (!load_view(engine, repository, view, err)) {
        repository_free(view);
        return false;
    }
    repository_free(map_set(&engine->repositories, repository, view));
    note_users(engine, repository);
    engine->ports.board_changed(engine->ports.context);
    return true;
}

const struct version_row *versions_row(const struct promote *engine, const struct image *image)
{
    const struct repository_view *view = repository_find(engine, image->repository);
    for (size_t i = 0; view && i < view->versions.count; i++) {
        if (strcmp(view->versions.rows[i].tag, image->tag) == 0) {
            return &view->versions.rows[i];
        }
    }
    return NULL;
}

/* Those that count, read once: the index of the row, and what is compared of its tag. */
struct counted {
    size_t row;
    char key[IMAGE_TAG_BYTES];
};

static struct policy_facts facts_of(const struct version_row *row)
{
    return (struct policy_facts){
        .seen_ms = row->seen_ms, .created_ms = row->created_ms, .platforms = row->platforms};
}

static int64_t time_of(const struct version_rule *rule, const struct version_row *row)
{
    const struct policy_facts facts = facts_of(row);
    return policy_time(rule->policy, &facts);
}

static void add_signature(const struct repository_view *view, const char *digest, const char *rule,
                          struct policy_facts *facts)
{
    const struct signature_row *row = view ? map_get(&view->signatures, digest) : NULL;
    if (row && strcmp(row->rule, rule) == 0) {
        facts->signature = row->verdict.state;
        facts->signature_why = row->verdict.why;
    }
}

void promote_signature_facts(const struct promote *engine, const char *repository,
                             const char *digest, const char *rule, struct policy_facts *facts)
{
    add_signature(repository_find(engine, repository), digest, rule, facts);
}

static const char *why_unsigned(const char *digest, const struct policy_facts *facts)
{
    if (!digest[0]) {
        return "Its digest is not known, so its signature cannot be checked.";
    }
    return facts->signature_why && facts->signature_why[0]
               ? facts->signature_why
               : "Its signature is being checked; ask again in some seconds.";
}

const char *versions_unsigned(const struct promote *engine, const struct image *image)
{
    const struct version_rule *rule = policy_rule_for(pipeline_of(engine), image->repository);
    const struct version_row *row = image->digest[0] ? NULL : versions_row(engine, image);
    const char *digest = row ? row->digest : image->digest;
    struct policy_facts facts = {0};
    char id[SHA256_HEX_BYTES];
    if (!rule->signature) {
        return NULL;
    }
    policy_signature_id(rule->signature, id);
    promote_signature_facts(engine, image->repository, digest, id, &facts);
    if (facts.signature == SIGNATURE_GOOD) {
        return NULL;
    }
    if (digest[0] && engine->ports.want_signature) {
        engine->ports.want_signature(engine->ports.context, image->repository, digest);
    }
    return why_unsigned(digest, &facts);
}

/* Which versions without a good signature are counted, too? */
enum unsigned_versions { UNSIGNED_NEVER, UNSIGNED_UNCHECKED };

/* New memory; NULL when there are none. */
static struct counted *count_versions(const struct version_rule *rule,
                                      const struct repository_view *view,
                                      enum unsigned_versions which, size_t *out_count)
{
    const struct version_list *versions = &view->versions;
    char id[SHA256_HEX_BYTES] = "";
    AUTO(policy_close) struct policy_reader *reader = NULL;
    struct err ignored = {0}; /* rules were checked when they were read */
    *out_count = 0;
    if (versions->count == 0 || !policy_open(rule, &reader, &ignored)) {
        return NULL;
    }
    struct counted *counted = xcalloc(versions->count, sizeof(*counted));
    if (rule->signature) {
        policy_signature_id(rule->signature, id);
    }
    for (size_t i = 0; i < versions->count; i++) {
        struct policy_facts facts = facts_of(&versions->rows[i]);
        if (rule->signature) {
            add_signature(view, versions->rows[i].digest, id, &facts);
        }
        if (which == UNSIGNED_UNCHECKED && facts.signature == SIGNATURE_UNCHECKED) {
            facts.signature = SIGNATURE_GOOD;
        }
        if (!versions->rows[i].is_gone &&
            policy_admit(reader, versions->rows[i].tag, counted[*out_count].key) &&
            policy_fits(reader, &facts)) {
            counted[(*out_count)++].row = i;
        }
    }
    return counted;
}

/* Without those that are a leap from `there`, which may be NULL. */
static const struct version_row *newest_of(const struct promote *engine, const char *repository,
                                           const char *there)
{
    const struct repository_view *view = repository_find(engine, repository);
    const struct pipeline *pipeline = pipeline_of(engine);
    if (!view || !pipeline) {
        return NULL;
    }
    const struct version_rule *rule = policy_rule_for(pipeline, repository);
    size_t count = 0;
    struct counted *counted = count_versions(rule, view, UNSIGNED_NEVER, &count);
    const struct version_row *newest = NULL;
    const char *newest_key = "";
    for (size_t i = 0; i < count; i++) {
        const struct version_row *row = &view->versions.rows[counted[i].row];
        bool is_leap = there && policy_is_leap(rule, there, row->tag);
        if (version_is_known(row) && !is_leap &&
            (!newest || policy_compare_keys(rule->policy, counted[i].key, time_of(rule, row),
                                            newest_key, time_of(rule, newest)) > 0)) {
            newest = row;
            newest_key = counted[i].key;
        }
    }
    free(counted);
    return newest;
}

const struct version_row *promote_newest(const struct promote *engine, const char *repository)
{
    return newest_of(engine, repository, NULL);
}

const struct version_row *versions_newest_chart(const struct promote *engine,
                                                const struct image *there)
{
    return newest_of(engine, there->repository, there->tag);
}

/* The chart of a repository in what a target has, or NULL. */
static const struct image *chart_in(const struct scan *scan, const char *repository)
{
    for (size_t i = 0; scan && i < scan->workload_count; i++) {
        const struct scan_workload *workload = &scan->workloads[i];
        for (size_t n = 0; n < workload->place_count; n++) {
            const struct place *place = &workload->places[n];
            if (place->form == LOCATE_CHART && !place->is_floating &&
                strcmp(place->image.repository, repository) == 0) {
                return &place->image;
            }
        }
    }
    return NULL;
}

bool promote_waits_for_people(const struct promote *engine, const struct version_row *row)
{
    const struct version_rule *rule = policy_rule_for(pipeline_of(engine), row->repository);
    bool is_waiting = false;
    for (size_t i = 0; engine->git && i < engine->git->target_count; i++) {
        const struct target_view *target = &engine->git->targets[i];
        bool is_taken = target->stage->automatic && target->stage->from_count == 0;
        const struct image *there = is_taken ? chart_in(target->scan, row->repository) : NULL;
        if (there && !policy_is_leap(rule, there->tag, row->tag)) {
            return false;
        }
        is_waiting |= there && policy_compare(rule, row->tag, 0, there->tag, 0) > 0;
    }
    return is_waiting;
}

int64_t versions_seen_ms(const struct promote *engine, const struct image *image)
{
    const struct version_row *row = versions_row(engine, image);
    return row ? row->seen_ms : 0;
}

/* The time by which the rule compares it; 0 for unknown. */
static int64_t versions_time_ms(const struct promote *engine, const struct version_rule *rule,
                                const struct image *image)
{
    const struct version_row *row = versions_row(engine, image);
    return row ? time_of(rule, row) : 0;
}

static bool key_of(const struct version_rule *rule, const char *tag,
                   char out[static IMAGE_TAG_BYTES])
{
    AUTO(policy_close) struct policy_reader *reader = NULL;
    struct err ignored = {0};
    return policy_open(rule, &reader, &ignored) && policy_admit(reader, tag, out);
}

int promote_behind(const struct promote *engine, const struct image *image)
{
    const struct repository_view *view = repository_find(engine, image->repository);
    const struct version_rule *rule = policy_rule_for(pipeline_of(engine), image->repository);
    char own[IMAGE_TAG_BYTES];
    if (!view || !pipeline_of(engine) || !key_of(rule, image->tag, own)) {
        return 0;
    }
    int64_t own_ms = versions_time_ms(engine, rule, image);
    size_t count = 0;
    struct counted *counted = count_versions(rule, view, UNSIGNED_UNCHECKED, &count);
    int behind = 0;
    for (size_t i = 0; i < count; i++) {
        const struct version_row *row = &view->versions.rows[counted[i].row];
        bool has_moved = rule->policy == POLICY_DIGEST && row->digest[0] && image->digest[0] &&
                         strcmp(row->digest, image->digest) != 0;
        behind += has_moved || policy_compare_keys(rule->policy, counted[i].key, time_of(rule, row),
                                                   own, own_ms) > 0;
    }
    free(counted);
    return behind;
}

int versions_order(const struct promote *engine, const struct image *a, const struct image *b,
                   int otherwise)
{
    const struct version_rule *rule = policy_rule_for(pipeline_of(engine), b->repository);
    bool comparable =
        a->tag[0] && b->tag[0] && policy_admits(rule, a->tag) && policy_admits(rule, b->tag);
    if (!comparable) {
        return otherwise;
    }
    /* Nobody can tell which of two digests of a tag is newer, but that the registry offers it. */
    if (rule->policy == POLICY_DIGEST) {
        return strcmp(a->digest, b->digest) != 0;
    }
    return policy_compare(rule, a->tag, versions_time_ms(engine, rule, a), b->tag,
                          versions_time_ms(engine, rule, b));
}

bool versions_load(struct promote *engine, struct err *err)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct version_list all;
    if (!store_versions_list(engine->store, NULL, arena, &all, err)) {
        return false;
    }
    for (size_t i = 0; i < all.count; i++) {
        const char *repository = all.rows[i].repository;
        if (!map_has(&engine->repositories, repository) &&
            !promote_versions_changed(engine, repository, err)) {
            return false;
        }
    }
    return true;
}
