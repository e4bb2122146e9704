#include "world.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "model/chart.h"

#define STEP_MS 100

/* ---- chance ---- */

static uint64_t next_random(struct world *world)
{
    world->seed ^= world->seed << 13; /* xorshift64: repeatable everywhere */
    world->seed ^= world->seed >> 7;
    world->seed ^= world->seed << 17;
    return world->seed;
}

static bool chance(struct world *world, unsigned of_100)
{
    return of_100 > 0 && next_random(world) % 100 < of_100;
}

/* ---- clock ---- */

static int64_t sim_now(void *context)
{
    return ((struct world *)context)->now_ms;
}

static void sim_random(void *context, void *out, size_t length)
{
    unsigned char *bytes = out;
    for (size_t i = 0; i < length; i++) {
        bytes[i] = (unsigned char)next_random(context);
    }
}

/* ---- cells ---- */

void world_digest(const char *workload, const char *tag, char out[static IMAGE_DIGEST_BYTES])
{
    char text[128];
    char hex[SHA256_HEX_BYTES];
    snprintf(text, sizeof(text), "%s:%s", workload, tag);
    crypto_sha256_hex(slice_of(text), hex);
    snprintf(out, IMAGE_DIGEST_BYTES, "sha256:%s", hex);
}

static void make_image(const char *workload, const char *tag, struct image *out)
{
    *out = (struct image){0};
    snprintf(out->repository, sizeof(out->repository), "r/%s", workload);
    snprintf(out->tag, sizeof(out->tag), "%s", tag);
    if (strncmp(tag, "loose", 5) != 0) {
        world_digest(workload, tag, out->digest);
    }
}

/* What such a workload has is a chart, and Flux installs it. */
static bool is_chart(const char *workload)
{
    return strncmp(workload, "chart-", 6) == 0;
}

static const char *container_of(const char *workload)
{
    return is_chart(workload) ? CHART_CONTAINER : workload;
}

size_t world_cell(const struct world *world, const char *cluster, const char *workload)
{
    for (size_t i = 0; i < world->cell_count; i++) {
        if (strcmp(world->cells[i].cluster, cluster) == 0 &&
            strcmp(world->cells[i].workload, workload) == 0) {
            return i;
        }
    }
    fail_msg("no cell %s/%s", cluster, workload);
    return 0;
}

static size_t cluster_index(struct world *world, const char *name)
{
    for (size_t i = 0; i < world->cluster_count; i++) {
        if (strcmp(world->clusters[i], name) == 0) {
            return i;
        }
    }
    assert_true(world->cluster_count < COUNT_OF(world->clusters));
    TEXT_COPY_CUT(world->clusters[world->cluster_count], name);
    return world->cluster_count++;
}

/* ---- refs ---- */

static size_t ref_index(struct world *world, const char *repository, const char *branch)
{
    for (size_t i = 0; i < world->ref_count; i++) {
        if (strcmp(world->refs[i].repository, repository) == 0 &&
            strcmp(world->refs[i].branch, branch) == 0) {
            return i;
        }
    }
    assert_true(world->ref_count < WORLD_REFS_MAX);
    struct world_ref *ref = &world->refs[world->ref_count];
    TEXT_COPY_CUT(ref->repository, repository);
    TEXT_COPY_CUT(ref->branch, branch);
    return world->ref_count++;
}

static void find_refs(struct world *world)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct pipeline *pipeline = NULL;
    struct err err = {0};
    ref_index(world, "", "main");
    ASSERT_OK(
        configrepo_pipeline(slice_of(world->pipeline_text), "heddle.yaml", arena, &pipeline, &err),
        err);
    for (size_t i = 0; i < world->cluster_count; i++) {
        const struct target *target = NULL;
        (void)pipeline_stage_of_cluster(pipeline, world->clusters[i], &target);
        world->cluster_refs[i] = target ? ref_index(world, target->repository,
                                                    target->branch[0] ? target->branch : "main")
                                        : 0;
    }
}

struct world_ref *world_ref_of(struct world *world, const char *cluster)
{
    return &world->refs[world->cluster_refs[cluster_index(world, cluster)]];
}

struct world_ref *world_ref_of_act(struct world *world, const struct promote_act *act)
{
    assert_true(act->branch[0]);
    return &world->refs[ref_index(world, act->repository, act->branch)];
}

/* ---- Git ---- */

static void name_commit(struct world *world, struct world_commit *commit, int64_t salt)
{
    AUTO_STR(text, 1U << 16);
    str_addf(&text, "%d %lld %s", commit->parent, (long long)salt, commit->message);
    for (size_t i = 0; i < world->cell_count; i++) {
        str_addf(&text, " %s", commit->tags[i]);
    }
    crypto_sha256_hex(str_slice(&text), commit->oid);
    commit->oid[40] = '\0';
}

int world_find_commit(const struct world *world, const char *oid)
{
    for (int i = 0; i < world->commit_count; i++) {
        if (strcmp(world->commits[i].oid, oid) == 0) {
            return i;
        }
    }
    return -1;
}

bool world_is_ancestor(const struct world *world, int ancestor, int tip)
{
    for (; tip >= 0; tip = world->commits[tip].parent) {
        if (tip == ancestor) {
            return true;
        }
    }
    return false;
}

int world_add_commit(struct world *world, struct world_commit *commit, int64_t salt)
{
    name_commit(world, commit, salt);
    int known = world_find_commit(world, commit->oid);
    if (known >= 0) {
        return known; /* the same inputs, the same commit */
    }
    assert_true(world->commit_count < WORLD_COMMITS_MAX);
    world->commits[world->commit_count] = *commit;
    return world->commit_count++;
}

void world_person_commits(struct world *world, const char *cluster, const char *workload,
                          const char *tag)
{
    struct world_ref *ref = world_ref_of(world, cluster);
    struct world_commit commit = world->commits[ref->head];
    commit.parent = ref->head;
    commit.ref = (size_t)(ref - world->refs);
    commit.is_foreign = true;
    snprintf(commit.message, sizeof(commit.message), "%s/%s", cluster, workload);
    if (tag) {
        snprintf(commit.tags[world_cell(world, cluster, workload)], 32, "%s", tag);
    }
    ref->head = world_add_commit(world, &commit, (int64_t)next_random(world));
}

/* A root is the path of whoever is alone on the branch. */
static const char *cluster_of_path(const struct world *world, const struct world_ref *ref,
                                   const char *path)
{
    size_t number = (size_t)(ref - world->refs);
    for (size_t i = 0; strcmp(path, PATH_ROOT) == 0 && i < world->cluster_count; i++) {
        if (world->cluster_refs[i] == number) {
            return world->clusters[i];
        }
    }
    return strncmp(path, "clusters/", 9) == 0 ? path + 9 : path;
}

/* It stands on its own branch, which all branches have begun at once, and looks at the paths of
   that branch alone. */
static void check_request(struct world *world, const struct promote_act *act, int base)
{
    struct world_ref *ref = world_ref_of_act(world, act);
    assert_true(base == 0 || &world->refs[world->commits[base].ref] == ref);
    for (size_t i = 0; i < act->request.all_path_count; i++) {
        const char *cluster = cluster_of_path(world, ref, act->request.all_paths[i]);
        assert_ptr_equal(world_ref_of(world, cluster), ref);
    }
}

static void do_commit(struct world *world, struct promote_act *act)
{
    int base = world_find_commit(world, act->request.base);
    assert_true(base >= 0);
    struct world_commit commit = world->commits[base];
    commit.parent = base;
    commit.ref = (size_t)(world_ref_of_act(world, act) - world->refs);
    commit.is_foreign = false;
    check_request(world, act, base);
    snprintf(commit.message, sizeof(commit.message), "%s", act->request.message);
    bool changes = false;
    for (size_t i = 0; i < act->request.change_count; i++) {
        const struct version_change *change = &act->request.changes[i];
        const char *cluster = cluster_of_path(world, world_ref_of_act(world, act), change->path);
        char *tag = commit.tags[world_cell(world, cluster, change->workload)];
        assert_ptr_equal(world_ref_of(world, cluster), world_ref_of_act(world, act));
        if (strcmp(change->workload, world->uneditable) == 0) {
            act->succeeded = err_set(&act->err, ERR_REFUSED, "its file cannot be edited");
            return;
        }
        changes = changes || strcmp(tag, change->to.tag) != 0;
        snprintf(tag, 32, "%s", change->to.tag);
    }
    act->succeeded = true;
    if (!changes) {
        snprintf(act->commit, sizeof(act->commit), "%s", act->request.base);
        return;
    }
    world_add_commit(world, &commit, act->request.when_ms);
    snprintf(act->commit, sizeof(act->commit), "%s", commit.oid);
}

/* What the first stands on, when each of the others stands on the one before; else -1. */
static int base_of(const struct world *world, const struct promote_act *act)
{
    int first = world_find_commit(world, act->parts[0].commit);
    int before = first;
    assert_true(first >= 0);
    for (size_t i = 1; i < act->part_count; i++) {
        int commit = world_find_commit(world, act->parts[i].commit);
        assert_true(commit >= 0);
        if (world->commits[commit].parent != before) {
            return -1;
        }
        before = commit;
    }
    return world->commits[first].parent;
}

/* Does the Git host's hook say no to one of the new commits? */
static bool is_refused(const struct world *world, int commit, int head)
{
    char line[NAME_BYTES + 32];
    snprintf(line, sizeof(line), "Heddle-Workloads: %s\n", world->unwelcome);
    for (; world->unwelcome[0] && commit != head; commit = world->commits[commit].parent) {
        if (strstr(world->commits[commit].message, line)) {
            return true;
        }
    }
    return false;
}

static void do_push(struct world *world, struct promote_act *act)
{
    int commit = world_find_commit(world, act->commit);
    int base = base_of(world, act);
    struct world_ref *ref = world_ref_of_act(world, act);
    act->succeeded = true;
    if (base >= 0 && world_is_ancestor(world, commit, ref->head)) {
        return;
    }
    if (base != ref->head) {
        act->succeeded = err_set(&act->err, ERR_CONFLICT, "someone pushed first");
    } else if (is_refused(world, commit, ref->head)) {
        act->succeeded = err_set(&act->err, ERR_REFUSED, "the hook says no");
    } else {
        ref->head = commit;
        world->pushes++;
    }
}

/* Is all that the request wants in the branch, where the merge is said to be, or now? */
static void do_check(struct world *world, struct promote_act *act)
{
    int named = world_find_commit(world, act->request.base);
    int head = world_ref_of_act(world, act)->head;
    bool is_named = named >= 0 && world_is_ancestor(world, named, head);
    snprintf(act->base, sizeof(act->base), "%s", world->commits[is_named ? named : head].oid);
    act->request.base = act->base;
    do_commit(world, act);
    if (strcmp(act->commit, act->base) != 0) {
        act->succeeded = err_set(&act->err, is_named ? ERR_REFUSED : ERR_CONFLICT,
                                 "merged, but the branch does not say it");
    }
}

static void do_act(struct world *world, struct promote_act *act)
{
    if (act->kind == ACT_COMMIT) {
        do_commit(world, act);
    } else if (act->kind == ACT_PUSH) {
        do_push(world, act);
    } else if (act->kind == ACT_CHECK) {
        do_check(world, act);
    } else {
        host_act(world, act);
    }
}

static void touch_by_person(struct world *world)
{
    size_t cell = next_random(world) % world->cell_count;
    world_person_commits(world, world->cells[cell].cluster, world->cells[cell].workload, NULL);
}

static void merge_by_person(struct world *world)
{
    struct world_host *host = world->host;
    for (size_t i = 0; i < host->pull_count; i++) {
        if (host->pulls[i].number && host->pulls[i].state == PULL_OPEN) {
            world_merge(world, &host->pulls[i],
                        chance(world, 50) ? WORLD_MERGE_COMMIT : WORLD_SQUASH);
            return;
        }
    }
}

static void drop_acts(struct world *world)
{
    for (size_t i = 0; i < world->act_count; i++) {
        arena_free(&world->acts[i]->arena);
        free(world->acts[i]);
    }
    world->act_count = 0;
}

static void deliver_act(struct world *world)
{
    struct promote_act *act = world->acts[0];
    memmove(world->acts, world->acts + 1, --world->act_count * sizeof(act));
    if (chance(world, world->faults.foreign)) {
        touch_by_person(world);
    }
    bool is_lost = chance(world, world->faults.lose_act);
    bool happens = !is_lost || chance(world, 50);
    if (chance(world, world->faults.unavailable) || (world->is_away && act->kind != ACT_COMMIT)) {
        /* The answer is lost; what it asked for may have happened. */
        if (!world->is_away && chance(world, 50)) {
            do_act(world, act);
        }
        act->succeeded = err_set(&act->err, ERR_UNAVAILABLE, "the remote hung up");
    } else if (happens) {
        do_act(world, act);
    }
    if (is_lost) {
        arena_free(&act->arena);
        free(act);
        world_kill(world);
        return;
    }
    promote_act_done(world->engine, act);
}

/* ---- a look at Git ---- */

static void fill_scan(struct world *world, const struct world_commit *commit, const char *cluster,
                      struct arena *arena, struct scan *scan)
{
    scan->workloads = arena_alloc(arena, world->cell_count, sizeof(*scan->workloads));
    for (size_t i = 0; i < world->cell_count; i++) {
        if (strcmp(world->cells[i].cluster, cluster) != 0) {
            continue;
        }
        struct scan_workload *workload = &scan->workloads[scan->workload_count++];
        snprintf(workload->name, sizeof(workload->name), "%s", world->cells[i].workload);
        workload->places = ARENA_NEW(arena, struct place);
        workload->place_count = 1;
        snprintf(workload->places[0].container, NAME_BYTES, "%s", container_of(workload->name));
        workload->kind = is_chart(workload->name) ? WORKLOAD_HELM_RELEASE : WORKLOAD_DEPLOYMENT;
        workload->places[0].form = is_chart(workload->name) ? LOCATE_CHART : LOCATE_FIELD;
        make_image(workload->name, commit->tags[i], &workload->places[0].image);
        workload->places[0].file =
            arena_printf(arena, "clusters/%s/%s.yaml", cluster, workload->name);
        workload->files = ARENA_NEW(arena, const char *);
        workload->files[workload->file_count++] = workload->places[0].file;
    }
}

static void add_foreign(struct world *world, const struct world_ref *ref, struct git_view *view)
{
    bool is_told = false;
    for (int i = ref->head; i >= 0 && i != ref->seen; i = world->commits[i].parent) {
        const struct world_commit *commit = &world->commits[i];
        if (!commit->is_foreign || is_told) {
            continue;
        }
        is_told = true;
        struct foreign_change *change = &view->changes[view->change_count++];
        snprintf(change->commit, sizeof(change->commit), "%s", commit->oid);
        snprintf(change->author, sizeof(change->author), "someone");
        sscanf(commit->message, "%63[^/]/%63s", change->target, change->workload);
        const struct target *target = NULL;
        const struct stage *stage =
            pipeline_stage_of_cluster(view->pipeline, change->target, &target);
        snprintf(change->stage, sizeof(change->stage), "%s", stage->name);
        size_t cell = world_cell(world, change->target, change->workload);
        const char *before = world->commits[commit->parent].tags[cell];
        if (strcmp(before, commit->tags[cell]) != 0) {
            change->images = ARENA_NEW(view->arena, struct image_change);
            change->image_count = 1;
            snprintf(change->images->container, NAME_BYTES, "%s", container_of(change->workload));
            make_image(change->workload, before, &change->images->from);
            make_image(change->workload, commit->tags[cell], &change->images->to);
        }
    }
}

static void fill_ref(const struct world *world, const struct world_ref *ref, struct arena *arena,
                     struct ref_view *out)
{
    TEXT_COPY_CUT(out->repository, ref->repository);
    TEXT_COPY_CUT(out->branch, ref->branch);
    TEXT_COPY_CUT(out->head, world->commits[ref->head].oid);
    TEXT_COPY_CUT(out->problem, ref->problem ? ref->problem : "");
    out->is_rewritten = ref->is_rewritten;
    out->history = arena_alloc(arena, (size_t)world->commit_count, sizeof(*out->history));
    for (int i = ref->head; i >= 0; i = world->commits[i].parent) {
        out->history[out->history_count++] = arena_strdup(arena, world->commits[i].oid);
    }
}

static void fetch(struct world *world)
{
    struct arena *arena = arena_new();
    struct git_view *view = ARENA_NEW(arena, struct git_view);
    view->arena = arena;
    view->refs = arena_alloc(arena, world->ref_count, sizeof(*view->refs));
    for (; view->ref_count < world->ref_count; view->ref_count++) {
        fill_ref(world, &world->refs[view->ref_count], arena, &view->refs[view->ref_count]);
    }
    struct err err = {0};
    ASSERT_OK(configrepo_pipeline(slice_of(world->pipeline_text), "heddle.yaml", arena,
                                  &view->pipeline, &err),
              err);
    view->targets = arena_alloc(arena, PIPELINE_TARGETS_MAX, sizeof(*view->targets));
    for (size_t i = 0; i < view->pipeline->stage_count; i++) {
        const struct stage *stage = &view->pipeline->stages[i];
        for (size_t n = 0; n < stage->target_count; n++) {
            struct target_view *target = &view->targets[view->target_count++];
            const struct world_ref *ref = world_ref_of(world, stage->targets[n].cluster);
            target->stage = stage;
            target->target = &stage->targets[n];
            target->ref = &view->refs[ref - world->refs];
            target->wave = (int)stage->wave_of_target[n];
            target->hold = scan_hold_new();
            target->scan = ARENA_NEW(target->hold->arena, struct scan);
            fill_scan(world, &world->commits[ref->head], target->target->cluster,
                      target->hold->arena, target->scan);
        }
    }
    view->changes = arena_alloc(arena, world->ref_count, sizeof(*view->changes));
    for (size_t i = 0; i < world->ref_count; i++) {
        add_foreign(world, &world->refs[i], view);
    }
    promote_set_git(world->engine, view);
    for (size_t i = 0; i < world->ref_count; i++) {
        world->refs[i].seen = world->refs[i].head;
    }
    world->fetch_wanted = false;
}

/* ---- clusters ---- */

/* Its pods never become ready. */
static bool is_bad_version(const struct world *world, const struct world_cell *cell)
{
    bool is_stuck = world->stuck_version && strcmp(cell->workload, world->stuck) == 0 &&
                    strcmp(cell->applied, world->stuck_version) == 0;
    return is_stuck || strncmp(cell->applied, "bad", 3) == 0;
}

static void settle(struct world *world, struct world_cell *cell)
{
    bool is_ready = world->now_ms >= cell->applied_ms + world->rollout_ms;
    if (is_ready && !is_bad_version(world, cell)) {
        snprintf(cell->running, sizeof(cell->running), "%s", cell->applied);
    }
}

static void fill_report(struct world *world, const struct world_cell *cell, struct arena *arena,
                        struct report_workload *out)
{
    bool runs = strcmp(cell->running, cell->applied) == 0;
    bool is_bad = !runs && is_bad_version(world, cell) &&
                  world->now_ms >= cell->applied_ms + world->rollout_ms;
    snprintf(out->name, sizeof(out->name), "%s", cell->workload);
    snprintf(out->namespace, sizeof(out->namespace), "shop");
    out->kind = is_chart(cell->workload) ? WORKLOAD_HELM_RELEASE : WORKLOAD_DEPLOYMENT;
    out->state = runs ? WORKLOAD_HEALTHY : is_bad ? WORKLOAD_STUCK : WORKLOAD_ROLLING_OUT;
    out->wanted = 2;
    out->ready = runs ? 2 : 0;
    out->old_ready = runs ? 0 : 2;
    out->wanted_images = ARENA_NEW(arena, struct workload_image);
    out->wanted_count = 1;
    snprintf(out->wanted_images->container, NAME_BYTES, "%s", container_of(cell->workload));
    make_image(cell->workload, cell->applied, &out->wanted_images->image);
    if (runs && out->wanted_images->image.digest[0] && !world->is_runtime_silent) {
        out->running_images = ARENA_NEW(arena, struct workload_image);
        *out->running_images = *out->wanted_images;
        if (world->runs_other_bytes) {
            world_digest(cell->workload, "other", out->running_images->image.digest);
        }
        out->running_count = 1;
    }
    if (world->says_tags) {
        out->wanted_images->image.digest[0] = '\0';
    }
    if (is_bad) {
        snprintf(out->diagnosis.code, sizeof(out->diagnosis.code), "HD1011");
        snprintf(out->diagnosis.what, sizeof(out->diagnosis.what),
                 "%s exits with code 1 (%d restarts).", cell->workload, world->restarts);
        out->diagnosis.is_terminal = true;
    }
}

static void sync_cluster(struct world *world, size_t index)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct report report = {.is_full = true, .sequence = ++world->sequence[index]};
    snprintf(report.cluster, sizeof(report.cluster), "%s", world->clusters[index]);
    snprintf(report.session, sizeof(report.session), "session");
    snprintf(report.path, sizeof(report.path), "clusters/%s", world->clusters[index]);
    int head = world->refs[world->cluster_refs[index]].head;
    world->applied_commit[index] = head;
    const struct world_commit *commit = &world->commits[head];
    snprintf(report.applied_commit, sizeof(report.applied_commit), "%s", commit->oid);
    snprintf(report.seen_commit, sizeof(report.seen_commit), "%s", commit->oid);
    report.workloads = arena_alloc(arena, world->cell_count, sizeof(*report.workloads));
    for (size_t i = 0; i < world->cell_count; i++) {
        struct world_cell *cell = &world->cells[i];
        if (strcmp(cell->cluster, world->clusters[index]) != 0) {
            continue;
        }
        if (strcmp(cell->applied, commit->tags[i]) != 0) {
            snprintf(cell->applied, sizeof(cell->applied), "%s", commit->tags[i]);
            cell->applied_ms = world->now_ms;
        }
        settle(world, cell);
        fill_report(world, cell, arena, &report.workloads[report.workload_count++]);
    }
    struct err err = {0};
    ASSERT_OK(promote_take_report(world->engine, &report, &err), err);
}

/* ---- the engine's ports ---- */

static void port_act(void *context, struct promote_act *act)
{
    struct world *world = context;
    assert_true(world->act_count < WORLD_ACTS_MAX);
    world->acts[world->act_count++] = act;
}

static void port_release(void *context, const struct release *release)
{
    struct world *world = context;
    if (world->on_release) {
        world->on_release(world, release);
    }
}

static void port_cell(void *context, const char *stage, const char *workload)
{
    (void)context;
    (void)stage;
    (void)workload;
}

static void port_board(void *context)
{
    (void)context;
}

static void port_fetch(void *context)
{
    ((struct world *)context)->fetch_wanted = true;
}

static void port_wake(void *context, int64_t time_ms)
{
    (void)context; /* the world ticks all the time */
    (void)time_ms;
}

static void port_want(void *context, const char *repository, const char *digest)
{
    struct world *world = context;
    snprintf(world->wanted_signature, sizeof(world->wanted_signature), "%s@%s", repository, digest);
}

/* Each repository is on a host of its own. */
static const char *port_host(void *context, const char *repository)
{
    (void)context;
    return repository[0] ? repository : "git.example.org";
}

static int64_t port_versions(void *context)
{
    return ((struct world *)context)->versions_until_ms;
}

static void open_engine(struct world *world)
{
    struct promote_ports ports = {port_act,  port_release, port_cell, port_board, port_fetch,
                                  port_wake, port_want,    world,     port_host,  port_versions};
    struct err err = {0};
    ASSERT_OK(
        promote_open(world->store, &world->env, &ports, &world->patience, &world->engine, &err),
        err);
    fetch(world);
}

void world_kill(struct world *world)
{
    world->kills++;
    drop_acts(world);
    promote_close(&world->engine);
    open_engine(world);
}

/* ---- the test's hands ---- */

void world_init(struct world *world, const char *pipeline_text, const char *cells, uint64_t seed)
{
    struct err err = {0};
    *world = (struct world){.now_ms = 1000000,
                            .seed = seed * 2654435761U + 1,
                            .pipeline_text = pipeline_text,
                            .rollout_ms = 2000};
    world->env = (struct env){sim_now, sim_now, sim_random, world};
    world->host = xcalloc(1, sizeof(*world->host));
    world->commits = xcalloc(WORLD_COMMITS_MAX, sizeof(*world->commits));
    struct world_commit *first = &world->commits[0];
    first->parent = -1;
    for (const char *at = cells; *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        struct world_cell *cell = &world->cells[world->cell_count];
        sscanf(at, "%63[^/]/%63[^ ]", cell->cluster, cell->workload);
        snprintf(cell->applied, sizeof(cell->applied), "1.0.0");
        snprintf(cell->running, sizeof(cell->running), "1.0.0");
        snprintf(first->tags[world->cell_count++], 32, "1.0.0");
        cluster_index(world, cell->cluster);
        at += length;
    }
    find_refs(world);
    snprintf(first->message, sizeof(first->message), "first");
    name_commit(world, first, 0);
    world->commit_count = 1;
    ASSERT_OK(store_open(":memory:", &world->store, &err), err);
    open_engine(world);
    world_advance(world, 5000);
}

void world_set_pipeline(struct world *world, const char *pipeline_text)
{
    world->pipeline_text = pipeline_text;
    find_refs(world);
    world->fetch_wanted = true;
}

void world_done(struct world *world)
{
    drop_acts(world);
    promote_close(&world->engine);
    store_close(&world->store);
    free(world->commits);
    free(world->host);
}

void world_push_image(struct world *world, const char *workload, const char *tag)
{
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    char repository[IMAGE_REPOSITORY_BYTES];
    snprintf(repository, sizeof(repository), "r/%s", workload);
    struct version_list known = {0};
    ASSERT_OK(store_versions_list(world->store, repository, arena, &known, &err), err);
    struct version_row *rows = arena_alloc(arena, known.count + 1, sizeof(*rows));
    if (known.count) {
        memcpy(rows, known.rows, known.count * sizeof(*rows));
    }
    struct version_row *added = &rows[known.count];
    char digest[IMAGE_DIGEST_BYTES];
    world_digest(workload, tag, digest);
    *added = (struct version_row){.repository = repository, .tag = tag, .digest = digest};
    bool changed = false;
    ASSERT_OK(store_versions_put(world->store, repository, rows, known.count + 1, world->now_ms,
                                 &changed, &err),
              err);
    ASSERT_OK(promote_versions_changed(world->engine, repository, &err), err);
}

void world_advance(struct world *world, int64_t ms)
{
    for (int64_t end_ms = world->now_ms + ms; world->now_ms < end_ms;) {
        world->now_ms += STEP_MS;
        if (chance(world, world->faults.kill)) {
            world_kill(world);
        }
        if (chance(world, world->faults.merge)) {
            merge_by_person(world);
        }
        if (world->fetch_wanted || world->now_ms % 2000 == 0) {
            fetch(world);
        }
        if (world->act_count) {
            deliver_act(world);
        }
        if (world->now_ms % 500 == 0) {
            for (size_t i = 0; i < world->cluster_count; i++) {
                if (!world->silent || strcmp(world->clusters[i], world->silent) != 0) {
                    sync_cluster(world, i);
                }
            }
        }
        promote_tick(world->engine);
    }
}

enum release_phase world_finish(struct world *world, int64_t id, int64_t ms)
{
    for (int64_t end_ms = world->now_ms + ms; world->now_ms < end_ms;) {
        world_advance(world, STEP_MS);
        AUTO(arena_free) struct arena *arena = arena_new();
        struct release *release = NULL;
        struct err err = {0};
        ASSERT_OK(store_release_get(world->store, id, arena, &release, &err), err);
        if (release_is_over(release->phase)) {
            return release->phase;
        }
    }
    const struct release *release = promote_active(world->engine, id);
    fail_msg("R-%lld is still %s: %s", (long long)id,
             release ? release_phase_name(release->phase) : "over", release ? release->why : "");
    return RELEASE_PLANNED;
}

const char *world_git_tag(const struct world *world, const char *cluster, const char *workload)
{
    size_t cell = world_cell(world, cluster, workload);
    for (size_t i = 0; i < world->cluster_count; i++) {
        if (strcmp(world->clusters[i], cluster) == 0) {
            return world->commits[world->refs[world->cluster_refs[i]].head].tags[cell];
        }
    }
    return "";
}

const char *world_running(const struct world *world, const char *cluster, const char *workload)
{
    return world->cells[world_cell(world, cluster, workload)].running;
}

struct release *world_last_release(struct world *world, const char *stage, struct arena *arena)
{
    struct release_filter filter = {.stage = stage, .limit = 1};
    struct release_list list = {0};
    struct err err = {0};
    ASSERT_OK(store_release_list(world->store, &filter, arena, &list, &err), err);
    return list.count ? list.releases[0] : NULL;
}

int world_count_trailer(const struct world *world, const char *line)
{
    int count = 0;
    AUTO_STR(whole, 512);
    str_addf(&whole, "\n%s\n", line);
    for (size_t n = 0; n < world->ref_count; n++) {
        for (int i = world->refs[n].head; i >= 0; i = world->commits[i].parent) {
            count += strstr(world->commits[i].message, whole.text) != NULL;
        }
    }
    return count;
}
