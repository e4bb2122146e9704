/* A text of any length comes in steps, and none of it is kept. */
#include "../testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "yaml/yaml.h"

/* A text that is given in pieces; behind it, another one again and again. */
struct source {
    const char *text, *again;
    size_t times; /* of the other one */
    size_t piece; /* bytes at most in one go; 0: all */
    size_t at;
    bool breaks; /* at the end, instead of ending */
};

static bool read_source(void *context, char *buffer, size_t size, size_t *out_length,
                        struct err *err)
{
    struct source *source = context;
    size_t left = strlen(source->text) - source->at;
    if (left == 0 && source->times > 0) {
        source->times--;
        source->text = source->again;
        source->at = 0;
        left = strlen(source->text);
    }
    if (left == 0 && source->breaks) {
        return err_set(err, ERR_UNAVAILABLE, "it broke off");
    }
    size_t length = left < size ? left : size;
    length = source->piece && length > source->piece ? source->piece : length;
    memcpy(buffer, source->text + source->at, length);
    source->at += length;
    *out_length = length;
    return true;
}

/* "{ a: [ ] }" as "{a[]}". */
static bool note(void *context, const struct yaml_step *step, struct err *err)
{
    struct str *out = context;
    (void)err;
    switch (step->kind) {
    case YAML_STEP_SCALAR:
        str_addf(out, "%u:%s ", step->line, step->text);
        assert_int_equal(strlen(step->text), step->text_length);
        break;
    case YAML_STEP_MAPPING:
        str_add(out, "{");
        break;
    case YAML_STEP_SEQUENCE:
        str_add(out, "[");
        break;
    case YAML_STEP_END:
        str_add(out, ")");
        break;
    }
    return true;
}

static void steps_come_in_order_however_the_text_does(void **state)
{
    (void)state;
    static const char text[] = "a: &x {b: [1, 'two', \"three\\n\"]}\n"
                               "c: *x\n"
                               "# a comment\n"
                               "\xC3\xA4:\n  - |\n    block\n"
                               "---\nanother: document\n";
    static const char wanted[] = "{1:a {1:b [1:1 1:two 1:three\n ))2:c 2: 4:\xC3\xA4 [5:block\n ))";
    for (size_t piece = 0; piece < 20; piece++) {
        struct source source = {.text = text, .piece = piece};
        const struct yaml_source in = {read_source, &source};
        struct err err = {0};
        AUTO_STR(out, 1000);
        ASSERT_OK(yaml_stream(&in, note, &out, &err), err);
        assert_string_equal(out.text, wanted);
    }
}

static void expect_refusal(struct source *source, enum err_kind kind, const char *says)
{
    const struct yaml_source in = {read_source, source};
    struct err err = {0};
    AUTO_STR(out, 1U << 20);
    ASSERT_FAILS(yaml_stream(&in, note, &out, &err), err, kind, says);
}

static void what_is_not_yaml_is_refused_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"a: 1\nb: [1, 2\nc: 3\n", "line 3: "},
        {"a: 1\n\tb: 2\n", "line 2: "},
        {"a: \xFF\n", "line "},
        {"a: \"no end\n", "line "},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct source source = {.text = cases[i].text};
        expect_refusal(&source, ERR_INVALID, cases[i].says);
    }
    struct source broken = {.text = "a: 1\n", .breaks = true};
    expect_refusal(&broken, ERR_UNAVAILABLE, "it broke off");
}

static void what_would_need_memory_without_end_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"a: '", "a: |\n", "a: ", "#", "a: \"", "? '"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct source source = {.text = texts[i],
                                .again = "  a word and another one of a hundred bytes or so, which "
                                         "is never the end of the value\\\n",
                                .times = 1000000};
        expect_refusal(&source, ERR_INVALID, "longer than 1 MiB");
        assert_true(source.times > 900000); /* given up long before the end */
    }
    struct source deep = {.text = "", .again = "[", .times = 1000000};
    expect_refusal(&deep, ERR_INVALID, "nested deeper than 64");
    struct source blocks = {.text = "", .again = "- ", .times = 1000000};
    expect_refusal(&blocks, ERR_INVALID, "nested deeper than 64");
}

static bool count(void *context, const struct yaml_step *step, struct err *err)
{
    (void)step;
    (void)err;
    ++*(size_t *)context;
    return true;
}

static bool refuse_word(void *context, const struct yaml_step *step, struct err *err)
{
    (void)context;
    return strcmp(step->text, "stop") != 0 || err_set(err, ERR_REFUSED, "no more");
}

static void a_long_text_is_read_to_its_end_or_until_who_listens_has_enough(void **state)
{
    (void)state;
    struct source source = {.text = "", .again = "- {name: one, value: [1, 2]}\n", .times = 50000};
    const struct yaml_source in = {read_source, &source};
    struct err err = {0};
    size_t steps = 0;
    ASSERT_OK(yaml_stream(&in, count, &steps, &err), err);
    assert_int_equal(steps, 50000 * 9 + 2);
    struct source other = {.text = "- go\n- stop\n- ]\n"};
    const struct yaml_source stopped = {read_source, &other};
    ASSERT_FAILS(yaml_stream(&stopped, refuse_word, NULL, &err), err, ERR_REFUSED, "no more");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_come_in_order_however_the_text_does),
        cmocka_unit_test(what_is_not_yaml_is_refused_with_its_line),
        cmocka_unit_test(what_would_need_memory_without_end_is_refused),
        cmocka_unit_test(a_long_text_is_read_to_its_end_or_until_who_listens_has_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
