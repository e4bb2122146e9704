#include "server/outages.h"

#include <string.h>

/* A branch that is missing is no outage of its repository: then another one could be fetched. */
static const char *problem_of(const struct git_view *view, const char *repository)
{
    const char *problem = NULL;
    for (size_t i = 0; i < view->ref_count; i++) {
        if (strcmp(view->refs[i].repository, repository) != 0) {
            continue;
        }
        if (!view->refs[i].problem[0]) {
            return NULL;
        }
        problem = view->refs[i].problem;
    }
    return problem;
}

void outages_note_look(struct api *api, const struct repositories *repositories,
                       const struct look *look)
{
    if (look->has_failed) {
        api_set_outage(api, API_OUTAGE_GIT, 0, look->err.text);
        return;
    }
    const struct git_view *view = look->view ? look->view : look->before;
    for (size_t i = 0; view && i < repositories->count; i++) {
        api_set_outage(api, API_OUTAGE_GIT, i, problem_of(view, repositories->items[i].name));
    }
}

/* What a host refuses for its own reasons says nothing of whether it can be reached. */
static bool is_out_of_reach(const struct promote_act *act)
{
    return !act->succeeded && (err_is_retryable(act->err.kind) || act->err.kind == ERR_DENIED ||
                               act->err.kind == ERR_UNKNOWN_WHO);
}

void outages_note_act(struct api *api, const struct repositories *repositories,
                      const struct promote_act *act)
{
    if (act->kind != ACT_PULL && act->kind != ACT_MERGE && act->kind != ACT_STATUS) {
        return;
    }
    for (size_t i = 0; i < repositories->count; i++) {
        if (strcmp(repositories->items[i].name, act->repository) == 0) {
            api_set_outage(api, API_OUTAGE_HOST, i, is_out_of_reach(act) ? act->err.text : NULL);
        }
    }
}
