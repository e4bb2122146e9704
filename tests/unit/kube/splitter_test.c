#include "../testing.h"

#include "base/str.h"
#include "kube/splitter.h"

static void collect(void *context, struct slice item)
{
    struct str *seen = context;
    str_add_bytes(seen, item.bytes, item.length);
    str_add(seen, "|");
}

/* The same bytes in pieces of every size must give the same items. */
static void split_list(const char *text, const char *items, const char *rest)
{
    for (size_t step = 1; step <= strlen(text); step++) {
        AUTO_STR(seen, 4096);
        struct list_splitter splitter;
        list_splitter_init(&splitter, collect, &seen);
        for (size_t at = 0; at < strlen(text); at += step) {
            size_t left = strlen(text) - at;
            struct slice piece = {text + at, left < step ? left : step};
            assert_true(list_splitter_feed(&splitter, piece));
        }
        assert_string_equal(seen.text, items);
        assert_string_equal(splitter.rest.text, rest);
        list_splitter_done(&splitter);
    }
}

static void a_list_is_taken_apart_wherever_it_is_cut(void **state)
{
    (void)state;
    split_list("{\"kind\":\"PodList\",\"metadata\":{\"continue\":\"x\"},"
               "\"items\":[{\"a\":[1,{}]}, {\"b\":\"}]\\\"{\"}]}",
               "{\"a\":[1,{}]}|{\"b\":\"}]\\\"{\"}|",
               "{\"kind\":\"PodList\",\"metadata\":{\"continue\":\"x\"},\"items\":[]}");
}

static void what_follows_the_items_is_kept(void **state)
{
    (void)state;
    split_list("{\"items\":[{}],\"metadata\":{\"resourceVersion\":\"7\"}}", "{}|",
               "{\"items\":[],\"metadata\":{\"resourceVersion\":\"7\"}}");
}

static void only_the_items_at_the_top_are_items(void **state)
{
    (void)state;
    split_list("{\"x\":{\"items\":[{\"no\":1}]},\"others\":[{\"no\":2}],\"items\":[{\"yes\":1}]}",
               "{\"yes\":1}|",
               "{\"x\":{\"items\":[{\"no\":1}]},\"others\":[{\"no\":2}],\"items\":[]}");
}

static void a_list_without_items_has_none(void **state)
{
    (void)state;
    split_list("{\"items\":null}", "", "{\"items\":null}");
    split_list("{\"items\":[]}", "", "{\"items\":[]}");
}

static void endless_bytes_around_the_items_are_refused(void **state)
{
    (void)state;
    AUTO_STR(seen, 16);
    struct list_splitter splitter;
    list_splitter_init(&splitter, collect, &seen);
    bool is_read = true;
    for (int i = 0; i < 1000000 && is_read; i++) {
        is_read = list_splitter_feed(&splitter, slice_of("\"x\""));
    }
    assert_false(is_read);
    list_splitter_done(&splitter);
}

static void lines_come_whole_and_empty_ones_not_at_all(void **state)
{
    (void)state;
    static const char text[] = "{\"type\":\"ADDED\"}\n\n{\"type\":\"BOOKMARK\"}\n{\"cut";
    for (size_t step = 1; step < sizeof(text); step++) {
        AUTO_STR(seen, 4096);
        struct line_splitter splitter;
        line_splitter_init(&splitter, collect, &seen);
        for (size_t at = 0; at < sizeof(text) - 1; at += step) {
            size_t left = sizeof(text) - 1 - at;
            assert_true(line_splitter_feed(&splitter,
                                           (struct slice){text + at, left < step ? left : step}));
        }
        assert_string_equal(seen.text, "{\"type\":\"ADDED\"}|{\"type\":\"BOOKMARK\"}|");
        line_splitter_done(&splitter);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_taken_apart_wherever_it_is_cut),
        cmocka_unit_test(what_follows_the_items_is_kept),
        cmocka_unit_test(only_the_items_at_the_top_are_items),
        cmocka_unit_test(a_list_without_items_has_none),
        cmocka_unit_test(endless_bytes_around_the_items_are_refused),
        cmocka_unit_test(lines_come_whole_and_empty_ones_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
