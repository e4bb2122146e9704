#include "../testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/json.h"
#include "base/map.h"
#include "base/vec.h"

static void an_error_keeps_its_inner_words(void **state)
{
    (void)state;
    struct err err = {0};
    assert_false(err_set(&err, ERR_CONFLICT, "remote hung up"));
    assert_false(err_wrap(&err, "push %s", "main"));
    assert_string_equal(err.text, "push main: remote hung up");
    assert_int_equal(err_kind_of(err_name(ERR_CONFLICT)), ERR_CONFLICT);
}

static void a_str_stops_at_its_ceiling(void **state)
{
    (void)state;
    AUTO_STR(str, 8);
    str_add(&str, "12345");
    str_add(&str, "6789");
    assert_true(str.failed);
    assert_string_equal(str.text, "12345");
}

static void a_map_finds_what_was_set_after_removals(void **state)
{
    (void)state;
    struct map map = {0};
    char key[16];
    for (intptr_t i = 1; i <= 1000; i++) {
        snprintf(key, sizeof(key), "k%ld", (long)i);
        assert_null(map_set(&map, key, (void *)i));
    }
    for (intptr_t i = 1; i <= 1000; i += 2) {
        snprintf(key, sizeof(key), "k%ld", (long)i);
        assert_ptr_equal(map_remove(&map, key), (void *)i);
    }
    for (intptr_t i = 1; i <= 1000; i++) {
        snprintf(key, sizeof(key), "k%ld", (long)i);
        assert_ptr_equal(map_get(&map, key), i % 2 ? NULL : (void *)i);
    }
    assert_int_equal(map.count, 500);
    map_done(&map);
}

static void durations_are_read_and_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } cases[] = {{"10s", 10000},
                 {"5m", 300000},
                 {"1h30m", 5400000},
                 {"250ms", 250},
                 {"14d", 1209600000},
                 {"", -1},
                 {"10", -1},
                 {"s", -1},
                 {"-5s", -1},
                 {"10 s", -1},
                 {"99999999999999999999d", -1},
                 {"1y", -1}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t ms = -1;
        struct err err = {0};
        bool read = duration_parse(cases[i].text, &ms, &err);
        if (read != (cases[i].ms >= 0) || ms != cases[i].ms) {
            fail_msg("\"%s\": %lld", cases[i].text, (long long)ms);
        }
    }
}

static void times_survive_a_round_trip(void **state)
{
    (void)state;
    char text[CLOCK_TEXT_BYTES];
    clock_format(1795341785000, text);
    assert_int_equal(clock_parse(text), 1795341785000);
    assert_int_equal(clock_parse("1970-01-02T00:00:00.250+01:00"), 86400250 - 3600000);
    assert_int_equal(clock_parse("yesterday"), 0);
}

static void terminal_text_cannot_move_the_cursor(void **state)
{
    (void)state;
    AUTO_STR(out, 256);
    escape_terminal(&out, "a\x1b[2Jb\nc\xE2\x80\xAE"
                          "d\xff");
    assert_string_equal(out.text, "a\\x1b[2Jb\\nc\\u202ed\\xff");
}

static void url_escapes_come_back(void **state)
{
    (void)state;
    AUTO_STR(out, 64);
    AUTO_STR(back, 64);
    escape_url(&out, "a/b c%");
    assert_string_equal(out.text, "a%2Fb%20c%25");
    assert_true(unescape_url(&back, str_slice(&out)));
    assert_string_equal(back.text, "a/b c%");
    str_clear(&back);
    assert_false(unescape_url(&back, slice_of("%0")));
    str_clear(&back);
    assert_false(unescape_url(&back, slice_of("%00")));
}

static void the_same_trouble_has_the_same_text(void **state)
{
    (void)state;
    static const struct {
        const char *said, *told;
    } cases[] = {
        {"Failed to connect to git.example.org port 443 after 12 ms: Couldn't connect to server",
         "Failed to connect to git.example.org port 443: Couldn't connect to server"},
        {"Operation timed out after 5001 milliseconds with 7 out of 4096 bytes received",
         "Operation timed out"},
        {"Operation timed out after 5001 milliseconds with 0 bytes received",
         "Operation timed out"},
        {"Connection timed out after 3 milliseconds; Connection timed out after 40 ms",
         "Connection timed out; Connection timed out"},
        /* What is not measured stays. */
        {"the other end asks to try again after 30 s",
         "the other end asks to try again after 30 s"},
        {"closed after 3 msgs, after ms, after 5", "closed after 3 msgs, after ms, after 5"},
        {"", ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[128];
        TEXT_COPY_CUT(text, cases[i].said);
        text_drop_amounts(text);
        assert_string_equal(text, cases[i].told);
    }
}

static void a_near_miss_is_named(void **state)
{
    (void)state;
    static const char *const words[] = {"stages", "versions", "metadata"};
    assert_string_equal(text_nearest("stagse", words, 3), "stages");
    assert_null(text_nearest("zzz", words, 3));
}

static void json_refuses_deep_and_doubled_input(void **state)
{
    (void)state;
    struct err err = {0};
    char deep[200];
    memset(deep, '[', sizeof(deep));
    assert_null(json_parse((struct slice){deep, sizeof(deep)}, &err));
    assert_int_equal(err.kind, ERR_INVALID);
    assert_null(json_parse(slice_of("{\"a\":1,\"a\":2}"), &err));
    AUTO_JSON *good = json_parse(slice_of("{\"a\":{\"b\":[1]}}"), &err);
    assert_int_equal(json_array_size(json_array_at(good, "a.b")), 1);
    assert_int_equal(json_array_size(json_array_at(good, "a.c")), 0);
}

static void broken_utf8_becomes_replacement_characters(void **state)
{
    (void)state;
    AUTO_JSON *value = json_text_safe("a\xff\0b", 4);
    assert_string_equal(json_string_value(value), "a\xEF\xBF\xBD\xEF\xBF\xBD"
                                                  "b");
}

static void a_file_is_replaced_whole(void **state)
{
    (void)state;
    struct err err = {0};
    char folder[] = "/tmp/heddle-base-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char path[64];
    snprintf(path, sizeof(path), "%s/a/b", folder);
    ASSERT_OK(file_make_folder(path, &err), err);
    snprintf(path, sizeof(path), "%s/a/b/f", folder);
    ASSERT_OK(file_replace(path, slice_of("one\n"), 0600, &err), err);
    ASSERT_OK(file_replace(path, slice_of("two\n"), 0600, &err), err);
    AUTO_STR(secret, 100);
    ASSERT_OK(file_read_secret(path, &secret, &err), err);
    assert_string_equal(secret.text, "two");
    AUTO_STR(small, 2);
    ASSERT_FAILS(file_read(path, &small, &err), err, ERR_INVALID, "larger than 2 bytes");
    ASSERT_OK(file_remove_tree(folder, &err), err);
    ASSERT_FAILS(file_read(path, &secret, &err), err, ERR_NOT_FOUND, "No such file");
}

static void an_arena_gives_zeroed_separate_memory(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    char *big = arena_alloc(arena, 100000, 1);
    char *text = arena_printf(arena, "%s-%d", "x", 7);
    memset(big, 1, 100000);
    assert_string_equal(text, "x-7");
    arena_free(&arena);
    assert_null(arena);
}

static void a_vec_removes_and_grows(void **state)
{
    (void)state;
    VEC(int) numbers = {0};
    for (int i = 0; i < 100; i++) {
        *VEC_ADD(&numbers) = i;
    }
    VEC_REMOVE(&numbers, 0);
    int sum = 0;
    VEC_EACH (int, number, &numbers) {
        sum += *number;
    }
    assert_int_equal(sum, 4950);
    assert_int_equal(numbers.count, 99);
    VEC_DONE(&numbers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_keeps_its_inner_words),
        cmocka_unit_test(a_str_stops_at_its_ceiling),
        cmocka_unit_test(a_map_finds_what_was_set_after_removals),
        cmocka_unit_test(durations_are_read_and_refused),
        cmocka_unit_test(times_survive_a_round_trip),
        cmocka_unit_test(terminal_text_cannot_move_the_cursor),
        cmocka_unit_test(url_escapes_come_back),
        cmocka_unit_test(the_same_trouble_has_the_same_text),
        cmocka_unit_test(a_near_miss_is_named),
        cmocka_unit_test(json_refuses_deep_and_doubled_input),
        cmocka_unit_test(broken_utf8_becomes_replacement_characters),
        cmocka_unit_test(a_file_is_replaced_whole),
        cmocka_unit_test(an_arena_gives_zeroed_separate_memory),
        cmocka_unit_test(a_vec_removes_and_grows),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
