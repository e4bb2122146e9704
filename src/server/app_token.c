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
    struct app_tokens *all;
    struct app_identity identity;
    struct loop_timer *timer;
    bool is_good; /* the last question was answered */
};

struct app_tokens {
    struct loop *loop;
    const struct env *env;
    void (*on_renewed)(void *context);
    void *context;
    struct loop_queue *queue; /* a host that is slow takes one worker at most */
    struct app_token *items;
    size_t count;
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
    const struct app_identity *identity = &job->token->identity;
    AUTO_STR(text, TOKEN_BYTES_MAX);
    job->succeeded = forge_app_token(&identity->app, job->now_ms, &text, &job->err) &&
                     file_replace(identity->token_file, str_slice(&text), 0600, &job->err);
    if (text.text) {
        crypto_wipe(text.text, text.length);
    }
}

static void renew(void *context);

static void done(void *context, bool is_stopping)
{
    struct job *job = context;
    struct app_token *token = job->token;
    const struct app_tokens *all = token->all;
    if (!is_stopping) {
        bool was_good = token->is_good;
        token->is_good = job->succeeded;
        token->timer =
            loop_timer_start(all->loop, job->succeeded ? RENEW_MS : RETRY_MS, 0, renew, token);
        if (!job->succeeded) {
            log_warn("github.app", "%s: %s", token->identity.app.repository, job->err.text);
        } else if (!was_good) {
            log_info("github.app", "app=%s repository=%s", token->identity.app.id,
                     token->identity.app.repository);
            all->on_renewed(all->context);
        }
    }
    free(job);
}

static void renew(void *context)
{
    struct app_token *token = context;
    struct app_tokens *all = token->all;
    struct job *job = xcalloc(1, sizeof(*job));
    token->timer = NULL;
    *job = (struct job){.token = token, .now_ms = env_now_ms(all->env)};
    loop_work(all->loop, all->queue, run, done, job);
}

struct app_tokens *app_tokens_new(struct loop *loop, const struct env *env,
                                  const struct app_identity *apps, size_t count,
                                  void (*on_renewed)(void *context), void *context)
{
    struct app_tokens *tokens = xcalloc(1, sizeof(*tokens));
    *tokens = (struct app_tokens){.loop = loop,
                                  .env = env,
                                  .on_renewed = on_renewed,
                                  .context = context,
                                  .queue = loop_queue_new(loop),
                                  .items = xcalloc(count, sizeof(*tokens->items)),
                                  .count = count};
    for (size_t i = 0; i < count; i++) {
        tokens->items[i] = (struct app_token){.all = tokens, .identity = apps[i]};
        renew(&tokens->items[i]);
    }
    return tokens;
}

void app_tokens_free(struct app_tokens **tokens)
{
    if (*tokens) {
        loop_queue_free(&(*tokens)->queue);
        for (size_t i = 0; i < (*tokens)->count; i++) {
            loop_timer_stop(&(*tokens)->items[i].timer);
        }
        free((*tokens)->items);
        xfree(tokens);
    }
}
