/* The charts of Flux's HelmReleases, as releases see and change them. */
#include "world.h"

#define META(name) "metadata: {name: " name ", namespace: shop}\n"
#define HELM_REPOSITORY(spec)                                                                      \
    "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\n" META("acme") "spec: " spec   \
                                                                                   "\n"
#define ARTIFACT(ref)                                                                              \
    "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\n" META(                         \
        "web-chart") "spec:\n  url: oci://ghcr.io/acme/charts/web\n" ref
#define CHART(version) CHART_OF("HelmRepository", version)
#define CHART_OF(kind, version)                                                                    \
    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n" META(                             \
        "web") "spec:\n  chart:\n    spec:\n      chart: web\n" version                            \
               "      sourceRef: {kind: " kind ", name: acme}\n"
#define REFERRING(name, kind)                                                                      \
    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n" META(                             \
        name) "spec:\n  chartRef: {kind: " kind ", name: web-chart}\n"
#define INDEX HELM_REPOSITORY("{url: https://charts.example.org/stable}")
#define VERSION(text) "      version: " text "\n"
#define KUSTOMIZATION "resources: [web.yaml]\n"

static const struct place *chart_of(const struct scan *scan, const char *workload)
{
    const struct scan_workload *found = scan_find(scan, workload);
    const struct place *last =
        found && found->place_count ? &found->places[found->place_count - 1] : NULL;
    if (!last || strcmp(last->container, "chart") != 0) {
        fail_msg("%s has no chart: %s", workload, scan->problems ? scan->problems->text : "");
    }
    return last;
}

static struct version_change chart_to(const char *path, const char *workload, const char *tag)
{
    struct version_change change = change_to(path, workload, tag);
    change.container = "chart";
    return change;
}

static void a_chart_is_a_place_named_by_where_it_comes_from(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *source, *wanted, *note;
    } cases[] = {
        {INDEX, "https://charts.example.org/stable/web:1.2.3", NULL},
        {HELM_REPOSITORY("{type: oci, url: oci://ghcr.io/acme/charts}"),
         "ghcr.io/acme/charts/web:1.2.3", NULL},
        {"", "helmrepository://acme/web:1.2.3", "the HelmRepository acme, with an address"},
        {HELM_REPOSITORY("{url: 'https://${HOST}'}"), "helmrepository://acme/web:1.2.3",
         "not looked for"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        FILES(world, {"dev/web.yaml", arena_printf(world->arena, CHART(VERSION("1.2.3")) "---\n%s",
                                                   cases[i].source)});
        const struct scan *scan = scan_of(world, "dev");
        const struct place *place = chart_of(scan, "web");
        expect_image(place, cases[i].wanted);
        assert_int_equal(scan->workload_count, 1);
        assert_int_equal(place->form, LOCATE_CHART);
        assert_int_equal(place->line, 8);
        assert_null(place->blocked);
        assert_false(place->is_floating);
        if (!cases[i].note != !place->note ||
            (place->note && !strstr(place->note, cases[i].note))) {
            fail_msg("case %zu: %s", i, place->note);
        }
        expect_edit(
            world, chart_to("dev", "web", "1.10.0"), "dev/web.yaml",
            arena_printf(world->arena, CHART(VERSION("1.10.0")) "---\n%s", cases[i].source));
    }
}

static void images_come_before_the_chart_and_change_by_themselves(void **state)
{
    struct world *world = *state;
    static const char values[] = "  values:\n    chart: {repository: acme/chart, tag: v1}\n"
                                 "    image: acme/web:1.2.3\n";
    FILES(world, {"dev/source.yaml", INDEX},
          {"dev/web.yaml", arena_printf(world->arena, CHART(VERSION("1.2.3")) "%s", values)});
    const struct scan *scan = scan_of(world, "dev");
    assert_int_equal(scan_find(scan, "web")->place_count, 3);
    assert_string_equal(scan_find(scan, "web")->places[0].container, "chart[2]");
    assert_string_equal(scan_find(scan, "web")->places[1].container, "image");
    expect_image(chart_of(scan, "web"), "https://charts.example.org/stable/web:1.2.3");
    expect_edit(world, chart_to("dev", "web", "1.2.4"), "dev/web.yaml",
                arena_printf(world->arena, CHART(VERSION("1.2.4")) "%s", values));
}

static void what_flux_chooses_is_seen_and_never_edited(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *files, *says, *tag;
    } cases[] = {
        {CHART(VERSION("1.x")), "\"1.x\" is a range, so Flux chooses", "1.x"},
        {CHART(VERSION("'>=1.0.0 <2'")), "write one version, like 1.2.3", ""},
        {CHART(VERSION("'1.2'")), "is a range", "1.2"},
        {CHART(""), "no version of the chart is written", ""},
        {CHART(VERSION("${VERSION}")), "is a range", ""},
        {REFERRING("web", "OCIRepository") "---\n" ARTIFACT("  ref: {semver: 1.x, tag: 1.2.3}\n"),
         "ref.semver \"1.x\" lets Flux choose", "1.x"},
        {REFERRING("web", "OCIRepository") "---\n" ARTIFACT("  ref: {}\n"), "pulls \"latest\"", ""},
        {REFERRING("web", "OCIRepository") "---\n" ARTIFACT(""), "pulls \"latest\"", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        FILES(world, {"dev/web.yaml", cases[i].files}, {"dev/source.yaml", INDEX});
        const struct place *place = chart_of(scan_of(world, "dev"), "web");
        expect_blocked(place, cases[i].says);
        assert_true(place->is_floating);
        assert_string_equal(place->image.tag, cases[i].tag);
        expect_refused(world, chart_to("dev", "web", "1.10.0"), ERR_REFUSED, cases[i].says);
    }
}

static void a_chart_of_git_has_no_version_of_its_own(void **state)
{
    struct world *world = *state;
    static const char *const files[] = {
        CHART_OF("GitRepository", VERSION("1.2.3")),
        CHART_OF("Bucket", VERSION("1.2.3")),
        REFERRING("web", "OCIRepository"), /* that is elsewhere */
        REFERRING("web", "ExternalArtifact"),
        ARTIFACT("  ref: {tag: 1.2.3}\n"), /* of which nobody makes a release */
    };
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        FILES(world, {"dev/web.yaml", files[i]}, {"dev/source.yaml", INDEX});
        assert_int_equal(scan_of(world, "dev")->workload_count, 0);
    }
}

static void a_chart_that_is_referred_to_is_changed_where_it_stands(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *before, *after;
        const char *image;
        enum pin pin;
    } cases[] = {
        {ARTIFACT("  ref: {tag: 1.2.3} # keep\n"), ARTIFACT("  ref: {tag: 1.10.0} # keep\n"),
         "ghcr.io/acme/charts/web:1.2.3", PIN_KEEP},
        {ARTIFACT("  ref:\n    tag: 1.2.3\n    digest: " OLD_DIGEST "\n"),
         ARTIFACT("  ref:\n    tag: 1.10.0\n    digest: " NEW_DIGEST "\n"),
         "ghcr.io/acme/charts/web:1.2.3@" OLD_DIGEST, PIN_KEEP},
        {ARTIFACT("  ref:\n    tag: 1.2.3\n    digest: " OLD_DIGEST "\n"),
         ARTIFACT("  ref:\n    tag: 1.10.0\n"), "ghcr.io/acme/charts/web:1.2.3@" OLD_DIGEST,
         PIN_NEVER},
        {ARTIFACT("  ref:\n    tag: 1.2.3\n"),
         ARTIFACT("  ref:\n    tag: 1.10.0\n    digest: " NEW_DIGEST "\n"),
         "ghcr.io/acme/charts/web:1.2.3", PIN_ALWAYS},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        FILES(world, {"dev/web.yaml", REFERRING("web", "OCIRepository")},
              {"dev/source.yaml", cases[i].before});
        const struct place *place = chart_of(scan_of(world, "dev"), "web");
        expect_image(place, cases[i].image);
        assert_string_equal(place->file, "dev/source.yaml");
        assert_null(place->blocked);
        assert_true(scan_reads(scan_find(scan_of(world, "dev"), "web"), "dev/source.yaml"));
        struct version_change change = chart_to("dev", "web", "1.10.0");
        struct commit_request request = request_for(world, &change, 1);
        request.pin = cases[i].pin;
        expect_files(world, &request, "dev/source.yaml", cases[i].after);
    }
}

static void a_helm_chart_object_holds_the_version_too(void **state)
{
    struct world *world = *state;
    static const char chart[] = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmChart\n" META(
        "web-chart") "spec: {chart: web, version: %s, sourceRef: {kind: HelmRepository, name: "
                     "acme}}\n";
    FILES(world, {"dev/web.yaml", REFERRING("web", "HelmChart")}, {"dev/source.yaml", INDEX},
          {"dev/chart.yaml", arena_printf(world->arena, chart, "1.2.3")});
    expect_image(chart_of(scan_of(world, "dev"), "web"),
                 "https://charts.example.org/stable/web:1.2.3");
    expect_edit(world, chart_to("dev", "web", "2.0.0"), "dev/chart.yaml",
                arena_printf(world->arena, chart, "2.0.0"));
}

static void a_build_is_told_as_registries_write_it(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/web.yaml", CHART(VERSION("1.2.3+7"))}, {"dev/source.yaml", INDEX});
    expect_image(chart_of(scan_of(world, "dev"), "web"),
                 "https://charts.example.org/stable/web:1.2.3_7");
    expect_edit(world, chart_to("dev", "web", "1.2.3_8"), "dev/web.yaml",
                CHART(VERSION("1.2.3+8")));
    struct version_change change = chart_to("dev", "web", "1.2.3_7");
    struct commit_request request = request_for(world, &change, 1);
    struct draft_commit draft;
    struct err err = {0};
    ASSERT_OK(commit(world, &request, &draft, &err), err);
    assert_int_equal(draft.edit_count, 0); /* it is there already */
    change = chart_to("dev", "web", "");
    expect_refused(world, change, ERR_REFUSED, "by its version, not by a digest");
}

static void releases_that_share_an_artifact_move_together(void **state)
{
    struct world *world = *state;
    FILES(world,
          {"dev/web.yaml",
           REFERRING("web", "OCIRepository") "---\n" REFERRING("api", "OCIRepository")},
          {"dev/source.yaml", ARTIFACT("  ref: {tag: 1.2.3}\n")});
    struct version_change changes[] = {chart_to("dev", "web", "2.0.0"),
                                       chart_to("dev", "api", "2.0.0")};
    expect_refused(world, changes[0], ERR_REFUSED, "promote them together");
    struct commit_request request = request_for(world, changes, 2);
    request.pin = PIN_NEVER;
    expect_files(world, &request, "dev/source.yaml", ARTIFACT("  ref: {tag: 2.0.0}\n"));
}

static void a_chart_alone_keeps_no_workload_of_its_name_out(void **state)
{
    struct world *world = *state;
    const char *web = deployment(world, "web", "acme/web:1");
    FILES(world, {"dev/a.yaml", CHART(VERSION("1.2.3"))}, {"dev/b.yaml", web});
    const struct scan *scan = scan_of(world, "dev");
    assert_int_equal(scan->workload_count, 1);
    assert_int_equal(scan_find(scan, "web")->kind, WORKLOAD_DEPLOYMENT);
    expect_problem(scan, "dev/a.yaml", 1, "the chart of this one is not promoted until");
    expect_edit(world, change_to("dev", "web", "2"), "dev/b.yaml",
                deployment(world, "web", "acme/web:2@" NEW_DIGEST));

    FILES(world, {"dev/b.yaml", REFERRING("web", "HelmChart") "---\n" CHART(VERSION("1.2.4"))});
    scan = scan_of(world, "dev");
    assert_int_equal(scan->workload_count, 0);
    expect_refused(world, chart_to("dev", "web", "2.0.0"), ERR_REFUSED, "two workloads of dev");
}

/* ---- kustomizations ---- */

static const char *const both[] = {"dev", "prod"};

static void a_patch_has_the_last_word_on_a_chart(void **state)
{
    struct world *world = *state;
    static const char patch[] = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n" META(
        "web") "spec: {chart: {spec: {version: %s}}}\n";
    FILES(world, {"base/web.yaml", CHART(VERSION("1.x")) "---\n" INDEX},
          {"base/kustomization.yaml", KUSTOMIZATION},
          {"dev/kustomization.yaml", "resources: [../base]\npatches:\n- path: patch.yaml\n"},
          {"dev/patch.yaml", arena_printf(world->arena, patch, "1.2.3")},
          {"prod/kustomization.yaml", "resources: [../base]\n"});
    const struct place *place = chart_of(scan_with(world, "dev", both, 2), "web");
    expect_image(place, "https://charts.example.org/stable/web:1.2.3");
    assert_string_equal(place->file, "dev/patch.yaml");
    assert_null(place->blocked);
    assert_false(place->is_floating);
    assert_true(chart_of(scan_with(world, "prod", both, 2), "web")->is_floating);
    expect_edit(world, chart_to("dev", "web", "1.3.0"), "dev/patch.yaml",
                arena_printf(world->arena, patch, "1.3.0"));
}

static void a_patch_whose_effect_on_a_chart_is_not_known_blocks(void **state)
{
    struct world *world = *state;
    static const char *const patches[][2] = {
        {"- target: {kind: HelmRelease}\n  patch: |-\n"
         "    - {op: replace, path: /spec/chart/spec/version, value: 2.0.0}\n",
         "may patch the chart's version"},
        {"- path: patch.yaml\n", "a patch says which chart it is"},
    };
    for (size_t i = 0; i < sizeof(patches) / sizeof(patches[0]); i++) {
        FILES(world, {"dev/web.yaml", CHART(VERSION("1.2.3")) "---\n" INDEX},
              {"dev/patch.yaml", "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n" META(
                                     "web") "spec: {chart: {spec: {sourceRef: {kind: "
                                            "HelmRepository, name: other}}}}\n"},
              {"dev/kustomization.yaml",
               arena_printf(world->arena, KUSTOMIZATION "patches:\n%s", patches[i][0])});
        expect_blocked(chart_of(scan_of(world, "dev"), "web"), patches[i][1]);
    }
}

static void a_patched_address_is_not_believed(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/web.yaml", CHART(VERSION("1.2.3")) "---\n" INDEX},
          {"dev/kustomization.yaml",
           KUSTOMIZATION "patches:\n- patch: |-\n    apiVersion: source.toolkit.fluxcd.io/v1\n"
                         "    kind: HelmRepository\n    " META(
                             "acme") "    spec: {url: https://other.example.org}\n"});
    expect_image(chart_of(scan_of(world, "dev"), "web"), "helmrepository://acme/web:1.2.3");
}

static struct commit_request request_with_both(struct world *world,
                                               const struct version_change *change)
{
    struct commit_request request = request_for(world, change, 1);
    request.all_paths = both;
    request.all_path_count = 2;
    request.pin = PIN_NEVER;
    return request;
}

static void expect_override(struct world *world, const char *file, const char *patch,
                            const char *kustomization)
{
    struct draft_commit draft;
    struct err err = {0};
    AUTO_STR(bytes, 10000);
    AUTO_STR(named, 10000);
    struct version_change change = chart_to("dev", "web", "1.10.0");
    struct commit_request request = request_with_both(world, &change);
    ASSERT_OK(commit(world, &request, &draft, &err), err);
    ASSERT_OK(git_read_path(world->git, draft.oid, file, &bytes, &err), err);
    ASSERT_OK(git_read_path(world->git, draft.oid, "dev/kustomization.yaml", &named, &err), err);
    assert_string_equal(bytes.text, patch);
    assert_string_equal(named.text, kustomization);
    TEXT_COPY_CUT(world->head, draft.oid);
    assert_string_equal(chart_of(scan_with(world, "dev", both, 2), "web")->image.tag, "1.10.0");
    assert_string_equal(chart_of(scan_with(world, "prod", both, 2), "web")->image.tag, "1.2.3");
    TEXT_COPY_CUT(change.to.tag, "1.11.0");
    request = request_with_both(world, &change);
    ASSERT_OK(commit(world, &request, &draft, &err), err);
    assert_int_equal(draft.edit_count, 1); /* from then on it is a place like any other */
}

static void a_shared_chart_is_overridden_by_a_patch(void **state)
{
    struct world *world = *state;
    FILES(world, {"base/web.yaml", CHART(VERSION("1.2.3")) "---\n" INDEX},
          {"base/kustomization.yaml", KUSTOMIZATION},
          {"dev/kustomization.yaml", "resources:\n  - ../base\n"},
          {"prod/kustomization.yaml", "resources:\n  - ../base\n"});
    const struct place *place = chart_of(scan_with(world, "dev", both, 2), "web");
    assert_null(place->blocked);
    assert_string_equal(place->note, "dev/web-chart-version.yaml is added as a patch to "
                                     "dev/kustomization.yaml, since prod uses base/web.yaml too");
    expect_override(world, "dev/web-chart-version.yaml",
                    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n"
                    "  name: web\n  namespace: shop\nspec:\n  chart:\n    spec:\n"
                    "      version: 1.10.0\n",
                    "resources:\n  - ../base\npatches:\n  - path: web-chart-version.yaml\n");
}

static void a_shared_artifact_is_overridden_by_a_patch(void **state)
{
    struct world *world = *state;
    FILES(world,
          {"base/web.yaml",
           REFERRING("web", "OCIRepository") "---\n" ARTIFACT("  ref: {tag: 1.2.3}\n")},
          {"base/kustomization.yaml", KUSTOMIZATION},
          {"dev/kustomization.yaml", "resources:\n  - ../base\n"},
          {"prod/kustomization.yaml", "resources:\n  - ../base\n"});
    expect_override(world, "dev/web-chart-chart-version.yaml",
                    "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata:\n"
                    "  name: web-chart\n  namespace: shop\nspec:\n  ref:\n    tag: 1.10.0\n",
                    "resources:\n  - ../base\npatches:\n  - path: web-chart-chart-version.yaml\n");
}

static void a_shared_chart_without_a_kustomization_is_refused(void **state)
{
    struct world *world = *state;
    FILES(world, {"base/web.yaml", CHART(VERSION("1.2.3")) "---\n" INDEX},
          {"base/kustomization.yaml", KUSTOMIZATION},
          {"dev/kustomization.yaml", "resources: [../base]\n"},
          {"prod/kustomization.yaml", "resources: [../dev]\n"});
    expect_blocked(chart_of(scan_with(world, "dev", both, 2), "web"),
                   "give each of them a kustomization.yaml of its own, which can patch it");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_chart_is_a_place_named_by_where_it_comes_from),
        TEST(images_come_before_the_chart_and_change_by_themselves),
        TEST(what_flux_chooses_is_seen_and_never_edited),
        TEST(a_chart_of_git_has_no_version_of_its_own),
        TEST(a_chart_that_is_referred_to_is_changed_where_it_stands),
        TEST(a_helm_chart_object_holds_the_version_too),
        TEST(a_build_is_told_as_registries_write_it),
        TEST(releases_that_share_an_artifact_move_together),
        TEST(a_chart_alone_keeps_no_workload_of_its_name_out),
        TEST(a_patch_has_the_last_word_on_a_chart),
        TEST(a_patch_whose_effect_on_a_chart_is_not_known_blocks),
        TEST(a_patched_address_is_not_believed),
        TEST(a_shared_chart_is_overridden_by_a_patch),
        TEST(a_shared_artifact_is_overridden_by_a_patch),
        TEST(a_shared_chart_without_a_kustomization_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
