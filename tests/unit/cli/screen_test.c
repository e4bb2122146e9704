#include "../testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/outcome.h"
#include "cli/table.h"
#include "cli/width.h"

static void widths_are_columns_and_not_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t columns;
    } cases[] = {
        {"", 0},        {"cart", 4}, {"größe", 5},    {"日本", 4},
        {"e\u0301", 1}, {"🚀", 2},    {"a\u200Bb", 2}, {"\xff\xc3", 2},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(width_of(cases[i].text), cases[i].columns);
    }
}

static void a_cut_text_fits_and_shows_that_it_was_cut(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t columns;
        const char *cut;
    } cases[] = {
        {"cart", 4, "cart"}, {"carts", 4, "car…"}, {"日本語", 4, "日…"},  {"日本語", 6, "日本語"},
        {"cart", 1, "…"},    {"cart", 0, ""},      {"größer", 4, "grö…"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO_STR(cut, 64);
        size_t used = width_cut(&cut, cases[i].text, cases[i].columns);
        assert_string_equal(cut.text, cases[i].cut);
        assert_true(used <= cases[i].columns);
        assert_int_equal(used, width_of(cut.text));
    }
}

static void lines_break_at_spaces_and_always_go_on(void **state)
{
    (void)state;
    assert_int_equal(width_break("one two three", 8), 7);
    assert_int_equal(width_break("one two three", 7), 7);
    assert_int_equal(width_break("onetwothree", 4), 4);
    assert_int_equal(width_break("short", 80), 5);
    assert_int_equal(width_break("日本語", 1), 3); /* does not fit, and must not hang */
    assert_int_equal(width_break("", 5), 0);
}

/* Print to memory. */
static void printed(const struct table *table, const char *columns, struct str *out)
{
    char *text = NULL;
    size_t length = 0;
    struct screen screen = {.file = open_memstream(&text, &length)};
    setenv("COLUMNS", columns, 1);
    table_print(table, &screen, 0);
    unsetenv("COLUMNS");
    fclose(screen.file);
    str_add(out, text);
    free(text);
}

static struct table *example(void)
{
    static const char *const cells[] = {"NAME",   "WHY",   "größe", "It waits for a person.",
                                        "日本語", "stuck", "x",     ""};
    struct table *table = table_new(2);
    for (size_t i = 0; i < COUNT_OF(cells); i++) {
        table_cell(table, STYLE_PLAIN, "%s", cells[i]);
    }
    return table;
}

static void columns_line_up_by_width(void **state)
{
    (void)state;
    AUTO(table_free) struct table *table = example();
    AUTO_STR(out, 4096);
    printed(table, "", &out);
    assert_string_equal(out.text, "NAME    WHY\n"
                                  "größe   It waits for a person.\n"
                                  "日本語  stuck\n"
                                  "x\n");
}

static void a_table_fits_the_screen(void **state)
{
    (void)state;
    AUTO(table_free) struct table *table = example();
    AUTO_STR(out, 4096);
    printed(table, "20", &out);
    assert_string_equal(out.text, "NAME    WHY\n"
                                  "größe   It waits fo…\n"
                                  "日本語  stuck\n"
                                  "x\n");
}

static void hostile_text_stays_on_its_line(void **state)
{
    (void)state;
    char *text = NULL;
    size_t length = 0;
    struct screen screen = {.file = open_memstream(&text, &length)};
    screen_line(&screen, STYLE_RED, "a%sb", "\033[2J\r\n\xc2\x9b\x7f\u202e");
    screen_diff(&screen, "+ok\tgood\n-\033]0;title\007\n");
    fclose(screen.file);
    assert_string_equal(text, "a\\x1b[2J\\x0d\\n\\u009b\\x7f\\u202eb\n"
                              "+ok\tgood\n-\\x1b]0;title\\x07\n");
    free(text);
}

static void the_end_of_a_watch_is_decided_by_the_release(void **state)
{
    (void)state;
    static const struct {
        const char *release;
        enum outcome_wait wait;
        enum outcome outcome;
    } cases[] = {
        {"{\"phase\": \"rolling_out\"}", WAIT_DONE, OUTCOME_GOING_ON},
        {"{\"phase\": \"done\", \"isOver\": true}", WAIT_DONE, OUTCOME_REACHED},
        {"{\"phase\": \"failed\", \"isOver\": true}", WAIT_DONE, OUTCOME_ENDED},
        {"{\"phase\": \"rolled_back\", \"isOver\": true}", WAIT_COMMITTED, OUTCOME_ENDED},
        {"{\"phase\": \"rolling_out\", \"isStuck\": true}", WAIT_DONE, OUTCOME_STUCK},
        {"{\"phase\": \"needs_approval\"}", WAIT_DONE, OUTCOME_GOING_ON},
        {"{\"phase\": \"needs_approval\"}", WAIT_APPROVED, OUTCOME_GOING_ON},
        {"{\"phase\": \"needs_approval\", \"waves\": 1}", WAIT_COMMITTED, OUTCOME_WAITS_FOR_PERSON},
        {"{\"phase\": \"queued\"}", WAIT_APPROVED, OUTCOME_REACHED},
        {"{\"phase\": \"planned\"}", WAIT_APPROVED, OUTCOME_GOING_ON},
        {"{\"phase\": \"syncing\", \"waves\": 2, \"commits\": [\"a\"]}", WAIT_COMMITTED,
         OUTCOME_GOING_ON},
        {"{\"phase\": \"syncing\", \"waves\": 2, \"commits\": [\"a\", \"b\"]}", WAIT_COMMITTED,
         OUTCOME_REACHED},
        /* Listed, and not pushed yet. */
        {"{\"phase\": \"committing\", \"wave\": 2, \"waves\": 2, \"commits\": [\"a\", \"b\"]}",
         WAIT_COMMITTED, OUTCOME_GOING_ON},
        {"{}", WAIT_DONE, OUTCOME_GOING_ON},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        AUTO_JSON *release = json_parse(slice_of(cases[i].release), &err);
        assert_non_null(release);
        if (outcome_of(release, cases[i].wait) != cases[i].outcome) {
            fail_msg("case %zu: %d", i, (int)outcome_of(release, cases[i].wait));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(widths_are_columns_and_not_bytes),
        cmocka_unit_test(a_cut_text_fits_and_shows_that_it_was_cut),
        cmocka_unit_test(lines_break_at_spaces_and_always_go_on),
        cmocka_unit_test(columns_line_up_by_width),
        cmocka_unit_test(a_table_fits_the_screen),
        cmocka_unit_test(hostile_text_stays_on_its_line),
        cmocka_unit_test(the_end_of_a_watch_is_decided_by_the_release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
