/* reporter: carries the agent's reports to the server and its commands back; private to agent. */
#pragma once

#include "agent/agent.h"
#include "model/report.h"
#include "sync/sync.h"

struct reporter_options {
    struct loop *loop;
    const struct env *env;
    const char *server, *cluster, *token_file;
    const char *ca_pem; /* or NULL; must outlive the reporter's jobs: it is copied */
    /* Fill in what is known; false when there is nothing new (and nothing whole was asked for). */
    bool (*collect)(void *context, bool is_full, struct arena *arena, struct report *out);
    void (*on_sync)(void *context); /* the server asks to look at Git now */
    void *context;
};

struct reporter;
struct reporter *reporter_new(const struct reporter_options *options);
void reporter_free(struct reporter **reporter); /* a post under way ends by itself */
/* Something may be new: it is sent soon, together with what comes meanwhile. */
void reporter_wake(struct reporter *reporter);
