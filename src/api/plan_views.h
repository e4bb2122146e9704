/*
 * plan_views: what else a plan does, beside its Git diff: views that are made on request
 * ("with": ["impact", "rendered", "stays"]) and that its digest does not cover.  Private to api.
 *
 * Facts are gathered on the loop, the targets are rendered by the job that makes the diff, and the
 * judges of impact/ say what it means.
 */
#pragma once

#include "api/internal.h"
#include "git/git.h"

enum plan_view { PLAN_IMPACT = 1, PLAN_RENDERED = 2, PLAN_STAYS = 4 };

/* What was rendered before, by target; for the git queue. */
struct renders;
struct renders *renders_new(void);
void renders_free(struct renders **renders);

/* The views that a request asks for, as bits. */
unsigned plan_views_wanted(const json_t *body);

struct plan_views;
/* Everything in the arena; the plan may go. */
struct plan_views *plan_views_new(struct api *api, const struct plan *plan, unsigned wanted,
                                  struct arena *arena);
/* What changes on one ref: the commits before and after. */
struct plan_side {
    struct git *git;
    const char *base, *head;
};
/* On a worker.  One side for each ref of the view that was when the plan's views were begun. */
void plan_views_run(struct plan_views *views, struct renders *renders,
                    const struct plan_side *sides, size_t count);
/* Into the plan's JSON. */
void plan_views_put(struct plan_views *views, json_t *plan);
void plan_views_drop(struct plan_views *views); /* accepts NULL */
