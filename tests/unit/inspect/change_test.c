/* One image set to another version in one file: what becomes of the file, to the byte. */
#include "tree.h"

#define DIGEST_1 "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define DIGEST_2 "sha256:2222222222222222222222222222222222222222222222222222222222222222"
#define POD "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n"
#define CONTAINERS POD "  containers:\n"

struct change_case {
    const char *name;
    const char *path; /* of the file; NULL: pod.yaml */
    const char *before;
    const char *tag;      /* of acme/a; NULL: 2.0 */
    const char *digest;   /* NULL: none */
    const char *workload; /* NULL: any */
    const char *after;    /* NULL: as before */
    const char *refused;  /* words of a refusal; NULL: none */
};

/* ---- scalars ---- */

static const struct change_case scalars[] = {
    {"a plain scalar", NULL, CONTAINERS "    - image: acme/a:1.0\n",
     .after = CONTAINERS "    - image: acme/a:2.0\n"},
    {"a comment and blanks behind it stay", NULL, CONTAINERS "    - image:   acme/a:1.0   # why \n",
     .after = CONTAINERS "    - image:   acme/a:2.0   # why \n"},
    {"a tab between value and comment stays", NULL, CONTAINERS "    - image: acme/a:1.0\t# why\n",
     .after = CONTAINERS "    - image: acme/a:2.0\t# why\n"},
    {"a tab behind the colon stays", NULL, CONTAINERS "    - image:\tacme/a:1.0\n",
     .after = CONTAINERS "    - image:\tacme/a:2.0\n"},
    {"single quotes stay", NULL, CONTAINERS "    - image: 'acme/a:1.0'\n",
     .after = CONTAINERS "    - image: 'acme/a:2.0'\n"},
    {"double quotes stay", NULL, CONTAINERS "    - image: \"acme/a:1.0\"\n",
     .after = CONTAINERS "    - image: \"acme/a:2.0\"\n"},
    {"escapes in double quotes are undone", NULL, CONTAINERS "    - image: \"acme\\x2Fa:1.0\"\n",
     .after = CONTAINERS "    - image: \"acme/a:2.0\"\n"},
    {"a tag before the value stays", NULL, CONTAINERS "    - image: !!str acme/a:1.0\n",
     .after = CONTAINERS "    - image: !!str acme/a:2.0\n"},
    {"a value on the next line", NULL, CONTAINERS "    - image:\n        acme/a:1.0\n",
     .after = CONTAINERS "    - image:\n        acme/a:2.0\n"},
    {"without a tag it gets one", NULL, CONTAINERS "    - image: acme/a\n",
     .after = CONTAINERS "    - image: acme/a:2.0\n"},
    {"in quotes, too", NULL, CONTAINERS "    - image: \"acme/a\"\n",
     .after = CONTAINERS "    - image: \"acme/a:2.0\"\n"},
    {"a digest goes with the version", NULL, CONTAINERS "    - image: acme/a:1.0@" DIGEST_1 "\n",
     .after = CONTAINERS "    - image: acme/a:2.0\n"},
    {"a digest comes", NULL, CONTAINERS "    - image: acme/a:1.0\n", .digest = DIGEST_2,
     .after = CONTAINERS "    - image: acme/a:2.0@" DIGEST_2 "\n"},
    {"a digest alone", NULL, CONTAINERS "    - image: acme/a@" DIGEST_1 "\n", .tag = "",
     .digest = DIGEST_2, .after = CONTAINERS "    - image: acme/a@" DIGEST_2 "\n"},
    {"the right version is left alone", NULL, CONTAINERS "    - image: acme/a:2.0\n"},
    {"a longer name is another image", NULL, CONTAINERS "    - image: acme/ab:1.0\n"},
    {"a registry before it is another image", NULL, CONTAINERS "    - image: ghcr.io/acme/a:1.0\n"},
    {"text that looks like it is left alone", NULL,
     CONTAINERS "    - image: acme/a:1.0\n      env: [{name: A, value: 'acme/a:1.0'}]\n",
     .after = CONTAINERS "    - image: acme/a:2.0\n      env: [{name: A, value: 'acme/a:1.0'}]\n"},
    {"a commented line is left alone", NULL,
     CONTAINERS "    # - image: acme/a:1.0\n    - image: acme/a:1.0\n",
     .after = CONTAINERS "    # - image: acme/a:1.0\n    - image: acme/a:2.0\n"},
    {"text in a block is left alone", NULL,
     "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    image: acme/a:1.0\n    ---\n    "
     "x\n---\n" CONTAINERS "    - image: acme/a:1.0\n",
     .after = "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    image: acme/a:1.0\n    ---\n"
              "    x\n---\n" CONTAINERS "    - image: acme/a:2.0\n"},
    {"a value over two lines is no place", NULL, CONTAINERS "    - image: acme/a:1.0\n        b\n"},
    {"an escaped line break is refused", NULL,
     CONTAINERS "    - image: \"acme/\\\n        a:1.0\"\n", .refused = "spans several lines"},
};

/* ---- blocks ---- */

static const struct change_case blocks[] = {
    {"folded, without an end", NULL, CONTAINERS "    - image: >-\n        acme/a:1.0\n",
     .after = CONTAINERS "    - image: >-\n        acme/a:2.0\n"},
    {"literal, without an end", NULL, CONTAINERS "    - image: |-\n        acme/a:1.0\n",
     .after = CONTAINERS "    - image: |-\n        acme/a:2.0\n"},
    {"with a comment in its head and blank lines behind it", NULL,
     CONTAINERS "    - image: >- # why\n        acme/a:1.0\n\n      name: a\n",
     .after = CONTAINERS "    - image: >- # why\n        acme/a:2.0\n\n      name: a\n"},
    {"with its indentation given", NULL, CONTAINERS "    - image: |2-\n        acme/a:1.0\n",
     .after = CONTAINERS "    - image: |2-\n        acme/a:2.0\n"},
    {"with CRLF", NULL, CONTAINERS "    - image: >-\r\n        acme/a:1.0\r\n      name: a\r\n",
     .after = CONTAINERS "    - image: >-\r\n        acme/a:2.0\r\n      name: a\r\n"},
    {"at the end of a file without a line end", NULL,
     CONTAINERS "    - image: >-\n        acme/a:1.0",
     .after = CONTAINERS "    - image: >-\n        acme/a:2.0"},
    {"with an anchor", NULL, CONTAINERS "    - image: &a >-\n        acme/a:1.0\n",
     .after = CONTAINERS "    - image: &a >-\n        acme/a:2.0\n"},
    {"a line end in the value makes it no reference", NULL,
     CONTAINERS "    - image: |\n        acme/a:1.0\n"},
    {"two lines are no reference", NULL,
     CONTAINERS "    - image: >-\n        acme/a:1.0\n        b\n"},
};

/* ---- anchors ---- */

static const struct change_case anchors[] = {
    {"an anchor changes with its uses", NULL,
     CONTAINERS "    - image: &a acme/a:1.0\n    - image: *a\n    - image: *a\n",
     .after = CONTAINERS "    - image: &a acme/a:2.0\n    - image: *a\n    - image: *a\n"},
    {"an anchor that nobody uses is ordinary", NULL, CONTAINERS "    - image: &a acme/a:1.0\n",
     .after = CONTAINERS "    - image: &a acme/a:2.0\n"},
    {"an anchor that something else uses is refused", NULL,
     CONTAINERS "    - image: &a acme/a:1.0\n      env: [{name: A, value: *a}]\n",
     .refused = "under the anchor &a"},
    {"a refusal keeps no other place from its change", NULL,
     CONTAINERS "    - image: &a acme/a:1.0\n      name: *a\n    - image: acme/a:1.0\n",
     .after = CONTAINERS "    - image: &a acme/a:1.0\n      name: *a\n    - image: acme/a:2.0\n",
     .refused = "under the anchor &a"},
    {"an alias of something else gets a value of its own", NULL,
     "apiVersion: v1\nkind: Pod\nmetadata: {name: web, annotations: {i: &a acme/a:1.0}}\n"
     "spec: {containers: [{image: *a}]}\n",
     .after = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, annotations: {i: &a acme/a:1.0}}\n"
              "spec: {containers: [{image: acme/a:2.0}]}\n"},
    {"an anchor given twice means the last one", NULL,
     CONTAINERS "    - image: &a acme/a:1.0\n    - image: &a acme/b:1.0\n    - image: *a\n",
     .after =
         CONTAINERS "    - image: &a acme/a:2.0\n    - image: &a acme/b:1.0\n    - image: *a\n"},
    {"uses of one workload only: the anchor stays", NULL,
     CONTAINERS "    - image: &a acme/a:1.0\n---\n" CONTAINERS "    - image: acme/a:1.0\n",
     .workload = "Pod/web",
     .after =
         CONTAINERS "    - image: &a acme/a:2.0\n---\n" CONTAINERS "    - image: acme/a:2.0\n"},
    {"another object's use is not asked for", NULL,
     "apiVersion: v1\nkind: List\nitems:\n"
     "  - {apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {containers: [{image: &a "
     "acme/a:1}]}}\n"
     "  - {apiVersion: v1, kind: Pod, metadata: {name: y}, spec: {containers: [{image: *a}]}}\n",
     .workload = "Pod/x", .refused = "under the anchor &a"},
    {"an alias in another object gets a value of its own", NULL,
     "apiVersion: v1\nkind: List\nitems:\n"
     "  - {apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {containers: [{image: &a "
     "acme/a:1}]}}\n"
     "  - {apiVersion: v1, kind: Pod, metadata: {name: y}, spec: {containers: [{image: *a}]}}\n",
     .workload = "Pod/y",
     .after = "apiVersion: v1\nkind: List\nitems:\n"
              "  - {apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {containers: [{image: &a "
              "acme/a:1}]}}\n"
              "  - {apiVersion: v1, kind: Pod, metadata: {name: y}, spec: {containers: [{image: "
              "acme/a:2.0}]}}\n"},
    {"a tag that several images share is refused for one", "values.yaml",
     "a: {repository: acme/a, tag: &t 1.0}\nb: {repository: acme/b, tag: *t}\n",
     .refused = "under the anchor &t"},
    {"a shared tag of one image changes", "values.yaml",
     "a: {repository: acme/a, tag: &t 1.0}\nb: {repository: acme/a, tag: *t}\n",
     .after = "a: {repository: acme/a, tag: &t \"2.0\"}\nb: {repository: acme/a, tag: *t}\n"},
    {"a tag from elsewhere gets a value of its own", "values.yaml",
     "version: &t \"1.0\"\nimage:\n  repository: acme/a\n  tag: *t\n",
     .after = "version: &t \"1.0\"\nimage:\n  repository: acme/a\n  tag: \"2.0\"\n"},
    {"what a merge key brings is refused", NULL,
     POD "  x: &d {image: acme/a:1.0}\n  containers:\n    - {<<: *d, name: a}\n",
     .refused = "under the anchor &d"},
    {"what stands beside a merge key is ordinary", NULL,
     POD "  x: &d {image: acme/b:1.0}\n  containers:\n    - {<<: *d, image: acme/a:1.0}\n",
     .after =
         POD "  x: &d {image: acme/b:1.0}\n  containers:\n    - {<<: *d, image: acme/a:2.0}\n"},
    {"a container that aliases repeat is refused", NULL,
     CONTAINERS "    - &c {name: a, image: acme/a:1.0}\n  initContainers:\n    - *c\n",
     .refused = "under the anchor &c"},
};

/* ---- flow ---- */

static const struct change_case flows[] = {
    {"a flow mapping", NULL, POD "  containers: [{name: a, image: acme/a:1.0}]\n",
     .after = POD "  containers: [{name: a, image: acme/a:2.0}]\n"},
    {"over several lines", NULL,
     POD "  containers: [\n    {image: acme/a:1.0,\n     name: a},\n  ]\n",
     .after = POD "  containers: [\n    {image: acme/a:2.0,\n     name: a},\n  ]\n"},
    {"JSON", "pod.json",
     "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"spec\": {\"containers\": "
     "[{\"image\":\"acme/a:1.0\"}]}}",
     .after = "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"spec\": {\"containers\": "
              "[{\"image\":\"acme/a:2.0\"}]}}"},
    {"a split version in a flow mapping gets a digest into its tag", "values.yaml",
     "image: {repository: acme/a, tag: '1.0'}\n", .digest = DIGEST_2,
     .after = "image: {repository: acme/a, tag: '2.0@" DIGEST_2 "'}\n"},
    {"a missing tag is added in the flow", "values.yaml", "image: {repository: acme/a} # x\n",
     .after = "image: {repository: acme/a, tag: \"2.0\"} # x\n"},
    {"an entry of a flow list", "kustomization.yaml", "images: [{name: acme/a, newTag: v1}]\n",
     .after = "images: [{name: acme/a, newTag: \"2.0\"}]\n"},
    {"a digest goes from the flow", "kustomization.yaml",
     "images: [{name: acme/a, newTag: v1, digest: '" DIGEST_1 "'}]\n",
     .after = "images: [{name: acme/a, newTag: \"2.0\"}]\n"},
    {"a template that parses is left alone", NULL, CONTAINERS "    - image: {{ .Values.image }}\n"},
};

/* ---- bytes ---- */

static const struct change_case bytes[] = {
    {"CRLF", NULL,
     "apiVersion: v1\r\nkind: Pod\r\nspec:\r\n  containers:\r\n    - image: acme/a:1.0\r\n",
     .after =
         "apiVersion: v1\r\nkind: Pod\r\nspec:\r\n  containers:\r\n    - image: acme/a:2.0\r\n"},
    {"CRLF in an added line", "kustomization.yaml", "images:\r\n  - name: acme/a\r\n",
     .after = "images:\r\n  - name: acme/a\r\n    newTag: \"2.0\"\r\n"},
    {"mixed line ends stay mixed", "kustomization.yaml",
     "images:\n  - name: acme/a\r\n    newTag: v1\n", .digest = DIGEST_2,
     .after = "images:\n  - name: acme/a\r\n    newTag: \"2.0\"\n    digest: " DIGEST_2 "\n"},
    {"a byte order mark", NULL, "\xEF\xBB\xBF" CONTAINERS "    - image: acme/a:1.0\n",
     .after = "\xEF\xBB\xBF" CONTAINERS "    - image: acme/a:2.0\n"},
    {"no line end at the end", NULL, CONTAINERS "    - image: acme/a:1.0",
     .after = CONTAINERS "    - image: acme/a:2.0"},
    {"no line end at the end of an added line", "kustomization.yaml", "images:\n- name: acme/a",
     .after = "images:\n- name: acme/a\n  newTag: \"2.0\""},
    {"blank lines and blanks at the end", NULL, CONTAINERS "    - image: acme/a:1.0  \n \n\n",
     .after = CONTAINERS "    - image: acme/a:2.0  \n \n\n"},
    {"letters of many bytes before it", NULL,
     "# \xC3\xBC \xE2\x86\x92 \xF0\x9F\x98\x80\n" CONTAINERS
     "    - {name: \"\xC3\xBC\", image: acme/a:1.0}\n",
     .after = "# \xC3\xBC \xE2\x86\x92 \xF0\x9F\x98\x80\n" CONTAINERS
              "    - {name: \"\xC3\xBC\", image: acme/a:2.0}\n"},
    {"document marks and comments between", NULL,
     "%YAML 1.1\n---\n# one\n---\n" CONTAINERS "    - image: acme/a:1.0\n...\n---\n",
     .after = "%YAML 1.1\n---\n# one\n---\n" CONTAINERS "    - image: acme/a:2.0\n...\n---\n"},
    {"tabs as indentation are no YAML", NULL, CONTAINERS "\t- image: acme/a:1.0\n",
     .refused = "never with tabs"},
    {"a key twice", NULL, CONTAINERS "    - {image: acme/a:1.0, image: acme/a:1.1}\n",
     .refused = "line 6, column 27: the key \"image\" stands here twice (first in line 6)"},
    {"UTF-16", NULL,
     "\xFF\xFE"
     "a\0c\0m\0e",
     .refused = NULL},
    {"broken UTF-8", NULL, CONTAINERS "    - image: acme/a:1.0 # \xFF\n", .refused = "UTF-8"},
    {"a control byte", NULL, CONTAINERS "    - image: acme/a:1.0 # \x01\n", .refused = "control"},
};

/* ---- tags that YAML would read as something else ---- */

static const struct change_case types[] = {
    {"a number is quoted", "values.yaml", "image: {repository: acme/a, tag: v1}\n", .tag = "1.10",
     .after = "image: {repository: acme/a, tag: \"1.10\"}\n"},
    {"an exponent", "values.yaml", "image: {repository: acme/a, tag: v1}\n", .tag = "1e3",
     .after = "image: {repository: acme/a, tag: \"1e3\"}\n"},
    {"octal digits", "values.yaml", "image: {repository: acme/a, tag: v1}\n", .tag = "0123",
     .after = "image: {repository: acme/a, tag: \"0123\"}\n"},
    {"digits with a line between", "values.yaml", "image: {repository: acme/a, tag: v1}\n",
     .tag = "12_30", .after = "image: {repository: acme/a, tag: \"12_30\"}\n"},
    {"a truth value", "values.yaml", "image: {repository: acme/a, tag: v1}\n", .tag = "yes",
     .after = "image: {repository: acme/a, tag: \"yes\"}\n"},
    {"nothing at all", "values.yaml", "image: {repository: acme/a, tag: v1}\n", .tag = "null",
     .after = "image: {repository: acme/a, tag: \"null\"}\n"},
    {"a day", "values.yaml", "image: {repository: acme/a, tag: v1}\n", .tag = "2026-11-23",
     .after = "image: {repository: acme/a, tag: \"2026-11-23\"}\n"},
    {"text stays plain", "values.yaml", "image: {repository: acme/a, tag: v1}\n", .tag = "v2",
     .after = "image: {repository: acme/a, tag: v2}\n"},
    {"an empty tag is filled", "values.yaml", "image:\n  repository: acme/a\n  tag: \"\"\n",
     .after = "image:\n  repository: acme/a\n  tag: \"2.0\"\n"},
    {"an absent value is filled", "values.yaml", "image:\n  repository: acme/a\n  tag:\n",
     .after = "image:\n  repository: acme/a\n  tag: \"2.0\"\n"},
    {"digits behind a colon stay plain", NULL, CONTAINERS "    - image: acme/a:1\n",
     .tag = "1234567", .after = CONTAINERS "    - image: acme/a:1234567\n"},
};

static const struct inspect_refusal *refusal_with(const struct inspect_outcome *outcome,
                                                  const char *words)
{
    for (size_t i = 0; i < outcome->refusal_count; i++) {
        if (strstr(outcome->refusals[i].reason, words)) {
            return &outcome->refusals[i];
        }
    }
    return NULL;
}

static void check(const struct change_case *one)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    const struct one_file file = {one->path ? one->path : "pod.yaml", slice_of(one->before)};
    const struct inspect_wish wish = {
        .image = "acme/a",
        .tag = one->tag ? one->tag : "2.0",
        .digest = one->digest ? one->digest : "",
        .workload = one->workload,
    };
    struct inspect_outcome outcome = {0};
    set_in_file(&file, &wish, arena, &outcome);
    const char *want = one->after ? one->after : one->before;
    const char *got = outcome.edit_count ? outcome.edits[0].after.bytes : one->before;
    if (strcmp(got, want) != 0) {
        fail_msg("%s: got\n%s%s", one->name, got,
                 outcome.refusal_count ? outcome.refusals[0].reason : "");
    }
    if (one->refused ? !refusal_with(&outcome, one->refused) : outcome.refusal_count > 0) {
        fail_msg("%s: %zu refusals: %s", one->name, outcome.refusal_count,
                 outcome.refusal_count ? outcome.refusals[0].reason : "");
    }
}

#define CHECK_ALL(cases)                                                                           \
    for (size_t i = 0; i < COUNT_OF(cases); i++) {                                                 \
        check(&(cases)[i]);                                                                        \
    }

static void scalars_change_and_nothing_else(void **state)
{
    (void)state;
    CHECK_ALL(scalars);
}

static void blocks_of_one_line_change_in_place(void **state)
{
    (void)state;
    CHECK_ALL(blocks);
}

static void anchors_change_when_all_uses_shall(void **state)
{
    (void)state;
    CHECK_ALL(anchors);
}

static void flow_collections_stay_as_they_are(void **state)
{
    (void)state;
    CHECK_ALL(flows);
}

static void odd_bytes_stay(void **state)
{
    (void)state;
    CHECK_ALL(bytes);
}

static void a_tag_is_always_text(void **state)
{
    (void)state;
    CHECK_ALL(types);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_change_and_nothing_else),
        cmocka_unit_test(blocks_of_one_line_change_in_place),
        cmocka_unit_test(anchors_change_when_all_uses_shall),
        cmocka_unit_test(flow_collections_stay_as_they_are),
        cmocka_unit_test(odd_bytes_stay),
        cmocka_unit_test(a_tag_is_always_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
