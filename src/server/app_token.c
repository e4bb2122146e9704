#include "server/app_token.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/log.h"
#include "crypto/crypto.h"
#include "forge/forge.h"

/* A token is good for an hour; a server that sleeps through its last minutes still has time. */
#define RENEW_MS INT64_C(2700000)
#define RETRY_MS INT64_C(30000)
#define TOKEN_BYTES_MAX 4096

struct app_token {
    struct loop *loop;
    const struct env *env;
    struct forge_app app;
    char *file; /* 0600; who needs the token reads it each time */
    void (*on_renewed)(void *context);
    void *context;
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
    job->succeeded = forge_app_token(&token->app, job->now_ms, &text, &job->err) &&
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
            log_info("github.app", "app=%s", token->app.id);
            token->on_renewed(token->context);
        }
        token->timer =
            loop_timer_start(token->loop, job->succeeded ? RENEW_MS : RETRY_MS, 0, renew, token);
    }
    free(job);
}

static void renew(void *context)
{
    struct app_token *token = context;
    struct job *job = xcalloc(1, sizeof(*job));
    token->timer = NULL;
    *job = (struct job){.token = token, .now_ms = env_now_ms(token->env)};
    loop_work(token->loop, token->queue, run, done, job);
}

/* What the token opens is told its file like any other secret's. */
static void name_file(struct server_options *options, const char *file)
{
    if (!options->git.password_file) {
        options->git.username = "x-access-token"; /* GitHub's word for it */
        options->git.password_file = file;
    }
    if (!options->forge_token_file) {
        options->forge_token_file = file;
    }
}

bool app_token_open(struct loop *loop, const struct env *env, struct server_options *options,
                    void (*on_renewed)(void *context), void *context, struct app_token **out,
                    struct err *err)
{
    AUTO_STR(file, 4096);
    if (!options->github_app_id && !options->github_app_key_file) {
        return true;
    }
    if (!options->github_app_id || !options->github_app_key_file) {
        return err_set(err, ERR_INVALID,
                       "--github-app-id and --github-app-key-file are needed together");
    }
    str_addf(&file, "%s/github-app.token", options->data);
    struct app_token *token = xcalloc(1, sizeof(*token));
    token->loop = loop;
    token->env = env;
    token->app = (struct forge_app){.id = options->github_app_id,
                                    .key_file = options->github_app_key_file,
                                    .repository = options->repository,
                                    .url = options->forge_url};
    token->file = xstrdup(file.text);
    token->on_renewed = on_renewed;
    token->context = context;
    token->queue = loop_queue_new(loop);
    name_file(options, token->file);
    renew(token);
    *out = token;
    return true;
}

void app_token_close(struct app_token **token)
{
    if (*token) {
        loop_timer_stop(&(*token)->timer);
        loop_queue_free(&(*token)->queue);
        free((*token)->file);
        xfree(token);
    }
}
