#include "../testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/command.h"

struct options {
    const char *stage, *config, *output;
    bool all, yes;
    int64_t limit, timeout_ms;
    struct cli_list hosts;
};

static const struct cli_flag flags[] = {
    {"stage", 's', CLI_TEXT, offsetof(struct options, stage), "STAGE", "a stage", "dev"},
    {"config", 0, CLI_TEXT, offsetof(struct options, config), "FILE", "a file"},
    {"output", 'o', CLI_TEXT, offsetof(struct options, output), "FORMAT", "a format", NULL,
     "table|json"},
    {"all", 'a', CLI_SWITCH, offsetof(struct options, all), NULL, "all of it"},
    {"yes", 'y', CLI_SWITCH, offsetof(struct options, yes), NULL, "do not ask"},
    {"limit", 0, CLI_NUMBER, offsetof(struct options, limit), "COUNT", "a number"},
    {"timeout", 0, CLI_DURATION, offsetof(struct options, timeout_ms), "TIME", "a time"},
    {"insecure-host", 0, CLI_LIST, offsetof(struct options, hosts), "HOST", "hosts"},
};

#define WORDS_MAX 12

static bool parse(struct arena *arena, const char *const *arguments, struct options *out,
                  struct cli_list *words, struct err *err)
{
    struct cli_list list = {arena_alloc(arena, WORDS_MAX, sizeof(char *)), 0};
    while (arguments[list.count]) {
        list.items[list.count] = arguments[list.count];
        list.count++;
    }
    *out = (struct options){0};
    const struct cli_flags set = {flags, COUNT_OF(flags), out};
    return cli_parse(&set, 1, list, arena, words, err);
}

static void flags_stand_anywhere_and_in_any_form(void **state)
{
    (void)state;
    static const struct {
        const char *arguments[WORDS_MAX];
        const char *stage;
        bool all, yes;
        size_t words;
    } cases[] = {
        {{"a", "b", NULL}, "dev", false, false, 2},
        {{"-s", "prod", "a", NULL}, "prod", false, false, 1},
        {{"a", "--stage", "prod", NULL}, "prod", false, false, 1},
        {{"--stage=prod", "a", "-a", "b", NULL}, "prod", true, false, 2},
        {{"-sprod", NULL}, "prod", false, false, 0},
        {{"-s=prod", NULL}, "prod", false, false, 0},
        {{"-ays", "prod", NULL}, "prod", true, true, 0},
        {{"-s", "-a", NULL}, "-a", false, false, 0},
        {{"--", "-s", "--all", NULL}, "dev", false, false, 2},
        {{"-", NULL}, "dev", false, false, 1},
        {{"--all=false", "--yes=true", NULL}, "dev", false, true, 0},
        {{"--stage=", NULL}, "", false, false, 0},
        {{"-s", "a", "-s", "b", NULL}, "b", false, false, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(arena_free) struct arena *arena = arena_new();
        struct options got;
        struct cli_list words;
        struct err err = {0};
        ASSERT_OK(parse(arena, cases[i].arguments, &got, &words, &err), err);
        if (strcmp(got.stage, cases[i].stage) != 0 || got.all != cases[i].all ||
            got.yes != cases[i].yes || words.count != cases[i].words) {
            fail_msg("case %zu: stage %s, all %d, yes %d, %zu words", i, got.stage, got.all,
                     got.yes, words.count);
        }
    }
}

static void wrong_flags_are_named_with_a_remedy(void **state)
{
    (void)state;
    static const struct {
        const char *arguments[WORDS_MAX];
        const char *says;
    } cases[] = {
        {{"--stagge", "x", NULL}, "did you mean --stage?"},
        {{"--quite-another", NULL}, "there is no flag --quite-another"},
        {{"-z", NULL}, "there is no flag -z"},
        {{"-az", NULL}, "there is no flag -z"},
        {{"--stage", NULL}, "--stage needs a value: --stage STAGE"},
        {{"-s", NULL}, "-s needs a value"},
        {{"-o", "yaml", NULL}, "-o is one of table|json, not \"yaml\""},
        {{"-o", "tab", NULL}, "-o is one of"},
        {{"--limit", "-1", NULL}, "--limit needs a number"},
        {{"--limit=1x", NULL}, "--limit needs a number"},
        {{"--limit=99999999999999999999", NULL}, "--limit needs a number"},
        {{"--timeout", "10", NULL}, "--timeout: \"10\" is not a duration"},
        {{"--all=perhaps", NULL}, "--all is true or false"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(arena_free) struct arena *arena = arena_new();
        struct options got;
        struct cli_list words;
        struct err err = {0};
        ASSERT_FAILS(parse(arena, cases[i].arguments, &got, &words, &err), err, ERR_INVALID,
                     cases[i].says);
    }
}

static void values_of_each_kind_are_read(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    static const char *const arguments[] = {
        "--limit=20", "--timeout",         "1h30m", "--insecure-host",
        "a:1,b:2",    "--insecure-host=c", NULL};
    struct options got;
    struct cli_list words;
    struct err err = {0};
    ASSERT_OK(parse(arena, arguments, &got, &words, &err), err);
    assert_int_equal(got.limit, 20);
    assert_int_equal(got.timeout_ms, 5400000);
    assert_int_equal(got.hosts.count, 3);
    assert_string_equal(got.hosts.items[0], "a:1");
    assert_string_equal(got.hosts.items[2], "c");
}

static void write_file(char *path, const char *text)
{
    struct err err = {0};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    ASSERT_OK(file_replace(path, slice_of(text), 0600, &err), err);
}

static void a_flag_wins_over_a_variable_and_that_over_a_file(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    char path[] = "/tmp/heddle-flags-XXXXXX";
    write_file(path, "stage: file\nlimit: 7\ntimeout: 5m\nall: true\ninsecure-host: [a, b]\n");
    setenv("HEDDLE_STAGE", "variable", 1);
    setenv("HEDDLE_LIMIT", "8", 1);
    setenv("HEDDLE_CONFIG", path, 1);
    setenv("HEDDLE_YES", "", 1); /* empty is as good as unset */
    const char *const arguments[] = {"-s", "flag", NULL};
    struct options got;
    struct cli_list words;
    struct err err = {0};
    bool succeeded = parse(arena, arguments, &got, &words, &err);
    unsetenv("HEDDLE_STAGE");
    unsetenv("HEDDLE_LIMIT");
    unsetenv("HEDDLE_CONFIG");
    unsetenv("HEDDLE_YES");
    unlink(path);
    ASSERT_OK(succeeded, err);
    assert_string_equal(got.stage, "flag");
    assert_int_equal(got.limit, 8);
    assert_int_equal(got.timeout_ms, 300000);
    assert_true(got.all);
    assert_false(got.yes);
    assert_int_equal(got.hosts.count, 2);
}

static void a_wrong_file_is_named_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"stage: a\nstge: b\n", ":2:1: there is no setting \"stge\"; did you mean \"stage\"?"},
        {"limit: many\n", ":1: limit needs a number"},
        {"stage: [a, b]\n", ":1: stage needs one value"},
        {"insecure-host: {a: b}\n", ":1: insecure-host needs one value"},
        {"- a\n", ":1: write settings as"},
        {"config: other\n", "there is no setting \"config\""},
        {"stage: 'open\n", "line"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(arena_free) struct arena *arena = arena_new();
        char path[] = "/tmp/heddle-flags-XXXXXX";
        write_file(path, cases[i].text);
        const char *const arguments[] = {"--config", path, NULL};
        struct options got;
        struct cli_list words;
        struct err err = {0};
        bool succeeded = parse(arena, arguments, &got, &words, &err);
        unlink(path);
        ASSERT_FAILS(succeeded, err, ERR_INVALID, cases[i].says);
    }
}

/* Words are found before the command is known, so a flag must mean the same everywhere. */
static void flags_of_one_name_take_a_value_everywhere_or_nowhere(void **state)
{
    (void)state;
    const struct cli_setup setup = {NULL, 0, env_system()};
    const struct cli_command *one = NULL;
    for (size_t i = 0; (one = command_at(&setup, i)) != NULL; i++) {
        const struct cli_command *other = NULL;
        for (size_t n = 0; (other = command_at(&setup, n)) != NULL; n++) {
            for (size_t a = 0; a < one->flag_count; a++) {
                for (size_t b = 0; b < other->flag_count; b++) {
                    const struct cli_flag *first = &one->flags[a];
                    const struct cli_flag *second = &other->flags[b];
                    bool is_same = strcmp(first->name, second->name) == 0 ||
                                   (first->letter && first->letter == second->letter);
                    if (is_same && (first->kind == CLI_SWITCH) != (second->kind == CLI_SWITCH)) {
                        fail_msg("--%s of %s and --%s of %s", first->name, one->name, second->name,
                                 other->name);
                    }
                }
            }
        }
    }
}

static void every_command_tells_what_it_is_for(void **state)
{
    (void)state;
    const struct cli_setup setup = {NULL, 0, env_system()};
    const struct cli_command *command = NULL;
    const char *last = "";
    for (size_t i = 0; (command = command_at(&setup, i)) != NULL; i++) {
        assert_true(strcmp(last, command->name) < 0 || command->is_hidden);
        assert_non_null(command->summary);
        assert_true(command->is_hidden || command->examples);
        assert_true(command->flag_count == 0 || command->options_bytes > 0);
        for (size_t n = 0; n < command->flag_count; n++) {
            const struct cli_flag *flag = &command->flags[n];
            assert_true(flag->help && flag->offset < command->options_bytes);
            assert_true((flag->kind == CLI_SWITCH) == (flag->placeholder == NULL));
        }
        last = command->is_hidden ? "" : command->name;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_stand_anywhere_and_in_any_form),
        cmocka_unit_test(wrong_flags_are_named_with_a_remedy),
        cmocka_unit_test(values_of_each_kind_are_read),
        cmocka_unit_test(a_flag_wins_over_a_variable_and_that_over_a_file),
        cmocka_unit_test(a_wrong_file_is_named_with_its_line),
        cmocka_unit_test(flags_of_one_name_take_a_value_everywhere_or_nowhere),
        cmocka_unit_test(every_command_tells_what_it_is_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
