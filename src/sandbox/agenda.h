/* agenda: what is to be done with which object, and when; one timer for all. */
#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "loop/loop.h"

struct agenda;

/* `subject` is the object's uid, so that what was planned for a deleted one can be ignored. */
struct task {
    int64_t at_mono_ms;
    void (*fire)(void *context, const struct task *task);
    char *namespace, *name;
    char uid[37];
    int step;
};

struct agenda *agenda_new(struct loop *loop, const struct env *env, void *context);
void agenda_free(struct agenda **agenda);
void agenda_add(struct agenda *agenda, int64_t delay_ms,
                void (*fire)(void *context, const struct task *task), const json_t *object,
                int step);
