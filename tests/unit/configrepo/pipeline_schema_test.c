/* The schema that `heddle schema` prints, and what is read, agree about every field. */
#include "../testing.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/schema.h"
#include "configrepo/configrepo.h"

/* Every field that there is, each kind of policy, gate and pull request. */
static const char everything[] =
    "{\"apiVersion\": \"heddle.dev/v1\", \"kind\": \"Pipeline\", \"metadata\": {\"name\": "
    "\"shop\"},"
    " \"spec\": {"
    "  \"versions\": ["
    "   {\"images\": \"a\", \"policy\": \"calendar\", \"tags\": \"v.*\", \"ignore\": \".*-rc\"},"
    "   {\"images\": \"b\", \"policy\": {\"semver\": \">=1.0.0\"}},"
    "   {\"images\": \"c\", \"policy\": {\"alphabetical\": \"asc\"}},"
    "   {\"images\": \"d\", \"policy\": {\"numeric\": \"asc\"}},"
    "   {\"images\": \"e\", \"policy\": {\"newest\": true}},"
    "   {\"images\": \"f\", \"policy\": {\"calendar\": \"asc\"}},"
    "   {\"images\": \"g\", \"policy\": {\"digest\": \"main\"}},"
    "   {\"images\": \"h\", \"policy\": {\"created\": true}, \"platform\": \"linux/arm64\"},"
    "   {\"images\": \"i\", \"signed\": {\"key\": \"-----BEGIN PUBLIC KEY-----\\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8viYUqkgFZ2/x4gINf5CjAZFKDri\\n"
    "xXRw6aPiCwoTL3vlmElIZKPiYwNFzzkoVs6SxpFMl8s09MOUf2YYDIfsMQ==\\n"
    "-----END PUBLIC KEY-----\\n\", \"logged\": false}},"
    "   {\"images\": \"j\", \"signed\": {\"identity\": \"ci@example.org\","
    "    \"issuer\": \"https://example.org\", \"logged\": true}},"
    "   {\"images\": \"k\", \"signed\": {\"identityPattern\": \"https://example.org/.*\","
    "    \"issuer\": \"https://example.org\", \"logged\": true}}],"
    "  \"pin\": \"always\","
    "  \"imageFields\": [{\"kind\": \"Kafka\", \"path\": \"spec.pools[].image\"}],"
    "  \"stages\": ["
    "   {\"name\": \"dev\", \"targets\": [{\"cluster\": \"dev\", \"path\": \"clusters/.dev\"}],"
    "    \"automatic\": true, \"pullRequest\": true},"
    "   {\"name\": \"prod\", \"from\": [\"dev\"], \"onFailure\": \"rollback\", \"automatic\": "
    "false,"
    "    \"targets\": [{\"cluster\": \"eu\", \"path\": \"eu\"}, {\"cluster\": \"us\", \"path\": "
    "\"us\"}],"
    "    \"waves\": [[\"eu\"], [\"us\"]],"
    "    \"gates\": [{\"soak\": \"1h30m\"}, {\"approval\": {\"count\": 2}}]},"
    "   {\"name\": \"other\", \"targets\": [{\"cluster\": \"o\", \"path\": \".\","
    "     \"branch\": \"env/o\", \"repository\": \"infra\"}],"
    "    \"pullRequest\": {\"merge\": true},"
    "    \"gates\": [{\"approval\": 1}]}]}}";

struct house {
    json_t *schema;
    json_t *pipeline; /* changed and put back again and again */
    size_t compared;
};

static int begin(void **state)
{
    struct house *house = xcalloc(1, sizeof(*house));
    struct err err = {0};
    house->schema = json_parse(slice_of(configrepo_pipeline_schema), &err);
    ASSERT_OK(house->schema, err);
    house->pipeline = json_parse(slice_of(everything), &err);
    ASSERT_OK(house->pipeline, err);
    *state = house;
    return 0;
}

static int end(void **state)
{
    struct house *house = *state;
    json_drop(&house->schema);
    json_drop(&house->pipeline);
    free(house);
    return 0;
}

/* JSON is YAML, too. */
static bool is_read(const struct house *house, struct err *err)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct pipeline *pipeline = NULL;
    char *text = json_text(house->pipeline);
    bool read = configrepo_pipeline(slice_of(text), "heddle.yaml", arena, &pipeline, err);
    xfree(&text);
    return read;
}

static bool fits(const struct house *house, struct err *err)
{
    AUTO_STR(pointer, 500);
    return schema_check(house->schema, house->schema, house->pipeline, &pointer, err);
}

/* `is_loose`: what is read takes a number for a text, where the schema wants the quotes; and a
   version range has a grammar of its own, which no pattern says. */
static void compare(struct house *house, const char *what, bool is_loose)
{
    struct err of_reader = {0};
    struct err of_schema = {0};
    bool read = is_read(house, &of_reader);
    bool fit = fits(house, &of_schema);
    house->compared++;
    if (read != fit && !is_loose) {
        char *text = json_text(house->pipeline);
        fail_msg("%s: read: %s, schema: %s\n%s", what, read ? "yes" : of_reader.text,
                 fit ? "yes" : of_schema.text, text);
    }
}

static void try_values(struct house *house, json_t *object, const char *key, json_t *array,
                       size_t index)
{
    static const char *const wrong[] = {"{}", "[]", "null", "\"A b\"", "0", "true", "[{}]", "[[]]"};
    json_t *old = object ? json_object_get(object, key) : json_array_get(array, index);
    json_incref(old);
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        json_t *value = json_loads(wrong[i], JSON_DECODE_ANY, NULL);
        bool is_loose = json_is_string(old) && (json_is_integer(value) || json_is_boolean(value) ||
                                                (object && strcmp(key, "semver") == 0));
        if (object) {
            json_object_set_new(object, key, value);
        } else {
            json_array_set_new(array, index, value);
        }
        compare(house, wrong[i], is_loose);
    }
    if (object) {
        json_object_set_new(object, key, old);
    } else {
        json_array_set_new(array, index, old);
    }
}

static void try_without(struct house *house, json_t *object, const char *key)
{
    json_t *old = json_incref(json_object_get(object, key));
    json_object_del(object, key);
    bool is_about_others = strcmp(key, "from") == 0; /* a soak gate needs a stage before it */
    compare(house, key, is_about_others);
    json_object_set_new(object, key, old);
}

/* The keys as they are now: the object changes under way. */
static json_t *keys_of(json_t *object)
{
    json_t *keys = json_array();
    const char *key = NULL;
    json_t *ignored = NULL;
    json_object_foreach (object, key, ignored) {
        json_array_append_new(keys, json_string(key));
    }
    return keys;
}

static void try_all(struct house *house, json_t *value)
{
    AUTO_JSON *keys = json_is_object(value) ? keys_of(value) : json_array();
    size_t i = 0;
    const json_t *key = NULL;
    json_array_foreach (keys, i, key) {
        const char *name = json_string_value(key);
        try_values(house, value, name, NULL, 0);
        try_without(house, value, name);
        try_all(house, json_object_get(value, name));
    }
    for (i = 0; i < json_array_size(value); i++) {
        try_values(house, NULL, NULL, value, i);
        try_all(house, json_array_get(value, i));
    }
}

static void a_file_with_every_field_fits_and_is_read(void **state)
{
    struct house *house = *state;
    struct err err = {0};
    ASSERT_OK(is_read(house, &err), err);
    ASSERT_OK(fits(house, &err), err);
}

static void whatever_one_of_them_refuses_the_other_does_too(void **state)
{
    struct house *house = *state;
    try_all(house, house->pipeline);
    assert_true(house->compared > 500);
}

/* ---- the same fields ---- */

static void collect_properties(const struct house *house, const json_t *schema, struct map *names)
{
    const char *reference = json_text_at(schema, "$ref", NULL);
    const char *name = NULL;
    const json_t *described = NULL;
    if (reference) {
        collect_properties(house, schema_find(house->schema, reference), names);
    }
    json_object_foreach (json_object_get(schema, "properties"), name, described) {
        map_set(names, name, (void *)(uintptr_t)described);
    }
    size_t i = 0;
    const json_t *one = NULL;
    json_array_foreach (json_object_get(schema, "anyOf"), i, one) {
        collect_properties(house, one, names);
    }
}

static const json_t *items_of(const struct house *house, const json_t *schema)
{
    const char *reference = json_text_at(schema, "$ref", NULL);
    return json_object_get(reference ? schema_find(house->schema, reference) : schema, "items");
}

/* What is read says all the fields that it knows, when it is given a strange one. */
static void compare_names(const struct house *house, json_t *object, const struct map *names)
{
    struct err err = {0};
    json_object_set_new(object, "qqqqqqqqqqqqqqqq", json_true());
    assert_false(is_read(house, &err));
    struct err ignored = {0};
    assert_false(fits(house, &ignored));
    json_object_del(object, "qqqqqqqqqqqqqqqq");

    const char *at = strstr(err.text, "known are: ");
    size_t count = 0;
    assert_non_null(at);
    for (at += strlen("known are: "); *at; count++) {
        char name[64] = {0};
        size_t length = strcspn(at, ",");
        assert_true(length < sizeof(name));
        memcpy(name, at, length);
        if (!map_has(names, name)) {
            fail_msg("the schema does not know \"%s\": %s", name, err.text);
        }
        at += length + strspn(at + length, ", ");
    }
    if (count != names->count) {
        fail_msg("the schema knows %zu fields: %s", names->count, err.text);
    }
}

static void walk_names(const struct house *house, const json_t *schema, json_t *value)
{
    AUTO(map_done) struct map names = {0};
    const char *name = NULL;
    json_t *field = NULL;
    for (size_t i = 0; i < json_array_size(value); i++) {
        walk_names(house, items_of(house, schema), json_array_get(value, i));
    }
    if (!json_is_object(value)) {
        return;
    }
    collect_properties(house, schema, &names);
    compare_names(house, value, &names);
    json_object_foreach (value, name, field) {
        walk_names(house, map_get(&names, name), field);
    }
}

static void both_know_the_same_fields_everywhere(void **state)
{
    struct house *house = *state;
    walk_names(house, house->schema, house->pipeline);
}

/* ---- the schema itself ---- */

static void check_schema(const struct house *house, const json_t *schema)
{
    static const char *const of_documents[] = {"$schema", "$id", "title", "$defs"};
    const char *name = NULL;
    const json_t *value = NULL;
    json_object_foreach ((json_t *)(uintptr_t)schema, name, value) {
        bool is_known = schema_is_keyword(name);
        for (size_t i = 0; i < COUNT_OF(of_documents); i++) {
            is_known = is_known || strcmp(of_documents[i], name) == 0;
        }
        if (!is_known) {
            fail_msg("the checker does not know the keyword \"%s\"", name);
        }
    }
    if (strcmp(json_text_at(schema, "type", ""), "object") == 0) {
        assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
    }
    json_object_foreach (json_object_get(schema, "properties"), name, value) {
        const char *reference = json_text_at(value, "$ref", NULL);
        const json_t *target = reference ? schema_find(house->schema, reference) : value;
        if (!target || (!json_text_at(value, "description", NULL) &&
                        !json_text_at(target, "description", NULL))) {
            fail_msg("\"%s\" is not described", name);
        }
        check_schema(house, value);
    }
    size_t i = 0;
    json_array_foreach (json_object_get(schema, "anyOf"), i, value) {
        check_schema(house, value);
    }
    json_object_foreach (json_object_get(schema, "$defs"), name, value) {
        check_schema(house, value);
    }
    if (json_object_get(schema, "items")) {
        check_schema(house, json_object_get(schema, "items"));
    }
}

static void the_schema_is_strict_and_describes_every_field(void **state)
{
    struct house *house = *state;
    assert_string_equal(json_text_at(house->schema, "$schema", ""),
                        "https://json-schema.org/draft/2020-12/schema");
    check_schema(house, house->schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_with_every_field_fits_and_is_read, begin, end),
        cmocka_unit_test_setup_teardown(whatever_one_of_them_refuses_the_other_does_too, begin,
                                        end),
        cmocka_unit_test_setup_teardown(both_know_the_same_fields_everywhere, begin, end),
        cmocka_unit_test_setup_teardown(the_schema_is_strict_and_describes_every_field, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
