/* Argo CD's Applications, by what their status says. */
#include "../testing.h"

#include "diagnose/diagnose.h"
#include "health/health.h"

#define SOURCE(version) "{\"chart\": \"api\", \"targetRevision\": \"" version "\", \"helm\": {}}"
#define TOLD(version) "{\"chart\": \"api\", \"targetRevision\": \"" version "\", \"repoURL\": \"\"}"
#define SYNC(status, version)                                                                      \
    "\"sync\": {\"status\": \"" status "\", \"revision\": \"" version                              \
    "\", \"comparedTo\": {\"source\": " TOLD(version) "}}"
#define HEALTH(status) ", \"health\": {\"status\": \"" status "\"}"
#define IMAGES(list) ", \"summary\": {\"images\": [" list "]}"
#define OPERATION(phase, version, message)                                                         \
    ", \"operationState\": {\"phase\": \"" phase "\", \"message\": \"" message                     \
    "\", \"syncResult\": {\"revision\": \"" version "\", \"source\": " TOLD(version) "}}"
#define DONE(version) OPERATION("Succeeded", version, "")
#define NEW "\"ghcr.io/acme/api:2\""
#define OLD "\"ghcr.io/acme/api:1\""
#define WELL SYNC("Synced", "1.2.3") HEALTH("Healthy") IMAGES(NEW ", \"redis:7\"") DONE("1.2.3")
#define AUTOMATED ", \"syncPolicy\": {\"automated\": {}}"

/* Wanted are chart 1.2.3 and acme/api:2. */
static const struct story {
    const char *name, *source, *policy, *status;
    enum workload_state want;
    const char *chart, *image, *code, *part;
} stories[] = {
    {"synced and healthy with the images of Git", SOURCE("1.2.3"), AUTOMATED, WELL,
     WORKLOAD_HEALTHY, "1.2.3", "2", "", ""},
    {"not looked at yet, whatever it says of the last one", SOURCE("1.2.4"), AUTOMATED, WELL,
     WORKLOAD_ROLLING_OUT, "1.2.3", "2", "HD1097", ""},
    {"compared is not applied", SOURCE("1.2.3"), AUTOMATED,
     SYNC("OutOfSync", "1.2.3") HEALTH("Healthy") IMAGES(OLD) DONE("1.2.2"), WORKLOAD_ROLLING_OUT,
     "1.2.2", "1", "HD1055", "Argo CD has not brought api 2 to api yet; it has 1."},
    {"synced, and its pods do not run the image yet", SOURCE("1.2.3"), AUTOMATED,
     SYNC("Synced", "1.2.3") HEALTH("Healthy") IMAGES(OLD), WORKLOAD_ROLLING_OUT, "1.2.3", "1",
     "HD1055", "api 2 to api yet; it has 1"},
    {"some pods run the old image still", SOURCE("1.2.3"), AUTOMATED,
     SYNC("Synced", "1.2.3") HEALTH("Healthy") IMAGES(NEW "," OLD), WORKLOAD_ROLLING_OUT, "1.2.3",
     "2", "HD1055", "it has 1"},
    {"what no pod runs is not waited for", SOURCE("1.2.3"), AUTOMATED,
     SYNC("Synced", "1.2.3") HEALTH("Healthy") IMAGES("\"redis:7\""), WORKLOAD_HEALTHY, "1.2.3", "",
     "", ""},
    {"progressing", SOURCE("1.2.3"), AUTOMATED,
     SYNC("Synced", "1.2.3") HEALTH("Progressing") IMAGES(NEW), WORKLOAD_ROLLING_OUT, "1.2.3", "2",
     "", ""},
    {"an operation runs", SOURCE("1.2.3"), AUTOMATED,
     SYNC("Synced", "1.2.3") HEALTH("Healthy") IMAGES(NEW) OPERATION("Running", "1.2.3", ""),
     WORKLOAD_ROLLING_OUT, "1.2.3", "2", "", ""},
    {"a sync that failed is not tried again", SOURCE("1.2.3"), AUTOMATED,
     SYNC("OutOfSync", "1.2.3") HEALTH("Healthy") IMAGES(OLD)
         OPERATION("Failed", "1.2.3", "one or more objects failed to apply"),
     WORKLOAD_ROLLING_OUT, "", "1", "HD1053", "SyncFailed: one or more objects failed to apply"},
    {"one of an older version that failed says nothing", SOURCE("1.2.3"), AUTOMATED,
     SYNC("OutOfSync", "1.2.3") HEALTH("Healthy") IMAGES(OLD) OPERATION("Failed", "1.2.2", "no"),
     WORKLOAD_ROLLING_OUT, "", "1", "HD1055", ""},
    {"degraded, by one of its objects", SOURCE("1.2.3"), AUTOMATED,
     SYNC("Synced", "1.2.3") HEALTH("Degraded") IMAGES(
         NEW) ", \"resources\": [{\"kind\": \"Service\", \"name\": \"s\", \"health\": {\"status\": "
              "\"Healthy\"}}, {\"kind\": \"Deployment\", \"name\": \"web\", \"health\": "
              "{\"status\": "
              "\"Degraded\", \"message\": \"exceeded its progress deadline\"}}]",
     WORKLOAD_ROLLING_OUT, "1.2.3", "2", "HD1054",
     "Degraded: Deployment web: exceeded its progress deadline"},
    {"what cannot be rendered is told", SOURCE("1.2.3"), AUTOMATED,
     SYNC("Unknown", "1.2.3") HEALTH("Healthy") IMAGES(
         OLD) ", \"conditions\": [{\"type\": \"OrphanedResourceWarning\", \"message\": \"x\"}, "
              "{\"type\": \"ComparisonError\", \"message\": \"chart not found\"}]",
     WORKLOAD_ROLLING_OUT, "", "1", "HD1054", "ComparisonError: chart not found"},
    {"one that nobody syncs waits for a person", SOURCE("1.2.3"), "",
     SYNC("OutOfSync", "1.2.3") HEALTH("Healthy") IMAGES(OLD) DONE("1.2.2"), WORKLOAD_ROLLING_OUT,
     "1.2.2", "1", "HD1096", "waits for a person"},
    {"automation that is switched off is none", SOURCE("1.2.3"),
     ", \"syncPolicy\": {\"automated\": {\"enabled\": false}}",
     SYNC("OutOfSync", "1.2.3") HEALTH("Healthy") IMAGES(OLD) DONE("1.2.2"), WORKLOAD_ROLLING_OUT,
     "1.2.2", "1", "HD1096", ""},
    {"nothing is said yet", SOURCE("1.2.3"), AUTOMATED, "\"x\": 1", WORKLOAD_ROLLING_OUT, "", "",
     "HD1055", "Argo CD has not brought api 1.2.3 to api yet."},
};

static json_t *parse(const char *text)
{
    struct err err = {0};
    AUTO_JSON *whole = json_parse(slice_of(text), &err);
    ASSERT_OK(whole != NULL, err);
    return health_trim(whole); /* as an agent keeps it */
}

static struct workload_image wanted(const char *container, const char *repository, const char *tag)
{
    struct workload_image image = {0};
    TEXT_COPY_CUT(image.container, container);
    TEXT_COPY_CUT(image.image.repository, repository);
    TEXT_COPY_CUT(image.image.tag, tag);
    return image;
}

static const char *running_of(const struct workload_image *running, size_t count,
                              const char *container)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(running[i].container, container) == 0) {
            return running[i].image.tag;
        }
    }
    return "";
}

static void its_status_tells_how_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(stories); i++) {
        const struct story *story = &stories[i];
        AUTO(arena_free) struct arena *arena = arena_new();
        AUTO_JSON *live = parse(arena_printf(
            arena,
            "{\"apiVersion\": \"argoproj.io/v1alpha1\", \"kind\": \"Application\", \"metadata\": "
            "{\"name\": \"api\", \"generation\": 7}, \"spec\": {\"source\": %s%s}, \"status\": "
            "{%s}}",
            story->source, story->policy, story->status));
        const struct workload_image images[] = {
            wanted("image", "ghcr.io/acme/api", "2"),
            wanted("chart", "https://charts.example.org/api", "1.2.3")};
        struct workload_image running[4] = {0};
        struct workload_facts facts;
        struct diagnosis diagnosis = {0};
        const struct health_input input = {.live = live, .images = images, .image_count = 2};
        health_facts(&input, arena, &facts);
        diagnose(&facts, 0, &diagnosis);
        size_t count = health_running(&facts, running, 4);
        if (health_judge(&facts) != story->want || strcmp(diagnosis.code, story->code) != 0 ||
            !strstr(diagnosis.what, story->part) ||
            strcmp(running_of(running, count, "chart"), story->chart) != 0 ||
            strcmp(running_of(running, count, "image"), story->image) != 0) {
            fail_msg("%s: %s, chart %s, image %s, %s %s", story->name,
                     workload_state_name(health_judge(&facts)), running_of(running, count, "chart"),
                     running_of(running, count, "image"), diagnosis.code, diagnosis.what);
        }
    }
}

static void each_of_several_sources_has_its_own_revision(void **state)
{
    (void)state;
    static const char sources[] = "[{\"ref\": \"values\"}, {\"chart\": \"api\"}, {\"path\": "
                                  "\"extra\"}, {\"chart\": \"db\"}]";
    AUTO(arena_free) struct arena *arena = arena_new();
    AUTO_JSON *live = parse(arena_printf(
        arena,
        "{\"apiVersion\": \"argoproj.io/v1alpha1\", \"kind\": \"Application\", \"metadata\": "
        "{\"name\": \"api\"}, \"spec\": {\"sources\": %s, \"source\": {\"chart\": \"old\"}}, "
        "\"status\": {\"sync\": {\"status\": \"Synced\", \"comparedTo\": {\"sources\": %s}, "
        "\"revisions\": [\"abc\", \"1.0.0\", \"abc\", \"2.0.0\"]}, \"health\": {\"status\": "
        "\"Healthy\"}}}",
        sources, sources));
    const struct workload_image images[] = {
        wanted("chart", "https://charts.example.org/api", "1.0.0"),
        wanted("chart[3]", "https://charts.example.org/db", "2.1.0")};
    struct workload_image running[4] = {0};
    struct workload_facts facts;
    const struct health_input input = {.live = live, .images = images, .image_count = 2};
    health_facts(&input, arena, &facts);
    size_t count = health_running(&facts, running, 4);
    assert_string_equal(running_of(running, count, "chart"), "1.0.0");
    assert_string_equal(running_of(running, count, "chart[3]"), "2.0.0");
    assert_int_equal(health_judge(&facts), WORKLOAD_ROLLING_OUT);
    assert_string_equal(facts.chart.tag, "2.1.0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_status_tells_how_it_is),
        cmocka_unit_test(each_of_several_sources_has_its_own_revision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
