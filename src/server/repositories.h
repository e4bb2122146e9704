/* repositories: the config repositories that a server works with, opened. */
#pragma once

#include "server/app_token.h"
#include "server/server.h"

struct repositories {
    struct arena *arena;
    struct config_repository *items; /* the first one is the server's own */
    size_t count;
    int64_t *rest_until_ms;    /* of each; for looks */
    struct app_identity *apps; /* of those that are reached as a GitHub App */
    size_t app_count;
};
/* Whatever was opened is for repositories_close(), also after an error. */
bool repositories_open(const struct server_options *options, struct repositories *out,
                       struct err *err) MUST_CHECK;
/* git_maintain() all of them; the error is that of the last one that failed. */
bool repositories_maintain(const struct repositories *all, struct err *err) MUST_CHECK;
void repositories_close(struct repositories *all);
