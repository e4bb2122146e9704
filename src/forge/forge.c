#include "forge/forge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/escape.h"
#include "base/file.h"
#include "crypto/crypto.h"
#include "forge/internal.h"
#include "http/client.h"

#define TIMEOUT_MS 20000
/* A page of 100 reviews or checks, with all that hosts repeat in each. */
#define ANSWER_BYTES_MAX (4U << 20)
#define ADDRESS_BYTES_MAX 4096
#define TOKEN_BYTES_MAX 4096
#define TITLE_BYTES_MAX 200
#define REST_MS 60000   /* for a host that is too busy to say how long */
#define SHOWN_BYTES 240 /* of a host's words, before escaping */

const struct forge_host *const forge_hosts[FORGE_HOST_COUNT] = {
    &forge_gitea, &forge_github, &forge_gitlab, &forge_bitbucket, &forge_azure};

struct forge {
    const struct forge_host *host;
    struct forge_place place;
    char root[ADDRESS_BYTES_MAX];
    char *token_file;
    struct http_client *client;
    int64_t rest_ms;
};

/* ---- which host ---- */

/* "*.visualstudio.com" stands for each host under it. */
static bool is_known(const struct forge_host *host, const char *name)
{
    for (const char *const *known = host->known_hosts; *known; known++) {
        size_t length = strlen(name);
        size_t tail = strlen(*known) - 1;
        bool fits = (*known)[0] == '*'
                        ? length > tail && strcasecmp(name + length - tail, *known + 1) == 0
                        : strcasecmp(name, *known) == 0;
        if (fits) {
            return true;
        }
    }
    return false;
}

static const struct forge_host *host_of(const struct forge_options *options,
                                        const struct forge_place *place, struct err *err)
{
    bool is_named = options->kind && options->kind[0];
    const char *kind = is_named && strcmp(options->kind, "forgejo") == 0 ? "gitea" : options->kind;
    AUTO_STR(names, 200);
    for (size_t i = 0; i < FORGE_HOST_COUNT; i++) {
        if (is_named ? strcmp(forge_hosts[i]->name, kind) == 0
                     : is_known(forge_hosts[i], place->host)) {
            return forge_hosts[i];
        }
        str_addf(&names, "%s%s", i ? ", " : "", forge_hosts[i]->name);
    }
    if (is_named) {
        err_set(err, ERR_INVALID, "--forge \"%.40s\" is not known; known are: %s", options->kind,
                names.text);
    } else {
        err_set(err, ERR_INVALID,
                "what kind of Git host %s is cannot be told; give --forge, one of %s", place->host,
                names.text);
    }
    return NULL;
}

bool forge_open(const struct forge_options *options, struct forge **out, struct err *err)
{
    struct forge_place place;
    if (!options->token_file || !options->token_file[0]) {
        return err_set(err, ERR_INVALID, "--forge-token-file is needed for a Git host's API");
    }
    if (!forge_place_read(options->repository, options->url, &place, err)) {
        return false;
    }
    const struct forge_host *host = host_of(options, &place, err);
    if (!host) {
        return false;
    }
    AUTO_STR(root, ADDRESS_BYTES_MAX - 1);
    if (!host->root(&place, &root) || root.failed) {
        return err_set(err, ERR_INVALID, "\"%.120s\" has not the shape of a repository of %s",
                       place.path, host->title);
    }
    struct forge *forge = xcalloc(1, sizeof(*forge));
    forge->host = host;
    forge->place = place;
    TEXT_COPY_CUT(forge->root, root.text);
    forge->token_file = xstrdup(options->token_file);
    forge->client = http_client_new("heddle/" HEDDLE_VERSION);
    *out = forge;
    return true;
}

void forge_close(struct forge **forge)
{
    if (*forge) {
        http_client_free(&(*forge)->client);
        free((*forge)->token_file);
        xfree(forge);
    }
}

const char *forge_title(const struct forge *forge)
{
    return forge->host->title;
}

const char *forge_root(const struct forge *forge)
{
    return forge->root;
}

const char *forge_host_name(const struct forge *forge)
{
    return forge->place.host;
}

int64_t forge_rest_ms(const struct forge *forge)
{
    return forge->rest_ms;
}

/* ---- addresses ---- */

/* What a name in braces stands for; `buffer` for what is not there as text of its own. */
static const char *value_of(const struct forge *forge, const struct forge_words *words,
                            struct slice name, char buffer[static FORGE_PATH_BYTES])
{
    const char *path = forge->place.path;
    const struct {
        const char *name, *value;
    } values[] = {{"branch", words->branch}, {"base", words->base}, {"commit", words->commit}};
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        if (slice_equals(name, values[i].name)) {
            return values[i].value;
        }
    }
    if (slice_equals(name, "owner")) {
        snprintf(buffer, FORGE_PATH_BYTES, "%.*s", (int)strcspn(path, "/"), path);
    } else {
        snprintf(buffer, FORGE_PATH_BYTES, "%lld", (long long)words->number);
    }
    return buffer;
}

static void add_address(const struct forge *forge, const char *path,
                        const struct forge_words *words, struct str *out)
{
    str_add(out, forge->root);
    while (*path) {
        size_t plain = strcspn(path, "{");
        str_add_bytes(out, path, plain);
        path += plain;
        if (*path) {
            char buffer[FORGE_PATH_BYTES];
            size_t length = strcspn(path, "}");
            struct slice name = {path + 1, length - 1};
            escape_url(out, value_of(forge, words, name, buffer));
            path += length + 1;
        }
    }
}

/* ---- what a host says when it refuses ---- */

static const char *words_in(const json_t *answer)
{
    static const char *const places[] = {"message", "error.message", "error_description", "error",
                                         "detail"};
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        const json_t *value = json_at(answer, places[i]);
        value = json_is_array(value) ? json_array_get(value, 0) : value;
        if (json_is_string(value) && json_string_length(value) > 0) {
            return json_string_value(value);
        }
    }
    return "";
}

/* GitHub's "message" is general, and what it means stands in a list beside it. */
void forge_add_words(struct slice body, struct str *out)
{
    struct err ignored = {0};
    AUTO_JSON *answer = json_parse(body, &ignored);
    const char *said[] = {words_in(answer),
                          words_in(json_array_get(json_array_at(answer, "errors"), 0))};
    for (size_t i = 0; i < COUNT_OF(said); i++) {
        char cut[SHOWN_BYTES];
        text_copy_cut(cut, sizeof(cut), said[i]);
        if (cut[0]) {
            str_add(out, ": ");
            escape_terminal(out, cut);
        }
    }
}

/* GitHub says "too often" with 403, too, and then perhaps not how long. */
static bool is_too_often(const struct http_result *result)
{
    AUTO_STR(left, 64);
    bool is_used_up =
        http_result_header(result, "X-RateLimit-Remaining", &left) && strcmp(left.text, "0") == 0;
    return result->status == 403 && (is_used_up || result->retry_after_ms > 0);
}

static enum err_kind kind_of(const struct http_result *result)
{
    static const struct {
        int status;
        enum err_kind kind;
    } kinds[] = {{400, ERR_REFUSED},   {401, ERR_UNKNOWN_WHO}, {403, ERR_DENIED},
                 {404, ERR_NOT_FOUND}, {405, ERR_REFUSED},     {406, ERR_REFUSED},
                 {409, ERR_REFUSED},   {412, ERR_REFUSED},     {413, ERR_REFUSED},
                 {422, ERR_REFUSED},   {423, ERR_REFUSED},     {429, ERR_BUSY}};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (kinds[i].status == result->status) {
            return is_too_often(result) ? ERR_BUSY : kinds[i].kind;
        }
    }
    return result->status >= 300 && result->status < 400 ? ERR_INVALID : ERR_UNAVAILABLE;
}

static bool refuse(struct forge *forge, const struct http_result *result, struct err *err)
{
    const struct forge_host *host = forge->host;
    enum err_kind kind = kind_of(result);
    forge->rest_ms = result->retry_after_ms;
    if (kind == ERR_BUSY && forge->rest_ms == 0) {
        forge->rest_ms = REST_MS;
    }
    AUTO_STR(text, sizeof(err->text) - 1);
    str_addf(&text, "%s answers %d", host->title, result->status);
    forge_add_words(str_slice(&result->body), &text);
    if (kind == ERR_UNKNOWN_WHO || kind == ERR_DENIED) {
        str_addf(&text, "; the token of --forge-token-file needs %s", host->token_needs);
    } else if (kind == ERR_NOT_FOUND) {
        str_addf(&text, "; is it there, and may the token see %s?", forge->place.path);
    } else if (kind == ERR_INVALID) {
        str_add(&text, ", a redirect, which is not followed: has the repository moved?");
    } else if (kind == ERR_BUSY) {
        str_add(&text, "; it is asked again later");
    }
    return err_set(err, kind, "%s", text.text);
}

/* ---- asking ---- */

static void wipe(struct str *secret)
{
    if (secret->text) {
        crypto_wipe(secret->text, secret->length);
    }
    str_done(secret);
}

/* Azure takes the token as the password of nobody. */
static bool read_token(const struct forge *forge, struct str *out, struct err *err)
{
    str_add(out, forge->host->login == FORGE_BASIC ? ":" : "");
    return file_read_secret(forge->token_file, out, err) || err_wrap(err, "--forge-token-file");
}

static bool perform(struct forge *forge, const struct forge_question *question,
                    const struct forge_words *words, struct http_result *out, struct err *err)
{
    static const struct http_header accept = {"Accept", "application/json"};
    AUTO(wipe) struct str token;
    AUTO_STR(url, ADDRESS_BYTES_MAX);
    AUTO_JSON *body = question->body ? question->body(words) : NULL;
    AUTO(xfree) char *text = body ? json_text(body) : NULL;
    str_init(&token, TOKEN_BYTES_MAX);
    add_address(forge, question->path, words, &url);
    if (url.failed) {
        return err_set(err, ERR_INVALID, "the address of a question to %s is too long",
                       forge->host->title);
    }
    if (!read_token(forge, &token, err)) {
        return false;
    }
    bool is_basic = forge->host->login == FORGE_BASIC;
    struct http_call call = {
        .method = question->method,
        .url = url.text,
        .headers = &accept,
        .header_count = 1,
        .bearer = is_basic ? NULL : token.text,
        .basic = is_basic ? token.text : NULL,
        .body = slice_of(text ? text : ""),
        .timeout_ms = TIMEOUT_MS,
        .body_bytes_max = ANSWER_BYTES_MAX,
    };
    forge->rest_ms = 0;
    return http_perform(forge->client, &call, out, err) || err_wrap(err, "%s", forge->place.host);
}

/* One question.  A verb that the host does not have is answered by nothing. */
static bool ask(struct forge *forge, enum forge_verb verb, const struct forge_words *words,
                struct pull_facts *facts, struct err *err)
{
    const struct forge_question *question = &forge->host->questions[verb];
    if (!question->method) {
        return true;
    }
    AUTO(http_result_done) struct http_result result = {0};
    if (!perform(forge, question, words, &result, err)) {
        return false;
    }
    if (result.status < 200 || result.status > 299) {
        return refuse(forge, &result, err);
    }
    if (!question->read) {
        return true;
    }
    AUTO_JSON *answer = json_parse(str_slice(&result.body), err);
    if (!answer) {
        /* A proxy's page, say, which must not pass for "there is none". */
        err->kind = ERR_UNAVAILABLE;
        return err_wrap(err, "the answer of %s", forge->host->title);
    }
    return question->read(answer, facts) ||
           err_set(err, verb == FORGE_FIND ? ERR_NOT_FOUND : ERR_UNAVAILABLE,
                   "%s gives an answer that cannot be used", forge->host->title);
}

/* A question whose answer only adds to the picture: a token that may not ask it sees less. */
static bool ask_more(struct forge *forge, enum forge_verb verb, const struct forge_words *words,
                     struct pull_facts *facts, struct err *err)
{
    struct err why = {0};
    if (ask(forge, verb, words, facts, &why) || why.kind == ERR_DENIED ||
        why.kind == ERR_UNKNOWN_WHO || why.kind == ERR_NOT_FOUND || why.kind == ERR_REFUSED) {
        return true;
    }
    *err = why;
    return false;
}

/* ---- pull requests ---- */

/* What leaves here is valid UTF-8, whatever files and people have written. */
static const char *clean(struct arena *arena, const char *text, size_t bytes_max)
{
    size_t length = strlen(text);
    AUTO_JSON *safe = json_text_safe(text, length);
    const char *valid = json_string_value(safe);
    char *cut = arena_alloc(arena, bytes_max + 1, 1);
    text_copy_cut(cut, bytes_max + 1, valid);
    return cut;
}

static struct forge_words words_new(void)
{
    return (struct forge_words){.branch = "",
                                .base = "",
                                .title = "",
                                .body = "",
                                .word = "",
                                .commit = "",
                                .context = "",
                                .description = "",
                                .link = ""};
}

static struct forge_words words_of(const struct forge *forge, const struct forge_proposal *proposal,
                                   struct arena *arena)
{
    struct forge_words words = words_new();
    words.branch = proposal->branch;
    words.base = proposal->base;
    words.title = clean(arena, proposal->title, TITLE_BYTES_MAX);
    words.body = clean(arena, proposal->body, forge->host->body_bytes_max);
    return words;
}

size_t forge_body_bytes_max(const struct forge *forge)
{
    return forge->host->body_bytes_max;
}

bool forge_pull_find(struct forge *forge, const char *branch, const char *base,
                     struct pull_facts *out, struct err *err)
{
    struct forge_words words = words_new();
    struct pull_facts facts = {0};
    words.branch = branch;
    words.base = base;
    if (!ask(forge, FORGE_FIND, &words, &facts, err)) {
        return err_wrap(err, "find the pull request of %s", branch);
    }
    *out = facts;
    return true;
}

bool forge_pull_open(struct forge *forge, const struct forge_proposal *proposal,
                     struct pull_facts *out, struct err *err)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct forge_words words = words_of(forge, proposal, arena);
    struct pull_facts facts = {0};
    struct err why = {0};
    if (forge_pull_find(forge, proposal->branch, proposal->base, out, &why)) {
        return true;
    }
    if (why.kind != ERR_NOT_FOUND) {
        *err = why;
        return false;
    }
    if (!ask(forge, FORGE_OPEN, &words, &facts, err)) {
        return err_wrap(err, "open a pull request");
    }
    *out = facts;
    return true;
}

bool forge_pull_read(struct forge *forge, int64_t number, struct pull_facts *out, struct err *err)
{
    static const enum forge_verb more[] = {FORGE_REVIEWS, FORGE_RUNS, FORGE_CHECKS};
    struct forge_words words = words_new();
    struct pull_facts facts = {0};
    words.number = number;
    if (!ask(forge, FORGE_READ, &words, &facts, err)) {
        return err_wrap(err, "read the pull request %lld", (long long)number);
    }
    words.commit = facts.head;
    for (size_t i = 0; facts.state == PULL_OPEN && i < COUNT_OF(more); i++) {
        if (!ask_more(forge, more[i], &words, &facts, err)) {
            return err_wrap(err, "read the pull request %lld", (long long)number);
        }
    }
    if (facts.state == PULL_CLOSED && !facts.who[0] &&
        !ask_more(forge, FORGE_WHO, &words, &facts, err)) {
        return err_wrap(err, "read the pull request %lld", (long long)number);
    }
    *out = facts;
    return true;
}

bool forge_pull_rewrite(struct forge *forge, int64_t number, const struct forge_proposal *proposal,
                        struct err *err)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct forge_words words = words_of(forge, proposal, arena);
    words.number = number;
    return ask(forge, FORGE_REWRITE, &words, NULL, err) ||
           err_wrap(err, "write the text of the pull request %lld", (long long)number);
}

bool forge_pull_close(struct forge *forge, int64_t number, const char *word, struct pull_facts *out,
                      struct err *err)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct forge_words words = words_new();
    words.number = number;
    words.word = clean(arena, word, forge->host->body_bytes_max);
    if (!forge_pull_read(forge, number, out, err)) {
        return false;
    }
    if (out->state != PULL_OPEN) {
        return true;
    }
    /* A comment that cannot be written does not keep it open. */
    if (!ask_more(forge, FORGE_SAY, &words, NULL, err) ||
        !ask(forge, FORGE_CLOSE, &words, NULL, err)) {
        return err_wrap(err, "close the pull request %lld", (long long)number);
    }
    out->state = PULL_CLOSED;
    TEXT_COPY_CUT(out->who, "heddle");
    return true;
}

bool forge_pull_merge(struct forge *forge, int64_t number, const char *commit, struct err *err)
{
    struct forge_words words = words_new();
    words.number = number;
    words.commit = commit;
    return ask(forge, FORGE_MERGE, &words, NULL, err) ||
           err_wrap(err, "merge the pull request %lld", (long long)number);
}

bool forge_status_put(struct forge *forge, const char *commit, const struct forge_status *status,
                      struct err *err)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct forge_words words = words_new();
    words.commit = commit;
    words.context = status->context;
    words.state = status->state;
    words.link = status->link;
    words.description = clean(arena, status->description, forge->host->description_bytes_max);
    return ask(forge, FORGE_STATUS, &words, NULL, err) ||
           err_wrap(err, "write the status of %.10s", commit);
}
