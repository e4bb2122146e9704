/* Workloads that charts make: which value says their version, and what a release changes.  The
   renderer is a small one of our own; the real one is proven with real parts. */
#include "world.h"

#include "yaml/yaml.h"

/* ---- a renderer ---- */

static const struct yaml_node *values_of(const struct manifest_tree *tree, const char *path,
                                         struct arena *arena)
{
    struct slice text = {0};
    struct yaml_document *document = NULL;
    struct err err = {0};
    bool is_read = tree->read(tree->context, path, arena, &text, &err) &&
                   yaml_parse(arena, text, &document, &err) && document;
    return is_read ? document->root : NULL;
}

/* The folder's own values.yaml before the chart's. */
static const char *value(const struct manifest_tree *tree, const char *folder, const char *path,
                         struct arena *arena)
{
    const char *const files[] = {arena_printf(arena, "%s/values.yaml", folder),
                                 "charts/shop/values.yaml"};
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        const struct yaml_node *root = values_of(tree, files[i], arena);
        const struct yaml_node *node = root ? yaml_at(root, path) : NULL;
        if (node && node->kind == YAML_SCALAR && node->text[0]) {
            return node->text;
        }
    }
    return NULL;
}

static void add_deployment(struct str *out, const char *name, const char *image)
{
    str_addf(out,
             "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop-%s, namespace: "
             "ours}\nspec:\n"
             "  template: {spec: {containers: [{name: main, image: \"%s\"}]}}\n",
             name, image);
}

static void add_split(struct str *out, const struct manifest_tree *tree, const char *folder,
                      const char *name, struct arena *arena)
{
    const char *repository =
        value(tree, folder, arena_printf(arena, "%s.image.repository", name), arena);
    const char *tag = value(tree, folder, arena_printf(arena, "%s.image.tag", name), arena);
    if (repository) { /* without a tag the chart's own version */
        add_deployment(out, name, arena_printf(arena, "%s:%s", repository, tag ? tag : "0.9.0"));
    }
}

static bool render(void *context, const struct manifest_tree *tree, const char *folder,
                   struct arena *arena, struct slice *out, struct err *err)
{
    AUTO_STR(text, 10000);
    if (context) {
        return err_set(err, ERR_UNAVAILABLE, "there is no helm program");
    }
    add_split(&text, tree, folder, "cart", arena);
    add_split(&text, tree, folder, "api", arena);
    const char *web = value(tree, folder, "web.image", arena);
    if (web) {
        add_deployment(&text, "web", web);
    }
    add_deployment(&text, "fixed", "acme/fixed:1.0.0");
    *out = (struct slice){arena_strndup(arena, text.text, text.length), text.length};
    return true;
}

/* ---- a repository with one ---- */

#define KUSTOMIZATION                                                                              \
    "namespace: shop\nhelmGlobals: {chartHome: ../charts}\nhelmCharts:\n"                          \
    "  - name: shop\n    releaseName: shop\n    valuesFile: values.yaml\n"
#define CHART_VALUES                                                                               \
    "cart:\n  image:\n    repository: acme/cart\n    tag: 1.0.0 # of all\n"                        \
    "web:\n  image: acme/web:2.0.0\n"

static const char *const all_paths[] = {"dev", "prod"};

static void commit_shop(struct world *world, const char *chart_values, const char *dev_values)
{
    FILES(world, {"charts/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 0.1.0\n"},
          {"charts/shop/values.yaml", chart_values}, {"dev/kustomization.yaml", KUSTOMIZATION},
          {"dev/values.yaml", dev_values}, {"prod/kustomization.yaml", KUSTOMIZATION},
          {"prod/values.yaml", "cart:\n  image:\n    tag: 1.0.0\n"});
}

static const struct scan *scan_charts(struct world *world, const char *path, void *context)
{
    AUTO(configrepo_survey_close) struct configrepo_survey *survey = NULL;
    struct survey_request request = {.commit = world->head,
                                     .paths = all_paths,
                                     .path_count = COUNT_OF(all_paths),
                                     .charts = {render, context}};
    struct scan *scan = NULL;
    struct err err = {0};
    ASSERT_OK(configrepo_survey_open(world->git, &request, &survey, &err), err);
    ASSERT_OK(configrepo_survey_scan(survey, path, world->arena, &scan, &err), err);
    return scan;
}

static struct commit_request request_with(const struct world *world, struct version_change *change,
                                          size_t count)
{
    struct commit_request request = request_for(world, change, count);
    request.all_paths = all_paths;
    request.all_path_count = COUNT_OF(all_paths);
    request.charts = (struct chart_renderer){render, NULL};
    request.pin = PIN_KEEP;
    for (size_t i = 0; i < count; i++) {
        TEXT_COPY_CUT(change[i].from.tag, "1.0.0");
    }
    return request;
}

static void expect_change(struct world *world, const char *workload, const char *file,
                          const char *wanted)
{
    struct version_change change = change_to("dev", workload, "1.10");
    struct commit_request request = request_with(world, &change, 1);
    expect_files(world, &request, file, wanted);
}

/* ---- what is seen ---- */

static void a_charts_workloads_are_seen_where_their_values_are(void **state)
{
    struct world *world = *state;
    commit_shop(world, CHART_VALUES, "cart:\n  image:\n    tag: 1.1.0\n");
    const struct scan *scan = scan_charts(world, "dev", NULL);
    assert_null(scan->problems);
    assert_string_equal(scan_find(scan, "shop-cart")->namespace, "ours");
    expect_image(place_of(scan, "shop-cart"), "acme/cart:1.1.0");
    assert_string_equal(place_of(scan, "shop-cart")->file, "dev/values.yaml");
    assert_int_equal(place_of(scan, "shop-cart")->line, 3);
    assert_null(place_of(scan, "shop-cart")->note);
    expect_image(place_of(scan, "shop-web"), "acme/web:2.0.0");
    assert_string_equal(place_of(scan, "shop-web")->file, "charts/shop/values.yaml");
    assert_string_equal(place_of(scan, "shop-web")->note,
                        "dev/values.yaml gets a value for web.image, since prod uses "
                        "charts/shop/values.yaml too");
    assert_string_equal(place_of(scan, "shop-fixed")->note,
                        "dev/kustomization.yaml gets an images: entry for acme/fixed, since no "
                        "value of its chart says the version of acme/fixed");
}

static void what_a_chart_is_made_of_counts_among_the_files(void **state)
{
    struct world *world = *state;
    commit_shop(world, CHART_VALUES, "cart:\n  image:\n    tag: 1.1.0\n");
    const struct scan_workload *cart = scan_find(scan_charts(world, "dev", NULL), "shop-cart");
    assert_true(scan_reads(cart, "dev/values.yaml"));
    assert_true(scan_reads(cart, "charts/shop/templates/new.yaml"));
    assert_false(scan_reads(cart, "charts/shopping/values.yaml"));
    assert_false(scan_reads(cart, "prod/values.yaml"));
}

static void charts_that_cannot_be_rendered_are_a_problem(void **state)
{
    struct world *world = *state;
    commit_shop(world, CHART_VALUES, "{}\n");
    const struct scan *scan = scan_charts(world, "dev", world);
    expect_problem(scan, "dev/kustomization.yaml", 4, "there is no helm program");
    assert_int_equal(scan->workload_count, 0);
}

/* ---- what is changed ---- */

static void the_targets_own_value_is_edited(void **state)
{
    struct world *world = *state;
    commit_shop(world, CHART_VALUES, "# dev\ncart: {image: {tag: 1.1.0}} # ours\n");
    expect_change(world, "shop-cart", "dev/values.yaml",
                  "# dev\ncart: {image: {tag: \"1.10\"}} # ours\n");
}

static void a_shared_value_gets_one_of_its_own(void **state)
{
    struct world *world = *state;
    static const char *const files[][2] = {
        {"replicas: 2\n", "replicas: 2\ncart:\n  image:\n    tag: \"1.10\"\n"},
        {"cart:\n  replicas: 2 # few\nother: 1\n",
         "cart:\n  replicas: 2 # few\n  image:\n    tag: \"1.10\"\nother: 1\n"},
        {"cart: {image: {pullPolicy: Always}}\n",
         "cart: {image: {pullPolicy: Always, tag: \"1.10\"}}\n"},
        {"cart: {replicas: 2}\n", "cart: {replicas: 2, image: {\"tag\":\"1.10\"}}\n"},
    };
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        commit_shop(world, CHART_VALUES, files[i][0]);
        expect_change(world, "shop-cart", "dev/values.yaml", files[i][1]);
    }
}

static void two_values_go_into_one_place(void **state)
{
    struct world *world = *state;
    commit_shop(world, CHART_VALUES "api:\n  image: {repository: acme/api, tag: 3.0.0}\n",
                "a: b\n");
    struct version_change changes[] = {change_to("dev", "shop-cart", "1.1.0"),
                                       change_to("dev", "shop-api", "3.1.0"),
                                       change_to("dev", "shop-web", "2.1.0")};
    struct commit_request request = request_with(world, changes, COUNT_OF(changes));
    expect_files(world, &request, "dev/values.yaml",
                 "a: b\ncart:\n  image:\n    tag: 1.1.0\nweb:\n  image: acme/web:2.1.0\n"
                 "api:\n  image:\n    tag: 3.1.0\n");
}

static void where_values_have_no_room_an_entry_says_it(void **state)
{
    struct world *world = *state;
    static const char *const files[] = {"{}\n", "cart: ~\n", "x: &x {a: b}\ncart: *x\n"};
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        commit_shop(world, CHART_VALUES, files[i]);
        expect_change(world, "shop-cart", "dev/kustomization.yaml",
                      KUSTOMIZATION "images:\n  - name: acme/cart\n    newTag: \"1.10\"\n");
    }
}

static void what_no_value_says_gets_an_entry(void **state)
{
    struct world *world = *state;
    commit_shop(world, CHART_VALUES, "a: b\n");
    expect_change(world, "shop-fixed", "dev/kustomization.yaml",
                  KUSTOMIZATION "images:\n  - name: acme/fixed\n    newTag: \"1.10\"\n");
}

static void the_charts_own_version_is_filled_in(void **state)
{
    struct world *world = *state;
    commit_shop(world, "cart: {image: {repository: acme/cart, tag: \"\"}}\n",
                "cart:\n  image:\n    tag: \"\"\n");
    expect_image(place_of(scan_charts(world, "dev", NULL), "shop-cart"), "acme/cart:0.9.0");
    expect_change(world, "shop-cart", "dev/values.yaml", "cart:\n  image:\n    tag: \"1.10\"\n");
}

static void of_two_equal_values_the_name_tells_which(void **state)
{
    struct world *world = *state;
    static const char twice[] = "api: {image: {repository: acme/cart, tag: 1.0.0}}\n"
                                "cart: {image: {repository: acme/cart, tag: 1.0.0}}\n";
    commit_shop(world, twice, "api: {image: {tag: 1.0.0}}\ncart: {image: {tag: 1.0.0}}\n");
    expect_change(world, "shop-cart", "dev/values.yaml",
                  "api: {image: {tag: 1.0.0}}\ncart: {image: {tag: \"1.10\"}}\n");
}

static void an_encrypted_values_file_is_left_alone(void **state)
{
    struct world *world = *state;
    commit_shop(world, CHART_VALUES, "a: b\nsops: {mac: ENC}\n");
    expect_change(world, "shop-cart", "dev/kustomization.yaml",
                  KUSTOMIZATION "images:\n  - name: acme/cart\n    newTag: \"1.10\"\n");
}

static void an_edit_that_the_chart_does_not_hear_is_refused(void **state)
{
    struct world *world = *state;
    /* The chart's web is said by a value that is no longer the one it is rendered from: dev has the
       same text in a file that helm reads later, and the renderer does not. */
    FILES(world, {"charts/shop/values.yaml", CHART_VALUES},
          {"dev/kustomization.yaml", KUSTOMIZATION "    additionalValuesFiles: [more.yaml]\n"},
          {"dev/values.yaml", "a: b\n"}, {"dev/more.yaml", "web: {image: \"acme/web:2.0.0\"}\n"},
          {"prod/kustomization.yaml", KUSTOMIZATION}, {"prod/values.yaml", "a: b\n"});
    struct version_change change = change_to("dev", "shop-web", "2.1.0");
    struct commit_request request = request_with(world, &change, 1);
    struct draft_commit draft;
    struct err err = {0};
    ASSERT_FAILS(commit(world, &request, &draft, &err), err, ERR_REFUSED,
                 "shop-web in dev would not get the version by editing dev/more.yaml");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_charts_workloads_are_seen_where_their_values_are),
        TEST(what_a_chart_is_made_of_counts_among_the_files),
        TEST(charts_that_cannot_be_rendered_are_a_problem),
        TEST(the_targets_own_value_is_edited),
        TEST(a_shared_value_gets_one_of_its_own),
        TEST(two_values_go_into_one_place),
        TEST(where_values_have_no_room_an_entry_says_it),
        TEST(what_no_value_says_gets_an_entry),
        TEST(the_charts_own_version_is_filled_in),
        TEST(of_two_equal_values_the_name_tells_which),
        TEST(an_encrypted_values_file_is_left_alone),
        TEST(an_edit_that_the_chart_does_not_hear_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
