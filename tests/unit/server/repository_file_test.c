/* The file that names further repositories. */
#include "../testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "server/repository_file.h"

struct scene {
    char folder[64], path[96];
    struct arena *arena;
    struct repository_setting *settings;
    size_t count;
};

static int begin(void **state)
{
    struct scene *scene = xcalloc(1, sizeof(*scene));
    scene->arena = arena_new();
    TEXT_COPY_CUT(scene->folder, "/tmp/heddle-test-XXXXXX");
    assert_non_null(mkdtemp(scene->folder));
    snprintf(scene->path, sizeof(scene->path), "%s/repositories.yaml", scene->folder);
    *state = scene;
    return 0;
}

static int end(void **state)
{
    struct scene *scene = *state;
    struct err err = {0};
    ASSERT_OK(file_remove_tree(scene->folder, &err), err);
    arena_free(&scene->arena);
    free(scene);
    return 0;
}

static bool read_text(struct scene *scene, const char *text, struct err *err)
{
    ASSERT_OK(file_replace(scene->path, slice_of(text), 0600, err), *err);
    return repository_file_read(scene->path, scene->arena, &scene->settings, &scene->count, err);
}

static void each_repository_has_its_own_settings(void **state)
{
    struct scene *scene = *state;
    struct err err = {0};
    ASSERT_OK(read_text(scene,
                        "# two\n"
                        "infra:\n"
                        "  url: https://git.example.org/infra.git\n"
                        "  branch: trunk\n"
                        "  git-username: heddle\n"
                        "  git-password-file: /run/infra\n"
                        "  git-client-certificate-file: /run/c\n"
                        "  git-client-key-file: /run/k\n"
                        "  forge: gitea\n"
                        "  forge-url: https://git.example.org\n"
                        "  forge-token-file: /run/token\n"
                        "hub: {url: https://github.com/acme/hub, github-app-id: 4711,\n"
                        "      github-app-key-file: /run/app}\n"
                        "us: {url: git@git.example.org:us.git, git-ssh-key-file: /run/us,\n"
                        "     git-known-hosts-file: /run/hosts}\n",
                        &err),
              err);
    assert_int_equal(scene->count, 3);
    const struct repository_setting *infra = &scene->settings[0];
    assert_string_equal(infra->name, "infra");
    assert_string_equal(infra->git.url, "https://git.example.org/infra.git");
    assert_string_equal(infra->git.branch, "trunk");
    assert_string_equal(infra->git.username, "heddle");
    assert_string_equal(infra->git.password_file, "/run/infra");
    assert_string_equal(infra->git.client_certificate_file, "/run/c");
    assert_string_equal(infra->git.client_key_file, "/run/k");
    assert_string_equal(infra->forge.kind, "gitea");
    assert_string_equal(infra->forge.url, "https://git.example.org");
    assert_string_equal(infra->forge.token_file, "/run/token");
    assert_string_equal(infra->forge.repository, infra->git.url);
    assert_null(infra->app.id);
    const struct repository_setting *hub = &scene->settings[1];
    assert_string_equal(hub->app.id, "4711");
    assert_string_equal(hub->app.key_file, "/run/app");
    const struct repository_setting *us = &scene->settings[2];
    assert_string_equal(us->git.branch, "main");
    assert_string_equal(us->git.ssh_key_file, "/run/us");
    assert_string_equal(us->git.ssh_known_hosts_file, "/run/hosts");
    assert_null(us->git.password_file);
    assert_null(us->forge.token_file);
}

static void a_file_with_nothing_in_it_names_none(void **state)
{
    struct scene *scene = *state;
    struct err err = {0};
    ASSERT_OK(read_text(scene, "# none yet\n", &err), err);
    assert_int_equal(scene->count, 0);
}

static void each_mistake_is_named_with_its_place(void **state)
{
    struct scene *scene = *state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"- a\n", ":1:1: names are needed here"},
        {"a: b\n", ":1:4: settings are needed here"},
        {"Infra: {url: x}\n", ":1:1: repository name \"Infra\""},
        {"infra: {branch: main}\n", ":1:1: the repository \"infra\" has no url"},
        {"infra: {url: x, git-pasword-file: y}\n",
         ":1:17: a repository has no setting \"git-pasword-file\"; did you mean "
         "\"git-password-file\"?"},
        {"infra: {url: [x]}\n", ":1:14: one text is needed here"},
        {"infra: {url: \"\"}\n", ":1:14: one text is needed here"},
        {"infra: {[a]: x}\n", ":1:9: the name of a setting is needed here"},
        {"[a]: {url: x}\n", ":1:1: a name is needed here"},
        {"a: {url: x\n", "--repositories"},
        {"a: {url: x}\na: {url: y}\n", "a"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        if (read_text(scene, cases[i].text, &err)) {
            fail_msg("this was read: %s", cases[i].text);
        }
        assert_int_equal(err.kind, ERR_INVALID);
        if (!strstr(err.text, cases[i].says)) {
            fail_msg("\"%s\" does not say \"%s\"", err.text, cases[i].says);
        }
    }
    struct err err = {0};
    ASSERT_FAILS(repository_file_read("/nonexistent/heddle", scene->arena, &scene->settings,
                                      &scene->count, &err),
                 err, ERR_NOT_FOUND, "--repositories /nonexistent/heddle");
}

static void more_than_so_many_are_refused(void **state)
{
    struct scene *scene = *state;
    struct err err = {0};
    AUTO_STR(text, 1U << 16);
    for (unsigned i = 0; i <= REPOSITORIES_MAX; i++) {
        str_addf(&text, "r%u: {url: x}\n", i);
    }
    ASSERT_FAILS(read_text(scene, text.text, &err), err, ERR_INVALID, "at most 64 are possible");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_repository_has_its_own_settings),
        TEST(a_file_with_nothing_in_it_names_none),
        TEST(each_mistake_is_named_with_its_place),
        TEST(more_than_so_many_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
