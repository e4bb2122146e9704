#include "../testing.h"

#include "base/file.h"
#include "golden.h"

#define WANT_BYTES_MAX (1U << 20)

static void each_case_renders_natively_to_what_kustomize_made_of_it(void **state)
{
    (void)state;
    AUTO(golden_cases_done) char **cases = golden_cases();
    size_t differences = 0;
    for (char **name = cases; *name; name++) {
        char path[256];
        struct err err = {0};
        AUTO_STR(text, WANT_BYTES_MAX);
        golden_path(*name, "want.json", path, sizeof(path));
        ASSERT_OK(file_read(path, &text, &err), err);
        AUTO_JSON *want = json_loadb(text.text, text.length, 0, NULL);
        AUTO_JSON *got = golden_render(*name);
        assert_true(json_array_size(want) > 0);
        differences += golden_differences(*name, got, want);
    }
    assert_int_equal(differences, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_renders_natively_to_what_kustomize_made_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
