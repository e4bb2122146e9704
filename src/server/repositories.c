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

static bool open_one(const struct git_options *git, const struct forge_options *forge,
                     const char *name, struct repositories *all, struct err *err)
{
    struct config_repository *repository = &all->items[all->count++];
    *repository = (struct config_repository){
        .name = name,
        .url = shown_url(all->arena, git->url),
        .branch = arena_strdup(all->arena, git->branch),
        .memory = configrepo_memory_new(),
    };
    return git_open(git, &repository->git, err) && open_forge(forge, repository, err);
}

static bool open_own(const struct server_options *options, struct repositories *all,
                     struct err *err)
{
    struct git_options git = options->git;
    git.folder = arena_printf(all->arena, "%s/mirror.git", options->data);
    git.url = options->repository;
    git.branch = options->branch;
    struct forge_options forge = {.kind = options->forge,
                                  .url = options->forge_url,
                                  .repository = options->repository,
                                  .token_file = options->forge_token_file};
    return open_one(&git, &forge, "", all, err);
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
    return open_one(&setting->git, &setting->forge, setting->name, all, err) ||
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
