#include "../testing.h"

#include "configrepo/configrepo.h"

#define HEAD                                                                                       \
    "apiVersion: heddle.dev/v1\n"                                                                  \
    "kind: Pipeline\n"                                                                             \
    "metadata: {name: shop}\n"                                                                     \
    "spec:\n"
#define DEV "    - {name: dev, targets: [{cluster: dev, path: clusters/dev}]}\n"

static const char shop[] = "# the shop's way to production\n"
                           "apiVersion: heddle.dev/v1\n"
                           "kind: Pipeline\n"
                           "metadata: {name: shop}\n"
                           "spec:\n"
                           "  versions:\n"
                           "    - images: ghcr.io/acme/web\n"
                           "      policy: newest\n"
                           "      tags: \"main-[0-9a-f]+\"\n"
                           "    - images: ghcr.io/acme/jobs\n"
                           "      policy: {numeric: asc}\n"
                           "    - images: ghcr.io/acme/*\n"
                           "      policy: {semver: \">=1.0.0\"}\n"
                           "    - {images: \"**\", policy: {alphabetical: asc}}\n"
                           "    - {images: other, policy: {newest: true}}\n"
                           "    - images: last\n"
                           "    - {images: dated, policy: calendar, ignore: \".*-rc\"}\n"
                           "    - {images: moving, policy: {digest: main}}\n"
                           "  stages:\n"
                           "    - name: dev\n"
                           "      targets: [{cluster: dev, path: clusters/dev}]\n"
                           "      automatic: true\n"
                           "    - name: staging\n"
                           "      from: [dev]\n"
                           "      targets: [{cluster: staging, path: clusters/staging}]\n"
                           "      automatic: true\n"
                           "      gates:\n"
                           "        - soak: 10m\n"
                           "        - approval: 2\n"
                           "    - name: prod\n"
                           "      waves: [[prod-us], [prod-eu, prod-ap]]\n"
                           "      from: [staging]\n"
                           "      targets:\n"
                           "        - {cluster: prod-eu, path: clusters/prod-eu}\n"
                           "        - {cluster: prod-us, path: clusters/prod-us}\n"
                           "        - {cluster: prod-ap, path: clusters/prod-ap}\n"
                           "      gates: [{approval: {count: 1}}]\n"
                           "      onFailure: rollback\n";

static bool read(const char *text, struct arena *arena, struct pipeline **out, struct err *err)
{
    return configrepo_pipeline(slice_of(text), "heddle.yaml", arena, out, err);
}

static void the_stages_are_read_as_they_are_written(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct pipeline *pipeline = NULL;
    struct err err = {0};
    ASSERT_OK(read(shop, arena, &pipeline, &err), err);
    assert_string_equal(pipeline->name, "shop");
    assert_int_equal(pipeline->stage_count, 3);

    const struct stage *dev = &pipeline->stages[0];
    assert_true(dev->automatic);
    assert_int_equal(dev->from_count, 0);
    assert_int_equal(dev->wave_count, 1);
    assert_int_equal(dev->on_failure, ON_FAILURE_STOP);
    assert_int_equal(dev->line, 20);
    assert_int_equal(dev->column, 7);

    const struct stage *staging = &pipeline->stages[1];
    assert_int_equal(staging->soak_ms, 600000);
    assert_int_equal(staging->approvals, 2);
    assert_string_equal(staging->from[0], "dev");

    const struct stage *prod = &pipeline->stages[2];
    assert_false(prod->automatic);
    assert_int_equal(prod->target_count, 3);
    assert_int_equal(prod->wave_count, 2);
    assert_int_equal(prod->wave_of_target[0], 1);
    assert_int_equal(prod->wave_of_target[1], 0);
    assert_int_equal(prod->wave_of_target[2], 1);
    assert_string_equal(prod->targets[1].path, "clusters/prod-us");
    assert_int_equal(prod->approvals, 1);
    assert_int_equal(prod->on_failure, ON_FAILURE_ROLLBACK);
}

static void every_way_to_write_a_policy_is_understood(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct pipeline *pipeline = NULL;
    struct err err = {0};
    ASSERT_OK(read(shop, arena, &pipeline, &err), err);
    static const enum policy_kind wanted[] = {POLICY_NEWEST,       POLICY_NUMERIC, POLICY_SEMVER,
                                              POLICY_ALPHABETICAL, POLICY_NEWEST,  POLICY_SEMVER,
                                              POLICY_CALENDAR,     POLICY_DIGEST};
    assert_int_equal(pipeline->rule_count, COUNT_OF(wanted));
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        assert_int_equal(pipeline->rules[i].policy, wanted[i]);
    }
    assert_string_equal(pipeline->rules[0].tags, "main-[0-9a-f]+");
    assert_string_equal(pipeline->rules[0].range, "");
    assert_string_equal(pipeline->rules[2].images, "ghcr.io/acme/*");
    assert_string_equal(pipeline->rules[2].range, ">=1.0.0");
    assert_int_equal(pipeline->rules[2].line, 12);
    assert_string_equal(pipeline->rules[6].ignore, ".*-rc");
    assert_string_equal(pipeline->rules[7].range, "main");
}

static void fields_that_hold_an_image_are_read(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct pipeline *pipeline = NULL;
    struct err err = {0};
    ASSERT_OK(read(HEAD "  imageFields:\n    - {kind: Kafka, path: \"spec.pools[].image\"}\n"
                        "    - {kind: MyApp, path: image}\n  stages:\n" DEV,
                   arena, &pipeline, &err),
              err);
    assert_int_equal(pipeline->image_field_count, 2);
    assert_string_equal(pipeline->image_fields[0].kind, "Kafka");
    assert_string_equal(pipeline->image_fields[0].path, "spec.pools[].image");
    assert_string_equal(pipeline->image_fields[1].path, "image");
}

static void a_target_may_be_on_another_branch_or_in_another_repository(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct pipeline *pipeline = NULL;
    struct err err = {0};
    static const char text[] =
        HEAD "  stages:\n    - name: dev\n      targets: [{cluster: dev, path: a}]\n"
             "    - name: prod\n      waves: [[eu, us], [ap], [infra]]\n      targets:\n"
             "        - {cluster: eu, path: a, branch: env/prod}\n"
             "        - {cluster: us, path: b, branch: env/prod}\n"
             "        - {cluster: ap, path: a, branch: env/ap}\n"
             "        - {cluster: infra, path: a, repository: infra, branch: env/ap}\n";
    ASSERT_OK(read(text, arena, &pipeline, &err), err);
    assert_string_equal(pipeline->stages[0].targets[0].branch, "");
    assert_string_equal(pipeline->stages[0].targets[0].repository, "");
    const struct target *targets = pipeline->stages[1].targets;
    assert_string_equal(targets[2].branch, "env/ap");
    assert_string_equal(targets[3].repository, "infra");
    assert_true(target_same_ref(&targets[0], &targets[1]));
    assert_false(target_same_ref(&targets[1], &targets[2]));
    assert_false(target_same_ref(&targets[2], &targets[3]));
}

/* Each is a whole file with one mistake. */
static const struct {
    const char *text, *says;
} mistakes[] = {
    {"", "heddle.yaml:1:1: the file is empty"},
    {"- a\n", "heddle.yaml:1:1: fields are needed here: apiVersion, kind, metadata, spec"},
    {"apiVersion: [\n", "heddle.yaml"},
    {"apiVersion: heddle.dev/v2\n", "heddle.yaml:1:13: \"heddle.dev/v2\" is not known; write "
                                    "\"heddle.dev/v1\""},
    {"apiVersion: heddle.dev/v1\nkind: Stage\n", "heddle.yaml:2:7: \"Stage\" is not known"},
    {"apiVersion: heddle.dev/v1\nkind: Pipeline\nmetadata: {}\n",
     "heddle.yaml:3:11: the field \"name\" is missing"},
    {"apiVersion: heddle.dev/v1\nkind: Pipeline\nmetadata: {name: Shop}\n",
     "heddle.yaml:3:18: pipeline name \"Shop\""},
    {"apiVersion: heddle.dev/v1\nkind: Pipeline\nmetadata: {name: shop}\n",
     "heddle.yaml:1:1: the field \"spec\" is missing"},
    {HEAD "  stagse:\n" DEV, "heddle.yaml:5:3: unknown field \"stagse\"; did you mean \"stages\"?"},
    {HEAD "  stages:\n" DEV "  zebra: 1\n",
     "heddle.yaml:7:3: unknown field \"zebra\"; known are: versions, pin, imageFields, stages"},
    {HEAD "  imageFields: [{kind: Kafka}]\n", "heddle.yaml:5:17: the field \"path\" is missing"},
    {HEAD "  imageFields: [{kind: a b, path: spec.image}]\n", "heddle.yaml:5:24: the kind of"},
    {HEAD "  imageFields: [{kind: Kafka, path: .spec}]\n", "heddle.yaml:5:37: keys with dots"},
    {HEAD "  imageFields: [{kind: Kafka, path: spec.}]\n", "keys with dots"},
    {HEAD "  imageFields: [{kind: Kafka, path: \"spec.a[0].b\"}]\n", "keys with dots"},
    {HEAD "  imageFields: [{kind: Kafka, path: []}]\n", "like spec.kafka.image"},
    {HEAD "  imageFields: {}\n", "write imageFields: [{kind: Kafka, path: spec.kafka.image}]"},
    {HEAD "  stages: []\n", "heddle.yaml:5:11: the list is empty"},
    {HEAD "  stages: dev\n", "heddle.yaml:5:11: a list is needed here"},
    {HEAD "  stages:\n" DEV "---\nkind: Pipeline\n", "heddle.yaml:8:1: only one document"},
    {HEAD "  versions: [{policy: semver}]\n", "heddle.yaml:5:14: the field \"images\" is missing"},
    {HEAD "  versions: [{images: a, policy: newst}]\n",
     "heddle.yaml:5:34: unknown policy \"newst\"; did you mean \"newest\"?"},
    {HEAD "  versions: [{images: a, policy: {semver: \"1.x\", newest: true}}]\n",
     "a policy has one field"},
    {HEAD "  versions: [{images: a, policy: {signed: true}}]\n",
     "unknown field \"signed\"; known are: semver, alphabetical, numeric, newest, calendar, "
     "digest"},
    {HEAD "  versions: [{images: a, policy: {digest: \"a b\"}}]\n", "\"a b\" is not a tag"},
    {HEAD "  versions: [{images: a, ignore: \"(\"}]\n",
     "heddle.yaml:5:14: the expression \"(\" for tags"},
    {HEAD "  versions: [{images: a, policy: {semver: \">>1\"}}]\n",
     "heddle.yaml:5:14: the version range \">>1\" cannot be read"},
    {HEAD "  versions: [{images: a, tags: \"(\"}]\n",
     "heddle.yaml:5:14: the expression \"(\" for tags"},
    {HEAD "  versions: [{images: a, policy: {numeric: desc}}]\n", "write \"asc\""},
    {HEAD "  versions: [{images: [a, b]}]\n", "a single value is needed here"},
    {HEAD "  stages: [{name: dev}]\n", "heddle.yaml:5:12: the field \"targets\" is missing"},
    {HEAD "  stages: [{name: dev, targets: [{cluster: dev}]}]\n",
     "heddle.yaml:5:34: the field \"path\" is missing"},
    {HEAD "  stages: [{name: dev, targets: [{cluster: dev, path: ''}]}]\n",
     "heddle.yaml:5:55: path \"\" must be a relative path like \"clusters/dev\", without empty, "
     "\".\" or \"..\" parts, or \".\" for the repository's root"},
    {HEAD "  stages:\n    - name: dev\n      targets: [{cluster: dev, path: .}]\n"
          "    - name: prod\n      targets: [{cluster: prod, path: .}]\n",
     "path \".\" belongs to cluster \"dev\" already"},
    {HEAD "  stages: [{name: dev, targets: [{cluster: dev, path: /etc}]}]\n",
     "heddle.yaml:5:55: path \"/etc\" must be a relative path"},
    {HEAD "  stages: [{name: dev, targets: [{cluster: dev, path: a, branch: a..b}]}]\n",
     "heddle.yaml:5:66: \"a..b\" is not a branch name"},
    {HEAD "  stages: [{name: dev, targets: [{cluster: dev, path: a, branch: heddle/a}]}]\n",
     "heddle.yaml:5:66: branches that begin with heddle/ are heddle's own"},
    {HEAD "  stages: [{name: dev, targets: [{cluster: dev, path: a, repository: ../x}]}]\n",
     "heddle.yaml:5:70: repository name \"../x\""},
    {HEAD "  stages:\n    - name: prod\n      targets:\n"
          "        - {cluster: eu, path: a}\n        - {cluster: us, path: b, branch: env/us}\n",
     "heddle.yaml:6:7: \"eu\" is on the server's branch and \"us\" on the branch env/us, and a "
     "wave is one commit on one branch; write waves: [[eu], [us]]"},
    {HEAD "  stages:\n    - name: prod\n      waves: [[ap], [us, eu]]\n      targets:\n"
          "        - {cluster: ap, path: a}\n        - {cluster: eu, path: a, branch: b}\n"
          "        - {cluster: us, path: a, branch: b, repository: infra}\n",
     "\"eu\" is on the branch b and \"us\" on the branch b of \"infra\", and a wave is one "
     "commit on one branch; write waves: [[eu], [us]]"},
    {HEAD "  stages:\n    - name: dev\n      targets: [{cluster: dev, path: a, branch: b}]\n"
          "    - name: prod\n      targets: [{cluster: prod, path: a, branch: b}]\n",
     "path \"a\" belongs to cluster \"dev\" already"},
    {HEAD "  stages: [{name: dev, automatic: yes, targets: []}]\n",
     "heddle.yaml:5:35: write true or false"},
    {HEAD "  stages: [{name: dev, pullRequest: yes, targets: []}]\n",
     "heddle.yaml:5:37: write true or false"},
    {HEAD "  stages: [{name: dev, pullRequest: {merge: 1}, targets: []}]\n",
     "heddle.yaml:5:45: write true or false"},
    {HEAD "  stages: [{name: dev, pullRequest: {}, targets: []}]\n",
     "the field \"merge\" is missing"},
    {HEAD "  stages: [{name: dev, gates: [{window: {}}]}]\n",
     "heddle.yaml:5:33: this version of heddle does not know \"window\" yet; remove it, or use "
     "what it knows here: soak, approval"},
    {HEAD "  stages: [{name: dev, gates: [{tests: {}}]}]\n", "does not know \"tests\" yet"},
    {HEAD "  stages: [{name: dev, gates: [{metric: {}}]}]\n", "does not know \"metric\" yet"},
    {HEAD "  stages: [{name: dev, gates: [{webhook: {}}]}]\n", "does not know \"webhook\" yet"},
    {HEAD "  stages: [{name: dev, gates: [{approval: {count: 1, from: [ops]}}]}]\n",
     "does not know \"from\" yet"},
    {HEAD "  stages: [{name: dev, gates: [{approval: 0}]}]\n", "a number from 1 to 32"},
    {HEAD "  stages: [{name: dev, gates: [{approval: 99999999999999999999}]}]\n",
     "a number from 1 to 32"},
    {HEAD "  stages: [{name: dev, gates: [{soak: 10}]}]\n", "heddle.yaml:5:39: "},
    {HEAD "  stages: [{name: dev, gates: [{soak: 31d}]}]\n", "at most 30d"},
    {HEAD "  stages: [{name: dev, gates: [{soak: 1m}, {soak: 2m}]}]\n", "has that gate already"},
    {HEAD "  stages: [{name: dev, gates: [{soak: 1m, approval: 1}]}]\n", "a gate has one field"},
    {HEAD "  stages: [{name: dev, gates: [{sok: 1m}]}]\n", "did you mean \"soak\"?"},
    {HEAD "  stages: [{name: dev, onFailure: rollbak}]\n",
     "unknown value \"rollbak\"; did you mean \"rollback\"?"},
    {HEAD "  stages: [{name: dev, from: dev}]\n", "write from: [dev]"},
    {HEAD "  stages:\n    - name: dev\n      targets: [{cluster: dev, path: a}]\n"
          "      waves: [[dev], [dve]]\n",
     "heddle.yaml:8:23: unknown target \"dve\"; did you mean \"dev\"?"},
    {HEAD "  stages:\n    - name: dev\n      targets: [{cluster: dev, path: a}]\n"
          "      waves: [[dev], [dev]]\n",
     "heddle.yaml:8:23: \"dev\" is in wave 1 already"},
    {HEAD "  stages:\n    - name: dev\n      waves: [[one]]\n"
          "      targets: [{cluster: one, path: a}, {cluster: two, path: b}]\n",
     "heddle.yaml:7:14: target \"two\" is in no wave"},
    {HEAD "  stages:\n    - {name: dev, from: [prod], targets: [{cluster: dev, path: a}]}\n"
          "    - {name: prod, from: [dev], targets: [{cluster: prod, path: b}]}\n",
     "heddle.yaml:6:7: the stages go in a circle: dev → prod → dev"},
    {HEAD "  stages:\n" DEV "    - {name: prod, from: [dve], targets: [{cluster: p, path: b}]}\n",
     "heddle.yaml:7:7: stage \"prod\" comes from \"dve\", but no stage has that name; did you mean "
     "\"dev\"?"},
    {HEAD "  stages:\n" DEV DEV, "heddle.yaml:7:7: two stages are called \"dev\""},
};

static bool is_told(const struct pipeline_trouble *troubles, size_t count, const char *says)
{
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        AUTO_STR(line, 1024);
        str_addf(&line, "heddle.yaml:%u:%u: %s", troubles[i].line, troubles[i].column,
                 troubles[i].text);
        found = found || strstr(line.text, says);
    }
    return found;
}

static void each_mistake_is_named_with_its_place_and_remedy(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
        AUTO(arena_free) struct arena *arena = arena_new();
        struct pipeline *pipeline = NULL;
        struct pipeline_trouble *troubles = NULL;
        size_t count = 0;
        struct err err = {0};
        if (read(mistakes[i].text, arena, &pipeline, &err)) {
            fail_msg("this was read:\n%s", mistakes[i].text);
        }
        assert_int_equal(err.kind, ERR_INVALID);
        assert_null(pipeline);
        assert_false(configrepo_pipeline_troubles(slice_of(mistakes[i].text), arena, &pipeline,
                                                  &troubles, &count));
        if (!is_told(troubles, count, mistakes[i].says)) {
            fail_msg("\"%s\" does not say \"%s\"", err.text, mistakes[i].says);
        }
    }
}

/* Line and column of each. */
static void expect_troubles(const char *text, const char *want)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    AUTO_STR(got, 65536);
    struct pipeline *pipeline = NULL;
    struct pipeline_trouble *troubles = NULL;
    size_t count = 0;
    assert_false(configrepo_pipeline_troubles(slice_of(text), arena, &pipeline, &troubles, &count));
    for (size_t i = 0; i < count; i++) {
        str_addf(&got, "%u:%u: %s\n", troubles[i].line, troubles[i].column, troubles[i].text);
    }
    assert_string_equal(got.text, want);
}

static void all_that_is_wrong_is_told_at_once_in_the_order_of_the_file(void **state)
{
    (void)state;
    expect_troubles(
        "apiVersion: heddle.dev/v2\n"
        "metadata: {name: \"the shop\"}\n"
        "spec:\n"
        "  versions:\n"
        "    - {images: a, policy: semvr}\n"
        "    - {images: b, policy: {semver: \"nonsense range\"}}\n"
        "  stages:\n"
        "    - name: dev\n"
        "      targets: [{cluster: dev}, {cluster: dev2, pth: x}]\n"
        "      automatic: yes\n"
        "      gates: [{soak: soon}, {approval: 0}, {approval: 1}]\n"
        "    - {targets: [{cluster: prod, path: ../prod}], onFailure: panic}\n",
        "1:1: the field \"kind\" is missing\n"
        "1:13: \"heddle.dev/v2\" is not known; write \"heddle.dev/v1\"\n"
        "2:18: pipeline name \"the shop\" may have only a-z, 0-9 and '-', not '-' at an "
        "end, and at most 63 characters; write \"the-shop\"\n"
        "5:27: unknown policy \"semvr\"; did you mean \"semver\"?\n"
        "6:7: the version range \"nonsense range\" cannot be read from \"nonsense "
        "range\" on; write for example \">=1.0.0 <2\", \"^1.2\" or \"1.x || 3.x\"\n"
        "9:17: the field \"path\" is missing\n"
        "9:49: unknown field \"pth\"; did you mean \"path\"?\n"
        "10:18: write true or false here\n"
        "11:22: \"soon\" is not a duration; write a number and a unit, such as 30s, "
        "10m, 2h or 1h30m\n"
        "11:40: a number from 1 to 32 is needed here\n"
        "12:7: the field \"name\" is missing\n"
        "12:40: path \"../prod\" must be a relative path like \"clusters/dev\", without "
        "empty, \".\" or \"..\" parts, or \".\" for the repository's root\n"
        "12:62: unknown value \"panic\"; known are: stop, continue, rollback\n");
}

static void what_follows_from_another_mistake_is_not_told(void **state)
{
    (void)state;
    expect_troubles("apiVersion: heddle.dev/v1\nknd: Pipeline\nmetadata: {name: shop}\n"
                    "spec:\n  stages:\n" DEV,
                    "2:1: unknown field \"knd\"; did you mean \"kind\"?\n");
    expect_troubles(
        HEAD "  stages:\n" DEV "    - {name: prod, from: [dve, stagng], targets: "
             "[{cluster: prod, path: clusters/prod}]}\n"
             "    - {name: late, from: [prd], targets: [{cluster: dev, path: x}]}\n",
        "7:7: stage \"prod\" comes from \"dve\", but no stage has that name; did you "
        "mean \"dev\"?\n"
        "7:7: stage \"prod\" comes from \"stagng\", but no stage has that name\n"
        "8:7: stage \"late\" comes from \"prd\", but no stage has that name; did you "
        "mean \"prod\"?\n"
        "8:7: cluster \"dev\" is a target of stage \"dev\" already; a cluster belongs to "
        "one stage, once\n");
}

static void of_a_hopeless_file_the_first_fifty_are_told(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    AUTO_STR(text, 65536);
    struct pipeline *pipeline = NULL;
    struct pipeline_trouble *troubles = NULL;
    size_t count = 0;
    struct err err = {0};
    for (int i = 0; i < 1000; i++) {
        str_addf(&text, "field%d: 1\n", i);
    }
    assert_false(
        configrepo_pipeline_troubles(str_slice(&text), arena, &pipeline, &troubles, &count));
    assert_int_equal(count, PIPELINE_TROUBLES_MAX);
    assert_int_equal(troubles[49].line, 50);
    ASSERT_FAILS(read(text.text, arena, &pipeline, &err), err, ERR_INVALID,
                 "(and 49 more; heddle check lists them)");
    assert_int_equal(strncmp(err.text, "heddle.yaml:1:1: ", 17), 0);
}

static void cut_off_anywhere_it_is_an_error_or_a_pipeline_but_no_crash(void **state)
{
    (void)state;
    for (size_t length = 0; length <= strlen(shop); length++) {
        AUTO(arena_free) struct arena *arena = arena_new();
        struct pipeline *pipeline = NULL;
        struct err err = {0};
        char *exact = length ? xmemdup(shop, length) : NULL;
        bool is_read = configrepo_pipeline((struct slice){exact ? exact : "", length},
                                           "heddle.yaml", arena, &pipeline, &err);
        assert_true(is_read == (pipeline != NULL));
        assert_true(is_read || err.kind == ERR_INVALID);
        xfree(&exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_stages_are_read_as_they_are_written),
        cmocka_unit_test(every_way_to_write_a_policy_is_understood),
        cmocka_unit_test(fields_that_hold_an_image_are_read),
        cmocka_unit_test(a_target_may_be_on_another_branch_or_in_another_repository),
        cmocka_unit_test(each_mistake_is_named_with_its_place_and_remedy),
        cmocka_unit_test(all_that_is_wrong_is_told_at_once_in_the_order_of_the_file),
        cmocka_unit_test(what_follows_from_another_mistake_is_not_told),
        cmocka_unit_test(of_a_hopeless_file_the_first_fifty_are_told),
        cmocka_unit_test(cut_off_anywhere_it_is_an_error_or_a_pipeline_but_no_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
