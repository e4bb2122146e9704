#include "sync/sync.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "model/pipeline.h"
#include "sync/engine.h"

#define INTERVAL_MS_DEFAULT 30000
#define TICK_MS 1000
#define CHANGE_DELAY_MS 20

/* ---- small things that all files need ---- */

int64_t now_mono_ms(const struct sync *sync)
{
    return env_now_mono_ms(sync->options.env);
}

int64_t now_ms(const struct sync *sync)
{
    return env_now_ms(sync->options.env);
}

int64_t backoff_ms(const struct sync *sync, unsigned failures, int64_t first_ms, int64_t max_ms)
{
    int64_t wait_ms = first_ms;
    for (unsigned i = 1; i < failures && wait_ms < max_ms; i++) {
        wait_ms *= 2;
    }
    wait_ms = wait_ms < max_ms ? wait_ms : max_ms;
    uint32_t number = 0;
    sync->options.env->random(sync->options.env->context, &number, sizeof(number));
    return wait_ms / 2 + (int64_t)number % (wait_ms / 2 + 1);
}

void set_trouble(struct sync *sync, char **trouble, const char *text)
{
    bool is_same = text ? *trouble && strcmp(*trouble, text) == 0 : !*trouble;
    if (is_same) {
        return;
    }
    free(*trouble);
    *trouble = text ? xstrdup(text) : NULL;
    report_change(sync);
}

static void tell_change(void *context)
{
    struct sync *sync = context;
    sync->change_timer = NULL;
    sync->options.on_change(sync->options.context);
}

void report_change(struct sync *sync)
{
    if (!sync->change_timer && !sync->is_stopped && sync->options.on_change) {
        sync->change_timer =
            loop_timer_start(sync->options.loop, CHANGE_DELAY_MS, 0, tell_change, sync);
    }
}

/* ---- life ---- */

static const char *copy(struct sync *sync, const char *text)
{
    return text ? arena_strdup(sync->texts, text) : NULL;
}

static void copy_options(struct sync *sync, const struct sync_options *options)
{
    struct sync_options *own = &sync->options;
    *own = *options;
    own->cluster = copy(sync, options->cluster);
    own->path = copy(sync, options->path);
    own->pipeline_file =
        copy(sync, options->pipeline_file ? options->pipeline_file : PIPELINE_FILE);
    own->folder = copy(sync, options->folder);
    own->git.folder = arena_printf(sync->texts, "%s/mirror.git", options->folder);
    own->git.url = copy(sync, options->git.url);
    own->git.branch = copy(sync, options->git.branch);
    const char **texts[] = {&own->git.username,
                            &own->git.password_file,
                            &own->git.ssh_key_file,
                            &own->git.ssh_known_hosts_file,
                            &own->git.client_certificate_file,
                            &own->git.client_key_file,
                            &own->git.allowed_signers_file,
                            &own->git.openpgp_folder};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        *texts[i] = copy(sync, *texts[i]);
    }
    own->kube.kubeconfig = copy(sync, options->kube.kubeconfig);
    own->kube.context = copy(sync, options->kube.context);
    own->kube.env = options->env;
    if (own->interval_ms <= 0) {
        own->interval_ms = INTERVAL_MS_DEFAULT;
    }
    sync->state_file = arena_printf(sync->texts, "%s/applied", options->folder);
}

static void free_objects(struct sync *sync)
{
    VEC(struct object *) all = {0};
    MAP_EACH (slot, &sync->objects) {
        *VEC_ADD(&all) = slot->value;
    }
    VEC_EACH (struct object *, object, &all) {
        object_forget(sync, *object);
    }
    VEC_DONE(&all);
    map_done(&sync->objects);
}

static void free_children(struct sync *sync)
{
    MAP_EACH (slot, &sync->children) {
        struct child *child = slot->value;
        free(child->text);
        free(child);
    }
    map_done(&sync->children);
    map_done(&sync->children_of);
}

static void free_sync(struct sync *sync)
{
    free_objects(sync);
    free_children(sync);
    state_free(sync);
    map_done(&sync->workloads);
    revision_free(&sync->revision);
    revision_free(&sync->next_revision);
    git_close(&sync->source.git);
    render_cache_free(&sync->source.cache);
    kube_types_free(&sync->types);
    kube_close(&sync->worker_kube);
    kube_close(&sync->loop_kube);
    loop_queue_free(&sync->git_queue);
    loop_queue_free(&sync->kube_queue);
    char *troubles[] = {sync->fetch_trouble, sync->trust_trouble, sync->render_trouble,
                        sync->api_trouble, sync->history_trouble};
    for (size_t i = 0; i < COUNT_OF(troubles); i++) {
        free(troubles[i]);
    }
    free(sync->capacity);
    arena_free(&sync->texts);
    free(sync);
}

void job_begin(struct sync *sync)
{
    sync->jobs++;
}

bool job_end(struct sync *sync)
{
    sync->jobs--;
    if (sync->is_stopped && sync->jobs == 0) {
        free_sync(sync);
        return false;
    }
    return !sync->is_stopped;
}

void sync_look(struct sync *sync)
{
    look_begin(sync);
}

static void look_regularly(void *context)
{
    look_begin(context);
}

bool sync_start(const struct sync_options *options, struct sync **out, struct err *err)
{
    struct sync *sync = xcalloc(1, sizeof(*sync));
    sync->texts = arena_new();
    copy_options(sync, options);
    struct loop *loop = options->loop;
    sync->git_queue = loop_queue_new(loop);
    sync->kube_queue = loop_queue_new(loop);
    if (!file_make_folder(options->folder, err) ||
        !kube_open(&sync->options.kube, &sync->worker_kube, err) ||
        !kube_open(&sync->options.kube, &sync->loop_kube, err)) {
        free_sync(sync);
        return false;
    }
    state_load(sync);
    sync->tick_timer = loop_timer_start(loop, TICK_MS, TICK_MS, workloads_tick, sync);
    sync->look_timer = loop_timer_start(loop, sync->options.interval_ms, sync->options.interval_ms,
                                        look_regularly, sync);
    capacity_start(sync);
    look_begin(sync);
    pass_kick(sync, 0);
    *out = sync;
    return true;
}

void sync_stop(struct sync **sync)
{
    struct sync *gone = TAKE(*sync);
    if (!gone) {
        return;
    }
    gone->is_stopped = true;
    loop_timer_stop(&gone->tick_timer);
    loop_timer_stop(&gone->look_timer);
    loop_timer_stop(&gone->pump_timer);
    loop_timer_stop(&gone->judge_timer);
    loop_timer_stop(&gone->change_timer);
    capacity_stop(gone);
    feeds_close(gone);
    if (gone->jobs == 0) {
        free_sync(gone);
    }
}
