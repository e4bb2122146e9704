#include "sandbox/agenda.h"

#include <string.h>

#include "base/vec.h"
#include "sandbox/objects.h"

struct agenda {
    struct loop *loop;
    const struct env *env;
    void *context;
    struct loop_timer *timer;
    int64_t timer_at_mono_ms;
    VEC(struct task) heap; /* the earliest first */
};

struct agenda *agenda_new(struct loop *loop, const struct env *env, void *context)
{
    struct agenda *agenda = xcalloc(1, sizeof(*agenda));
    agenda->loop = loop;
    agenda->env = env;
    agenda->context = context;
    return agenda;
}

static void task_done(struct task *task)
{
    free(task->namespace);
    free(task->name);
}

void agenda_free(struct agenda **agenda)
{
    if (!*agenda) {
        return;
    }
    loop_timer_stop(&(*agenda)->timer);
    VEC_EACH (struct task, task, &(*agenda)->heap) {
        task_done(task);
    }
    VEC_DONE(&(*agenda)->heap);
    xfree(agenda);
}

static void swap(struct agenda *agenda, size_t a, size_t b)
{
    struct task task = agenda->heap.items[a];
    agenda->heap.items[a] = agenda->heap.items[b];
    agenda->heap.items[b] = task;
}

static bool is_before(const struct agenda *agenda, size_t a, size_t b)
{
    return agenda->heap.items[a].at_mono_ms < agenda->heap.items[b].at_mono_ms;
}

static void move_up(struct agenda *agenda, size_t at)
{
    while (at > 0 && is_before(agenda, at, (at - 1) / 2)) {
        swap(agenda, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static void move_down(struct agenda *agenda, size_t at)
{
    for (;;) {
        size_t first = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++) {
            if (child < agenda->heap.count && is_before(agenda, child, first)) {
                first = child;
            }
        }
        if (first == at) {
            return;
        }
        swap(agenda, at, first);
        at = first;
    }
}

static struct task take_first(struct agenda *agenda)
{
    struct task first = agenda->heap.items[0];
    agenda->heap.items[0] = agenda->heap.items[--agenda->heap.count];
    move_down(agenda, 0);
    return first;
}

static void fire_due(void *context);

static void set_timer(struct agenda *agenda)
{
    if (agenda->heap.count == 0) {
        return;
    }
    int64_t at_mono_ms = agenda->heap.items[0].at_mono_ms;
    if (agenda->timer && agenda->timer_at_mono_ms <= at_mono_ms) {
        return;
    }
    int64_t delay_ms = at_mono_ms - env_now_mono_ms(agenda->env);
    loop_timer_stop(&agenda->timer);
    agenda->timer_at_mono_ms = at_mono_ms;
    agenda->timer =
        loop_timer_start(agenda->loop, delay_ms > 0 ? delay_ms : 0, 0, fire_due, agenda);
}

static void fire_due(void *context)
{
    struct agenda *agenda = context;
    int64_t now_mono_ms = env_now_mono_ms(agenda->env);
    agenda->timer = NULL; /* a one-shot timer has ended itself */
    while (agenda->heap.count > 0 && agenda->heap.items[0].at_mono_ms <= now_mono_ms) {
        struct task task = take_first(agenda);
        task.fire(agenda->context, &task);
        task_done(&task);
    }
    set_timer(agenda);
}

void agenda_add(struct agenda *agenda, int64_t delay_ms,
                void (*fire)(void *context, const struct task *task), const json_t *object,
                int step)
{
    struct task *task = VEC_ADD(&agenda->heap);
    *task = (struct task){.at_mono_ms = env_now_mono_ms(agenda->env) + delay_ms,
                          .fire = fire,
                          .namespace = xstrdup(simulated_namespace(object)),
                          .name = xstrdup(object_name(object)),
                          .step = step};
    TEXT_COPY_CUT(task->uid, object_uid(object));
    move_up(agenda, agenda->heap.count - 1);
    set_timer(agenda);
}
