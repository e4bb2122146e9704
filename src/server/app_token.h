/* app_token: files with the tokens of GitHub Apps, renewed before they end. */
#pragma once

#include "base/clock.h"
#include "forge/forge.h"
#include "loop/loop.h"

/* An App, for one repository; all text is the caller's, and outlives the tokens. */
struct app_identity {
    struct forge_app app;
    const char *token_file; /* 0600; who needs the token reads it each time */
};

struct app_tokens;
/* The files are there soon; `on_renewed` is called when one is, and again after failures. */
struct app_tokens *app_tokens_new(struct loop *loop, const struct env *env,
                                  const struct app_identity *apps, size_t count,
                                  void (*on_renewed)(void *context), void *context);
/* Waits for a question that is under way. */
void app_tokens_free(struct app_tokens **tokens);
