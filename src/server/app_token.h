/* app_token: a file with the token of a GitHub App, renewed before it ends. */
#pragma once

#include "base/clock.h"
#include "forge/forge.h"
#include "loop/loop.h"

struct app_token_options {
    struct loop *loop;
    const struct env *env;
    struct forge_app app;              /* its texts outlive it */
    const char *file;                  /* 0600; who needs the token reads it each time */
    void (*on_renewed)(void *context); /* the first time, and after failures */
    void *context;
};

struct app_token;
struct app_token *app_token_start(const struct app_token_options *options);
/* Waits for a question that is under way. */
void app_token_stop(struct app_token **token);
