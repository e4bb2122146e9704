#include "server/app_token.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/log.h"
#include "crypto/crypto.h"

/* A token is good for an hour; a server that sleeps through its last minutes still has time. */
#define RENEW_MS INT64_C(2700000)
#define RETRY_MS INT64_C(30000)
#define TOKEN_BYTES_MAX 4096

struct app_token {
    struct app_token_options options;
    char *file;
    struct loop_queue *queue;
    struct loop_timer *timer;
    bool is_good; /* the last question was answered */
};

struct job {
    struct app_token *token;
    int64_t now_ms;
    bool succeeded;
    struct err err;
};

static void run(void *context)
{
    struct job *job = context;
    const struct app_token *token = job->token;
    AUTO_STR(text, TOKEN_BYTES_MAX);
    job->succeeded = forge_app_token(&token->options.app, job->now_ms, &text, &job->err) &&
                     file_replace(token->file, str_slice(&text), 0600, &job->err);
    if (text.text) {
        crypto_wipe(text.text, text.length);
    }
}

static void renew(void *context);

static void done(void *context, bool is_stopping)
{
    struct job *job = context;
    struct app_token *token = job->token;
    if (!is_stopping) {
        bool was_good = token->is_good;
        token->is_good = job->succeeded;
        if (!job->succeeded) {
            log_warn("github.app", "%s", job->err.text);
        } else if (!was_good) {
            log_info("github.app", "app=%s", token->options.app.id);
            token->options.on_renewed(token->options.context);
        }
        token->timer = loop_timer_start(token->options.loop, job->succeeded ? RENEW_MS : RETRY_MS,
                                        0, renew, token);
    }
    free(job);
}

static void renew(void *context)
{
    struct app_token *token = context;
    struct job *job = xcalloc(1, sizeof(*job));
    token->timer = NULL;
    *job = (struct job){.token = token, .now_ms = env_now_ms(token->options.env)};
    loop_work(token->options.loop, token->queue, run, done, job);
}

struct app_token *app_token_start(const struct app_token_options *options)
{
    struct app_token *token = xcalloc(1, sizeof(*token));
    token->options = *options;
    token->file = xstrdup(options->file);
    token->queue = loop_queue_new(options->loop);
    renew(token);
    return token;
}

void app_token_stop(struct app_token **token)
{
    if (*token) {
        loop_timer_stop(&(*token)->timer);
        loop_queue_free(&(*token)->queue);
        free((*token)->file);
        xfree(token);
    }
}
