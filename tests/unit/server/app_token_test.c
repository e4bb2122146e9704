/* GitHub Apps: each repository is reached with the token that it alone is given. */
#include "../testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../forge/app_key.h"
#include "../git/remote.h"
#include "../registry/script.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "server/server.h"

#define DEADLINE_MS 20000
#define TOKEN(number, name)                                                                        \
    {                                                                                              \
        .when = "POST /api/v3/app/installations/" number "/access_tokens ",                        \
        .with = "{\"repositories\":[\"" name "\"]}", .status = "201 Created", .headers = "",       \
        .body = "{\"token\": \"ghs_" name "\"}"                                                    \
    }
#define INSTALLATION(name, number)                                                                 \
    {                                                                                              \
        .when = "GET /api/v3/repos/acme/" name "/installation ", .status = "200 OK",               \
        .headers = "", .body = "{\"id\": " number "}"                                              \
    }
/* "x-access-token:ghs_shop", "…america" */
#define SHOP_BASIC "Authorization: Basic eC1hY2Nlc3MtdG9rZW46Z2hzX3Nob3A="
#define AMERICA_BASIC "Authorization: Basic eC1hY2Nlc3MtdG9rZW46Z2hzX2FtZXJpY2E="

struct site {
    struct remote remote; /* the server's own repository, where it is not on GitHub */
    struct script github; /* an Enterprise Server: its API is at /api/v3 */
    struct loop *loop;
    struct server *server;
    const char *awaited; /* in what was asked of it */
    int64_t end_ms;
    char key_file[sizeof(APP_KEY_FILE)];
};

static struct script_rule rules[] = {
    INSTALLATION("shop", "1"),
    INSTALLATION("america", "2"),
    TOKEN("1", "shop"),
    TOKEN("2", "america"),
    {.when = "GET /acme/",
     .status = "401 Unauthorized",
     .headers = "WWW-Authenticate: Basic realm=x\r\n",
     .body = ""},
};

static int open_site(void **state)
{
    struct site *site = xcalloc(1, sizeof(*site));
    log_setup(LOG_ERROR, "test");
    remote_init(&site->remote);
    EVP_PKEY *key = app_key_make(site->key_file);
    EVP_PKEY_free(key);
    script_start(&site->github, rules, COUNT_OF(rules));
    site->loop = loop_new();
    *state = site;
    return key ? 0 : -1;
}

static int close_site(void **state)
{
    struct site *site = *state;
    server_stop(&site->server);
    loop_free(&site->loop);
    script_stop(&site->github);
    remote_done(&site->remote);
    int result = unlink(site->key_file);
    free(site);
    return result;
}

/* A server that polls often. */
static bool start(struct site *site, struct server_options options, const char *further,
                  struct err *err)
{
    const char *folder = site->remote.folder;
    if (further) {
        options.repositories = arena_printf(site->remote.arena, "%s/further.yaml", folder);
        ASSERT_OK(file_replace(options.repositories, slice_of(further), 0600, err), *err);
    }
    options.data = arena_printf(site->remote.arena, "%s/data", folder);
    options.listen = "127.0.0.1:0";
    options.poll_git_ms = 50;
    return server_start(site->loop, &options, &site->server, err);
}

static const char *address_of(struct site *site, const char *name)
{
    return arena_printf(site->remote.arena, "http://127.0.0.1:%d/acme/%s.git", site->github.port,
                        name);
}

static void check_awaited(void *context)
{
    struct site *site = context;
    if (script_count(&site->github, site->awaited) > 0 ||
        env_now_mono_ms(env_system()) > site->end_ms) {
        loop_stop(site->loop);
    }
}

static void await(struct site *site, const char *part)
{
    site->awaited = part;
    site->end_ms = env_now_mono_ms(env_system()) + DEADLINE_MS;
    struct loop_timer *timer = loop_timer_start(site->loop, 1, 10, check_awaited, site);
    loop_run(site->loop);
    loop_timer_stop(&timer);
    if (script_count(&site->github, part) == 0) {
        fail_msg("nobody has sent %s", part);
    }
}

static void expect_token(struct site *site, const char *file, const char *token)
{
    AUTO_STR(text, 256);
    struct err err = {0};
    const char *path = arena_printf(site->remote.arena, "%s/data/%s", site->remote.folder, file);
    ASSERT_OK(file_read_secret(path, &text, &err), err);
    assert_string_equal(text.text, token);
}

static void the_servers_own_repository_is_reached_as_the_app(void **state)
{
    struct site *site = *state;
    struct err err = {0};
    ASSERT_OK(start(site,
                    (struct server_options){.repository = address_of(site, "shop"),
                                            .forge = "github",
                                            .github_app_id = "4711",
                                            .github_app_key_file = site->key_file},
                    NULL, &err),
              err);
    await(site, SHOP_BASIC);
    expect_token(site, "github-app.token", "ghs_shop");
}

static void a_further_repository_is_reached_as_its_own_app(void **state)
{
    struct site *site = *state;
    struct err err = {0};
    REMOTE_COMMIT(&site->remote, "main",
                  {"heddle.yaml",
                   "apiVersion: heddle.dev/v1\nkind: Pipeline\nmetadata: {name: shop}\nspec:\n"
                   "  stages:\n    - name: prod\n      targets:\n"
                   "        - {cluster: us, path: app, repository: america, branch: main}\n"});
    ASSERT_OK(start(site, (struct server_options){.repository = site->remote.url},
                    arena_printf(site->remote.arena,
                                 "america:\n  url: %s\n  forge: github\n  github-app-id: 4712\n"
                                 "  github-app-key-file: %s\n",
                                 address_of(site, "america"), site->key_file),
                    &err),
              err);
    await(site, AMERICA_BASIC);
    expect_token(site, "repositories/america.github-app.token", "ghs_america");
    assert_int_equal(script_count(&site->github, SHOP_BASIC), 0);
    assert_int_equal(script_count(&site->github, "GET /api/v3/repos/acme/shop"), 0);
}

static void half_an_app_is_refused(void **state)
{
    struct site *site = *state;
    struct err err = {0};
    assert_false(start(site, (struct server_options){.repository = site->remote.url},
                       "america: {url: https://github.com/acme/us, github-app-id: 4712}\n", &err));
    assert_string_equal(err.text,
                        "the repository \"america\" of --repositories: --github-app-id and "
                        "--github-app-key-file are needed together");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_site, close_site)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_servers_own_repository_is_reached_as_the_app),
        TEST(a_further_repository_is_reached_as_its_own_app),
        TEST(half_an_app_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
