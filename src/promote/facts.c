/* Gathering what the pure judges look at: candidates for a plan, facts for the gates. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "model/chart.h"
#include "promote/engine.h"

/* How long to wait before asking once more is the judges' matter; who is healthy since when is
 * ours. */

const char *facts_default_source(const struct stage *stage)
{
    return stage->from_count ? stage->from[0] : "registry";
}

/* ---- what a source offers ---- */

struct offer {
    struct image image;      /* repository "" : none */
    const char *unavailable; /* a sentence, or NULL */
};

static const struct place *matching_place(const struct scan_workload *source,
                                          const struct place *wanted)
{
    bool is_chart = wanted->form == LOCATE_CHART;
    for (size_t i = 0; i < source->place_count; i++) {
        bool is_alike = (source->places[i].form == LOCATE_CHART) == is_chart;
        if (is_alike && strcmp(source->places[i].image.repository, wanted->image.repository) == 0) {
            return &source->places[i];
        }
    }
    return place_of(source, wanted->container);
}

/* Does the cluster's agent want what Git says now?  A report may be older than the commit.  An
   agent may see of more or other objects where a chart comes from. */
static bool has_taken(const struct report_workload *report, const struct place *place)
{
    for (size_t i = 0; i < report->wanted_count; i++) {
        const struct image *wanted = &report->wanted_images[i].image;
        if (strcmp(report->wanted_images[i].container, place->container) == 0) {
            return place->form == LOCATE_CHART ? image_asks_for(wanted, &place->image)
                                               : image_same_version(wanted, &place->image);
        }
    }
    return false;
}

/* A tag that Git says alone stands for what its pods run. */
static struct image running_version(const struct report_workload *report, const struct place *place)
{
    struct image image = place->image;
    for (size_t i = 0; !image.digest[0] && i < report->running_count; i++) {
        if (strcmp(report->running_images[i].container, place->container) == 0) {
            TEXT_COPY_CUT(image.digest, report->running_images[i].image.digest);
        }
    }
    return image;
}

/* What one target of a source stage has; it must really run. */
static struct offer offer_of_target(const struct promote *engine, const struct target_view *source,
                                    const char *workload, const struct place *wanted,
                                    struct arena *arena)
{
    const char *cluster = source->target->cluster;
    const struct scan_workload *there = source->scan ? scan_find(source->scan, workload) : NULL;
    if (!there) {
        return (struct offer){.unavailable =
                                  arena_printf(arena, "It does not exist in %s.", cluster)};
    }
    const struct place *place = matching_place(there, wanted);
    if (!place) {
        return (struct offer){0};
    }
    const struct report_workload *report = reported(engine, cluster, workload);
    if (!report) {
        return (struct offer){.unavailable =
                                  arena_printf(arena, "%s has not reported it yet.", cluster)};
    }
    if (!has_taken(report, place)) {
        return (struct offer){.unavailable = arena_printf(arena, "%s has not applied %s yet.",
                                                          cluster, place->image.tag)};
    }
    if (report->state != WORKLOAD_HEALTHY) {
        bool is_known = report->diagnosis.code[0] != '\0'; /* and said in a sentence */
        return (struct offer){
            .unavailable =
                arena_printf(arena, "%s is not healthy in %s: %s%s", place->image.tag, cluster,
                             is_known ? report->diagnosis.what : workload_state_name(report->state),
                             is_known ? "" : ".")};
    }
    return (struct offer){.image = running_version(report, place)};
}

/* All targets of a stage must agree, else nobody knows what would be promoted. */
static struct offer offer_of_stage(const struct promote *engine, const char *stage,
                                   const char *workload, const struct place *wanted,
                                   struct arena *arena)
{
    struct offer first = {0};
    bool any = false;
    for (size_t i = 0; i < engine->git->target_count; i++) {
        const struct target_view *source = &engine->git->targets[i];
        if (strcmp(source->stage->name, stage) != 0) {
            continue;
        }
        struct offer offer = offer_of_target(engine, source, workload, wanted, arena);
        if (offer.unavailable) {
            return offer;
        }
        if (any && !image_same_version(&first.image, &offer.image)) {
            offer.unavailable = arena_printf(
                arena,
                "%s does not run one version: %s and %s. Name a cluster: --from cluster:NAME.",
                stage, first.image.tag, offer.image.tag);
            return offer;
        }
        first = any ? first : offer;
        any = true;
    }
    return first;
}

static struct offer offer_of_row(const struct version_row *row)
{
    struct offer offer = {0};
    TEXT_COPY_CUT(offer.image.repository, row->repository);
    TEXT_COPY_CUT(offer.image.tag, row->tag);
    TEXT_COPY_CUT(offer.image.digest, row->digest);
    return offer;
}

struct source {
    const char *from;    /* as asked */
    const char *version; /* a tag, or NULL */
    bool is_registry;
    bool is_automatic;                /* no person asks */
    const struct target_view *target; /* of cluster:NAME, or NULL */
};

static struct offer offer_of_registry(const struct promote *engine, const struct source *source,
                                      const struct place *wanted, struct arena *arena)
{
    const char *repository = wanted->image.repository;
    const char *version = source->version;
    const struct repository_view *view = repository_find(engine, repository);
    if (chart_is_out_of_sight(repository)) {
        return (struct offer){.unavailable =
                                  arena_printf(arena,
                                               "Nobody knows here where the chart %s comes from: "
                                               "put its HelmRepository beside its "
                                               "release, or promote it from another stage.",
                                               strrchr(repository, '/') + 1)};
    }
    if (!view) {
        return (struct offer){
            .unavailable =
                arena_printf(arena, "The registry has not been asked for %s yet.", repository)};
    }
    if (!version) {
        bool is_limited = source->is_automatic && wanted->form == LOCATE_CHART;
        const struct version_row *newest = is_limited
                                               ? versions_newest_chart(engine, &wanted->image)
                                               : promote_newest(engine, repository);
        return newest ? offer_of_row(newest)
                      : (struct offer){.unavailable = arena_printf(
                                           arena,
                                           "No version of %s counts for this pipeline; heddle get "
                                           "versions says why.",
                                           repository)};
    }
    for (size_t i = 0; i < view->versions.count; i++) {
        const struct version_row *row = &view->versions.rows[i];
        if (strcmp(row->tag, version) == 0 && !row->is_gone && version_is_known(row)) {
            return offer_of_row(row);
        }
    }
    return (struct offer){
        .unavailable = arena_printf(arena, "The tag %s was not found in %s.", version, repository)};
}

static struct offer offer_of(const struct promote *engine, const struct source *source,
                             const char *workload, const struct place *wanted, struct arena *arena)
{
    if (source->is_registry) {
        return offer_of_registry(engine, source, wanted, arena);
    }
    struct offer offer = source->target
                             ? offer_of_target(engine, source->target, workload, wanted, arena)
                             : offer_of_stage(engine, source->from, workload, wanted, arena);
    if (!offer.unavailable && source->version && strcmp(offer.image.tag, source->version) != 0) {
        offer.unavailable = arena_printf(arena, "%s has %s, not %s.", source->from, offer.image.tag,
                                         source->version);
    }
    return offer;
}

/* Wherever a version comes from: who runs it already may have put it there by hand. */
static struct offer signed_offer_of(const struct promote *engine, const struct source *source,
                                    const char *workload, const struct place *wanted,
                                    struct arena *arena)
{
    struct offer offer = offer_of(engine, source, workload, wanted, arena);
    const char *why = offer.unavailable || !offer.image.repository[0]
                          ? NULL
                          : versions_unsigned(engine, &offer.image);
    if (why) {
        offer.unavailable = arena_printf(arena, "%s does not count. %s", offer.image.tag, why);
    }
    return offer;
}

/* ---- candidates ---- */

/* The place of a chart may take no digest, so the same version is the same, whatever is offered. */
static int order_of(const struct promote *engine, const struct image *offered,
                    const struct place *place)
{
    bool is_same = place->form == LOCATE_CHART && strcmp(offered->tag, place->image.tag) == 0;
    return is_same ? 0 : versions_order(engine, offered, &place->image, 1);
}

/* Sidecars of other registries that the source does not know are no obstacle; one image must be
 * known. */
static void fill_candidate(const struct promote *engine, const struct source *source,
                           const struct scan_workload *workload, struct arena *arena,
                           struct plan_candidate *out)
{
    out->containers = arena_alloc(arena, workload->place_count, sizeof(*out->containers));
    size_t offered = 0;
    const char *unavailable = NULL;
    for (size_t i = 0; i < workload->place_count; i++) {
        const struct place *place = &workload->places[i];
        struct offer offer = place->is_floating
                                 ? (struct offer){.unavailable = place->blocked}
                                 : signed_offer_of(engine, source, workload->name, place, arena);
        if (offer.unavailable) {
            unavailable = unavailable ? unavailable : offer.unavailable;
            continue;
        }
        struct plan_container *container = &out->containers[out->container_count++];
        TEXT_COPY_CUT(container->container, place->container);
        container->current = place->image;
        container->offered = offer.image;
        container->file = place->file;
        container->line = place->line;
        container->blocked = place->blocked;
        container->note = place->note;
        if (offer.image.repository[0]) {
            container->order = order_of(engine, &offer.image, place);
            offered++;
        }
    }
    out->unavailable = offered ? NULL : unavailable;
}

static bool is_named(const struct promote_request *request, const char *workload)
{
    for (size_t i = 0; i < request->workload_count; i++) {
        if (strcmp(request->workloads[i], workload) == 0) {
            return true;
        }
    }
    return request->workload_count == 0;
}

static bool exists_in_stage(const struct promote *engine, const struct stage *stage,
                            const char *workload)
{
    for (size_t i = 0; i < engine->git->target_count; i++) {
        const struct target_view *target = &engine->git->targets[i];
        if (target->stage == stage && target->scan && scan_find(target->scan, workload)) {
            return true;
        }
    }
    return false;
}

static const char *near_workload(const struct promote *engine, const struct stage *stage,
                                 const char *word, struct arena *arena)
{
    for (size_t i = 0; i < engine->git->target_count; i++) {
        const struct target_view *target = &engine->git->targets[i];
        if (target->stage != stage || !target->scan) {
            continue;
        }
        const char **names = arena_alloc(arena, target->scan->workload_count, sizeof(*names));
        for (size_t n = 0; n < target->scan->workload_count; n++) {
            names[n] = target->scan->workloads[n].name;
        }
        const char *near = text_nearest(word, names, target->scan->workload_count);
        if (near) {
            return near;
        }
    }
    return NULL;
}

bool facts_check_names(const struct promote *engine, const struct promote_request *request,
                       const struct stage *stage, struct arena *arena, struct err *err)
{
    for (size_t i = 0; i < request->workload_count; i++) {
        const char *word = request->workloads[i];
        if (exists_in_stage(engine, stage, word)) {
            continue;
        }
        const char *near = near_workload(engine, stage, word, arena);
        return err_set(err, ERR_NOT_FOUND, "%s has no workload \"%.63s\"%s%s%s", stage->name, word,
                       near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
    return true;
}

static bool find_source(const struct promote *engine, const char *from, const char *version,
                        struct source *out, struct err *err)
{
    *out = (struct source){.from = from, .version = version};
    if (strcmp(from, "registry") == 0) {
        out->is_registry = true;
        return true;
    }
    if (strncmp(from, "cluster:", 8) == 0) {
        out->target = target_find(engine, from + 8);
        return out->target ||
               err_set(err, ERR_NOT_FOUND, "the pipeline has no cluster \"%.63s\"", from + 8);
    }
    return pipeline_stage(pipeline_of(engine), from) ||
           err_set(err, ERR_NOT_FOUND,
                   "there is no source \"%.63s\"; name a stage, cluster:NAME or registry", from);
}

bool facts_candidates(struct promote *engine, const struct promote_request *request,
                      const struct stage *stage, const struct plan_request *asked,
                      struct arena *arena, struct candidates *out, struct err *err)
{
    struct source source;
    if (!find_source(engine, asked->from, request->version, &source, err)) {
        return false;
    }
    source.is_automatic = asked->forwards_only;
    size_t room = 0;
    for (size_t i = 0; i < engine->git->target_count; i++) {
        const struct target_view *target = &engine->git->targets[i];
        room += target->stage == stage && target->scan ? target->scan->workload_count : 0;
    }
    *out = (struct candidates){.items = arena_alloc(arena, room, sizeof(*out->items))};
    for (size_t i = 0; i < engine->git->target_count; i++) {
        const struct target_view *target = &engine->git->targets[i];
        for (size_t n = 0;
             target->stage == stage && target->scan && n < target->scan->workload_count; n++) {
            const struct scan_workload *workload = &target->scan->workloads[n];
            if (!is_named(request, workload->name)) {
                continue;
            }
            struct plan_candidate *candidate = &out->items[out->count++];
            TEXT_COPY_CUT(candidate->workload, workload->name);
            TEXT_COPY_CUT(candidate->target, target->target->cluster);
            candidate->wave = target->wave;
            fill_candidate(engine, &source, workload, arena, candidate);
        }
    }
    return true;
}

/* ---- gates ---- */

/* Since when every source target runs this version and is healthy; 0: not everywhere. */
static int64_t healthy_since(const struct promote *engine, const char *from, const char *workload,
                             const char *container, const struct image *image)
{
    const char *cluster = strncmp(from, "cluster:", 8) == 0 ? from + 8 : NULL;
    int64_t since_ms = 0;
    for (size_t i = 0; engine->git && i < engine->git->target_count; i++) {
        const struct target_view *source = &engine->git->targets[i];
        bool counts = cluster ? strcmp(source->target->cluster, cluster) == 0
                              : strcmp(source->stage->name, from) == 0;
        if (!counts) {
            continue;
        }
        const struct report_workload *report = reported(engine, source->target->cluster, workload);
        bool runs = false;
        for (size_t n = 0; report && n < report->wanted_count; n++) {
            const struct workload_image *wanted = &report->wanted_images[n];
            bool same_container = strcmp(wanted->container, container) == 0 ||
                                  strcmp(wanted->image.repository, image->repository) == 0;
            runs = runs || (same_container && (image_same_version(&wanted->image, image) ||
                                               image_asks_for(&wanted->image, image)));
        }
        if (!runs || report->state != WORKLOAD_HEALTHY) {
            return 0;
        }
        since_ms = report->since_ms > since_ms ? report->since_ms : since_ms;
    }
    return since_ms;
}

static void gate_stage_facts(struct promote *engine, const char *stage_name, const char *from,
                             struct gate_facts *out)
{
    *out = (struct gate_facts){.now_ms = now_of(engine)};
    const struct stage *stage =
        pipeline_of(engine) ? pipeline_stage(pipeline_of(engine), stage_name) : NULL;
    if (stage) {
        out->soak_ms = stage->soak_ms;
        out->approvals_needed = stage->approvals;
    }
    out->has_source = from[0] && strcmp(from, "registry") != 0;
    out->healthy_since_ms = INT64_MAX;
}

/* The youngest version decides for all; INT64_MAX stands for "none looked at yet". */
static void add_healthy(struct gate_facts *facts, int64_t since_ms)
{
    if (facts->healthy_since_ms == INT64_MAX || since_ms == 0 ||
        (facts->healthy_since_ms != 0 && since_ms > facts->healthy_since_ms)) {
        facts->healthy_since_ms = facts->healthy_since_ms == 0 ? 0 : since_ms;
    }
}

void facts_gate(struct promote *engine, const struct release *release, struct gate_facts *out)
{
    gate_stage_facts(engine, release->stage, release->from, out);
    out->is_urgent = release->kind == RELEASE_ROLLBACK;
    for (size_t i = 0; out->has_source && i < release->item_count; i++) {
        const struct release_item *item = &release->items[i];
        for (size_t n = 0; !item_is_over(item->state) && n < item->change_count; n++) {
            add_healthy(out, healthy_since(engine, release->from, item->workload,
                                           item->changes[n].container, &item->changes[n].to));
        }
    }
    AUTO(arena_free) struct arena *arena = arena_new();
    struct approval_list approvals = {0};
    struct err err = {0};
    if (store_approval_list(engine->store, release->id, arena, &approvals, &err)) {
        for (size_t i = 0; i < approvals.count; i++) {
            const struct approval *approval = &approvals.approvals[i];
            out->approvals += !approval->is_rejection &&
                              strcmp(approval->person, release->actor) != 0 &&
                              strcmp(approval->plan_digest, release->plan_digest) == 0;
        }
    }
    out->healthy_since_ms = out->healthy_since_ms == INT64_MAX ? 0 : out->healthy_since_ms;
}

void facts_plan_gate(struct promote *engine, const struct plan *plan, struct gate_facts *out)
{
    gate_stage_facts(engine, plan->to, plan->from, out);
    for (size_t i = 0; out->has_source && i < plan->item_count; i++) {
        const struct plan_item *item = &plan->items[i];
        for (size_t n = 0; n < item->change_count; n++) {
            add_healthy(out, healthy_since(engine, plan->from, item->workload,
                                           item->changes[n].container, &item->changes[n].to));
        }
    }
    out->healthy_since_ms = out->healthy_since_ms == INT64_MAX ? 0 : out->healthy_since_ms;
}

static enum gate_verdict evaluate(const struct gate_facts *facts, struct gate_answer *out,
                                  bool *out_applies)
{
    for (size_t i = 0; i < GATE_RULE_COUNT; i++) {
        out_applies[i] = gate_rules[i].applies(facts);
    }
    return gate_evaluate(facts, out);
}

enum gate_verdict promote_gates(struct promote *engine, const struct release *release,
                                struct gate_answer out[static GATE_RULE_COUNT],
                                bool out_applies[static GATE_RULE_COUNT])
{
    struct gate_facts facts;
    facts_gate(engine, release, &facts);
    return evaluate(&facts, out, out_applies);
}

enum gate_verdict promote_plan_gates(struct promote *engine, const struct plan *plan,
                                     struct gate_answer out[static GATE_RULE_COUNT],
                                     bool out_applies[static GATE_RULE_COUNT])
{
    struct gate_facts facts;
    facts_plan_gate(engine, plan, &facts);
    return evaluate(&facts, out, out_applies);
}
