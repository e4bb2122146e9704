/* The server's start, its end, and what it tells of Git meanwhile. */
#include "house.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* ---- starts that must not be ---- */

struct site {
    struct remote remote;
    struct loop *loop;
    char data[128];
};

static int open_site(void **state)
{
    struct site *site = xcalloc(1, sizeof(*site));
    remote_init(&site->remote);
    REMOTE_COMMIT(&site->remote, "main", {"README.md", "hello\n"});
    snprintf(site->data, sizeof(site->data), "%s/data", site->remote.folder);
    site->loop = loop_new();
    *state = site;
    return 0;
}

static int close_site(void **state)
{
    struct site *site = *state;
    loop_free(&site->loop);
    remote_done(&site->remote);
    free(site);
    return 0;
}

static void expect_no_start(struct site *site, struct server_options options, const char *part)
{
    struct server *server = NULL;
    struct err err = {0};
    options.repository = options.repository ? options.repository : site->remote.url;
    options.data = site->data;
    options.listen = options.listen ? options.listen : "127.0.0.1:0";
    assert_false(server_start(site->loop, &options, &server, &err));
    if (!strstr(err.text, part)) {
        fail_msg("\"%s\" does not say \"%s\"", err.text, part);
    }
    assert_null(strstr(err.text, "hunter2"));
    assert_null(server);
}

static void a_server_that_cannot_serve_says_what_to_change(void **state)
{
    struct site *site = *state;
    const struct {
        struct server_options options;
        const char *part;
    } cases[] = {
        {{.listen = "0.0.0.0:0"}, "--tls-cert-file"},
        {{.listen = ":8080"}, "--tls-cert-file"},
        {{.listen = "127.0.0.1"}, "ADDRESS:PORT"},
        {{.listen = "127.0.0.1:"}, "ADDRESS:PORT"},
        {{.listen = "127.0.0.1:99999"}, "ADDRESS:PORT"},
        {{.listen = "127.0.0.1:80x"}, "ADDRESS:PORT"},
        {{.hook_secret_file = "/nowhere/at/all"}, "--hook-secret-file"},
        {{.registry_config = "/nowhere/at/all"}, "/nowhere/at/all"},
        {{.base_path = "heddle"}, "--base-path"},
        {{.base_path = "/a/../b"}, "--base-path"},
        {{.github_app_id = "4711"}, "--github-app-key-file"},
        {{.repository = "-x"}, "begins with"},
        {{.repository = "http://robot:hunter2@127.0.0.1:1/shop.git"}, "holds a password"},
        {{.tls_cert_file = "/nowhere", .tls_key_file = "/nowhere"}, "/nowhere"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        expect_no_start(site, cases[i].options, cases[i].part);
    }
}

static void the_first_start_alone_writes_an_admin_token_for_its_owner(void **state)
{
    struct site *site = *state;
    struct server *server = NULL;
    struct err err = {0};
    struct stat file;
    AUTO_STR(token, 200);
    const char *path = arena_printf(site->remote.arena, "%s/token", site->remote.folder);
    const struct server_options options = {.repository = site->remote.url,
                                           .data = site->data,
                                           .listen = "127.0.0.1:0",
                                           .admin_token_file = path};
    ASSERT_OK(server_start(site->loop, &options, &server, &err), err);
    server_stop(&server);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    ASSERT_OK(file_read_secret(path, &token, &err), err);
    assert_memory_equal(token.text, "hdl_", 4);
    assert_int_equal(unlink(path), 0);
    ASSERT_OK(server_start(site->loop, &options, &server, &err), err);
    assert_string_equal(server_admin_token(server), "");
    server_stop(&server);
    assert_int_equal(access(path, F_OK), -1);
}

static void a_server_can_stop_before_it_has_begun(void **state)
{
    struct site *site = *state;
    const struct server_options options = {
        .repository = site->remote.url, .data = site->data, .listen = "127.0.0.1:0"};
    for (int i = 0; i < 3; i++) {
        struct server *server = NULL;
        struct err err = {0};
        ASSERT_OK(server_start(site->loop, &options, &server, &err), err);
        server_stop(&server);
        assert_null(server);
    }
}

/* ---- with work under way ---- */

static void stop_server(struct house *house, void *context)
{
    (void)context;
    server_stop(&house->server);
}

static void a_stop_in_the_middle_of_things_is_orderly(void **state)
{
    struct house *house = *state;
    house_push(house, "cart", "1.1.0");
    /* A look, a commit or a push is with a worker now. */
    house_post(house, "/api/v1/sync", "{}");
    house_do(house, stop_server, NULL);
    house_restart(house);
    house_await(house, "/api/v1/pipeline", "name", "shop");
    const json_t *list = house_get(house, "/api/v1/releases");
    assert_int_equal(json_array_size(json_array_at(list, "items")), 1);
    house_reach(house, 1, "done");
    const char *log =
        REMOTE_GIT(&house->remote, "log", "--format=%(trailers:key=Heddle-Release)", "main");
    const char *once = strstr(log, "Heddle-Release: R-1");
    assert_non_null(once);
    assert_null(strstr(once + 1, "Heddle-Release: R-1"));
}

/* ---- Git ---- */

static void rewrite(struct house *house)
{
    const char *tree = REMOTE_GIT(&house->remote, "rev-parse", "main^{tree}");
    const char *commit = REMOTE_GIT(&house->remote, "commit-tree", "-m", "another story", tree);
    REMOTE_GIT(&house->remote, "update-ref", "refs/heads/main", commit);
}

static const char *first_problem(struct house *house)
{
    const json_t *pipeline = house_get(house, "/api/v1/pipeline");
    const json_t *problem = json_array_get(json_array_at(pipeline, "problems"), 0);
    return json_text_at(problem, "text", "");
}

static void call_git_hook(struct house *house)
{
    const struct http_header header = {"Authorization", "Bearer " HOOK_SECRET};
    const struct answer *answer = ASK(house, "POST", "/hooks/git", .token = "", .body = "{}",
                                      .headers = &header, .header_count = 1);
    assert_int_equal(answer->status, 202);
}

static void a_rewritten_history_is_said_until_a_person_syncs(void **state)
{
    struct house *house = *state;
    rewrite(house);
    const char *commit = REMOTE_GIT(&house->remote, "rev-parse", "main");
    call_git_hook(house);
    house_await(house, "/api/v1/board", "commit", commit);
    assert_non_null(strstr(first_problem(house), "was rewritten"));
    /* Automation waits, also after a restart. */
    house_restart(house);
    house_await(house, "/api/v1/board", "commit", commit);
    assert_non_null(strstr(first_problem(house), "was rewritten"));
    house_push(house, "cart", "1.1.0");
    house_sync(house, "dev", NULL);
    const json_t *list = house_get(house, "/api/v1/releases");
    assert_int_equal(json_array_size(json_array_at(list, "items")), 0);
    house_post(house, "/api/v1/sync", "{}");
    house_await(house, "/api/v1/cells/dev/cart", "version", "1.1.0");
    assert_string_equal(first_problem(house), "");
}

static void a_commit_by_a_name_that_is_no_text_is_shown_all_the_same(void **state)
{
    struct house *house = *state;
    AUTO_STR(stream, 10000);
    const char *text =
        arena_printf(house->arena, "%s# a note\n", house_manifest(house, "cart", "1.0.0"));
    str_addf(&stream,
             "commit refs/heads/main\nauthor J\xf6rg <j@test> 1700001000 +0000\n"
             "committer J\xf6rg <j@test> 1700001000 +0000\ndata 5\n\xff\xfe\x1b[m\n"
             "from refs/heads/main^0\nM 100644 inline clusters/dev/cart.yaml\ndata %zu\n%s\n",
             strlen(text), text);
    remote_import(&house->remote, str_slice(&stream));
    call_git_hook(house);
    house_await(house, "/api/v1/releases/1", "kind", "config");
    const json_t *release = house_get(house, "/api/v1/releases/1");
    assert_string_equal(json_text_at(release, "actor", ""), "J\xef\xbf\xbdrg");
}

static void a_repository_that_is_away_is_said_and_nothing_stops(void **state)
{
    struct house *house = *state;
    const char *away = arena_printf(house->arena, "%s.away", house->remote.url);
    assert_int_equal(rename(house->remote.url, away), 0);
    call_git_hook(house);
    assert_int_equal(ASK(house, "GET", "/readyz", .token = "")->status, 200);
    house_restart(house);
    const struct answer *answer = ASK(house, "GET", "/readyz", .token = "");
    assert_int_equal(answer->status, 503);
    assert_int_equal(rename(away, house->remote.url), 0);
    call_git_hook(house);
    house_await(house, "/api/v1/pipeline", "name", "shop");
    assert_int_equal(ASK(house, "GET", "/readyz", .token = "")->status, 200);
}

#define AT_A_SITE(test) cmocka_unit_test_setup_teardown(test, open_site, close_site)
#define IN_A_HOUSE(test) cmocka_unit_test_setup_teardown(test, house_open, house_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_A_SITE(a_server_that_cannot_serve_says_what_to_change),
        AT_A_SITE(the_first_start_alone_writes_an_admin_token_for_its_owner),
        AT_A_SITE(a_server_can_stop_before_it_has_begun),
        IN_A_HOUSE(a_stop_in_the_middle_of_things_is_orderly),
        IN_A_HOUSE(a_rewritten_history_is_said_until_a_person_syncs),
        IN_A_HOUSE(a_commit_by_a_name_that_is_no_text_is_shown_all_the_same),
        IN_A_HOUSE(a_repository_that_is_away_is_said_and_nothing_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
