#include "server/repositories.h"

#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "server/repository_file.h"

/* "https://heddle@host/x": who the server is there concerns nobody. */
static const char *shown_url(struct arena *arena, const char *url)
{
    const char *host = strstr(url, "://");
    size_t scheme = host && strncmp(url, "http", 4) == 0 ? (size_t)(host - url) + 3 : 0;
    const char *at = memchr(url + scheme, '@', strcspn(url + scheme, "/"));
    return scheme && at ? arena_printf(arena, "%.*s%s", (int)scheme, url, at + 1)
                        : arena_strdup(arena, url);
}

/* Pull requests and statuses, when there is a token for them. */
static bool open_forge(const struct forge_options *options, struct config_repository *repository,
                       struct err *err)
{
    if (!options->token_file && !options->kind && !options->url) {
        return true;
    }
    if (!forge_open(options, &repository->forge, err)) {
        return false;
    }
    log_info("forge", "kind=%s", forge_title(repository->forge));
    return true;
}

/* An App's token, which changes, is in a file like any other secret: wherever there is no other
   password or token. */
static bool take_app(struct repository_setting *setting, const char *token_file,
                     struct repositories *all, struct err *err)
{
    struct forge_app *app = &setting->app;
    if (!app->id && !app->key_file) {
        return true;
    }
    if (!app->id || !app->key_file) {
        return err_set(err, ERR_INVALID,
                       "--github-app-id and --github-app-key-file are needed together");
    }
    app->repository = setting->git.url;
    app->url = setting->forge.url;
    all->apps[all->app_count++] = (struct app_identity){*app, token_file};
    if (!setting->git.password_file) {
        setting->git.username = "x-access-token"; /* GitHub's word for it */
        setting->git.password_file = token_file;
    }
    if (!setting->forge.token_file) {
        setting->forge.token_file = token_file;
    }
    return true;
}

static bool open_one(struct repository_setting *setting, const char *token_file,
                     struct repositories *all, struct err *err)
{
    struct config_repository *repository = &all->items[all->count++];
    *repository = (struct config_repository){
        .name = setting->name,
        .url = shown_url(all->arena, setting->git.url),
        .branch = arena_strdup(all->arena, setting->git.branch),
        .memory = configrepo_memory_new(),
    };
    return take_app(setting, token_file, all, err) &&
           git_open(&setting->git, &repository->git, err) &&
           open_forge(&setting->forge, repository, err);
}

static bool open_own(const struct server_options *options, struct repositories *all,
                     struct err *err)
{
    struct repository_setting own = {
        .name = "",
        .git = options->git,
        .forge = {.kind = options->forge,
                  .url = options->forge_url,
                  .repository = options->repository,
                  .token_file = options->forge_token_file},
        .app = {.id = options->github_app_id, .key_file = options->github_app_key_file},
    };
    own.git.folder = arena_printf(all->arena, "%s/mirror.git", options->data);
    own.git.url = options->repository;
    own.git.branch = options->branch;
    return open_one(&own, arena_printf(all->arena, "%s/github-app.token", options->data), all, err);
}

/* Who commits, and by which keys that is proven, is the server's matter and the same everywhere. */
static void take_committer(struct git_options *git, const struct git_options *own)
{
    git->signing_key_file = own->signing_key_file;
    git->openpgp_key = own->openpgp_key;
    git->openpgp_folder = own->openpgp_folder;
    git->committer_name = own->committer_name;
    git->committer_email = own->committer_email;
}

static bool open_further(const struct server_options *options, struct repository_setting *setting,
                         struct repositories *all, struct err *err)
{
    take_committer(&setting->git, &options->git);
    setting->git.folder =
        arena_printf(all->arena, "%s/repositories/%s.git", options->data, setting->name);
    const char *token_file = arena_printf(all->arena, "%s/repositories/%s.github-app.token",
                                          options->data, setting->name);
    return open_one(setting, token_file, all, err) ||
           err_wrap(err, "the repository \"%s\" of --repositories", setting->name);
}

bool repositories_open(const struct server_options *options, struct repositories *out,
                       struct err *err)
{
    struct repository_setting *further = NULL;
    size_t count = 0;
    out->arena = arena_new();
    if (options->repositories &&
        !repository_file_read(options->repositories, out->arena, &further, &count, err)) {
        return false;
    }
    out->items = arena_alloc(out->arena, count + 1, sizeof(*out->items));
    out->rest_until_ms = arena_alloc(out->arena, count + 1, sizeof(*out->rest_until_ms));
    out->apps = arena_alloc(out->arena, count + 1, sizeof(*out->apps));
    bool opened = open_own(options, out, err);
    for (size_t i = 0; opened && i < count; i++) {
        opened = open_further(options, &further[i], out, err);
    }
    return opened;
}

bool repositories_maintain(const struct repositories *all, struct err *err)
{
    bool is_done = true;
    for (size_t i = 0; i < all->count; i++) {
        is_done = git_maintain(all->items[i].git, err) && is_done;
    }
    return is_done;
}

void repositories_close(struct repositories *all)
{
    for (size_t i = 0; i < all->count; i++) {
        forge_close(&all->items[i].forge);
        configrepo_memory_free(&all->items[i].memory);
        git_close(&all->items[i].git);
    }
    arena_free(&all->arena);
    *all = (struct repositories){0};
}
