/* app_token: a file with the token of a GitHub App, renewed before it ends. */
#pragma once

#include "server/server.h"

struct app_token;
/* NULL in *out when the options name no App.  Else they name its file wherever they have no other
   password or token; it is there soon, and `on_renewed` is called then, and again after failures.
   The options must outlive it. */
bool app_token_open(struct loop *loop, const struct env *env, struct server_options *options,
                    void (*on_renewed)(void *context), void *context, struct app_token **out,
                    struct err *err) MUST_CHECK;
/* Waits for a question that is under way. */
void app_token_close(struct app_token **token);
