#include "../testing.h"

#include <stdio.h>

#include "model/pipeline.h"

/* dev → staging → prod (two targets, two waves), which each test bends in one place. */
struct shop {
    struct pipeline pipeline;
    struct stage stages[3];
    struct target targets[4];
    size_t waves[4];
    const char *from_dev[2], *from_staging[2], *from_prod[2];
};

static struct shop *shop_make(struct shop *shop)
{
    *shop = (struct shop){
        .targets = {{"dev", "clusters/dev"},
                    {"staging", "clusters/staging"},
                    {"prod-eu", "clusters/prod-eu"},
                    {"prod-us", "clusters/prod-us"}},
        .waves = {0, 0, 0, 1},
        .from_dev = {"dev"},
        .from_staging = {"staging"},
        .from_prod = {"prod"},
    };
    struct stage stages[3] = {
        {.name = "dev",
         .targets = &shop->targets[0],
         .target_count = 1,
         .wave_of_target = &shop->waves[0],
         .wave_count = 1,
         .from = shop->from_prod,
         .line = 5,
         .column = 7},
        {.name = "staging",
         .targets = &shop->targets[1],
         .target_count = 1,
         .wave_of_target = &shop->waves[1],
         .wave_count = 1,
         .from = shop->from_dev,
         .from_count = 1,
         .line = 9,
         .column = 7},
        {.name = "prod",
         .targets = &shop->targets[2],
         .target_count = 2,
         .wave_of_target = &shop->waves[2],
         .wave_count = 2,
         .from = shop->from_staging,
         .from_count = 1,
         .line = 13,
         .column = 7},
    };
    memcpy(shop->stages, stages, sizeof(stages));
    shop->pipeline = (struct pipeline){.name = "shop", .stages = shop->stages, .stage_count = 3};
    return shop;
}

static void a_good_pipeline_passes_and_is_found_by_name_and_cluster(void **state)
{
    (void)state;
    struct shop shop;
    struct err err = {0};
    ASSERT_OK(pipeline_check(&shop_make(&shop)->pipeline, &err), err);
    assert_ptr_equal(pipeline_stage(&shop.pipeline, "staging"), &shop.stages[1]);
    assert_null(pipeline_stage(&shop.pipeline, "qa"));
    const struct target *target = NULL;
    assert_ptr_equal(pipeline_stage_of_cluster(&shop.pipeline, "prod-us", &target),
                     &shop.stages[2]);
    assert_ptr_equal(target, &shop.targets[3]);
    assert_null(pipeline_stage_of_cluster(&shop.pipeline, "mars", &target));
}

static void a_circle_is_spelled_out(void **state)
{
    (void)state;
    struct shop shop;
    struct err err = {0};
    shop_make(&shop)->stages[0].from_count = 1;
    ASSERT_FAILS(pipeline_check(&shop.pipeline, &err), err, ERR_INVALID,
                 "5:7: the stages go in a circle: dev → staging → prod → dev");
    shop_make(&shop)->from_dev[0] = "staging";
    ASSERT_FAILS(pipeline_check(&shop.pipeline, &err), err, ERR_INVALID, "staging → staging;");
}

static void an_unknown_stage_before_is_named_with_the_nearest(void **state)
{
    (void)state;
    struct shop shop;
    struct err err = {0};
    shop_make(&shop)->from_staging[0] = "stagin";
    ASSERT_FAILS(pipeline_check(&shop.pipeline, &err), err, ERR_INVALID,
                 "13:7: stage \"prod\" comes from \"stagin\", but no stage has that name; did you "
                 "mean \"staging\"?");
}

static void a_stage_outside_of_a_file_has_no_place_in_its_error(void **state)
{
    (void)state;
    struct shop shop;
    struct err err = {0};
    shop_make(&shop)->stages[2].target_count = 0;
    shop.stages[2].line = 0;
    assert_false(pipeline_check(&shop.pipeline, &err));
    assert_int_equal(strncmp(err.text, "stage \"prod\" has no targets", 27), 0);
}

/* Each bends the good pipeline in one place. */
static void bend_name(struct shop *shop)
{
    strcpy(shop->stages[1].name, "Staging");
}
static void bend_reserved(struct shop *shop)
{
    strcpy(shop->stages[2].name, "registry");
}
static void bend_twice(struct shop *shop)
{
    strcpy(shop->stages[1].name, "dev");
    shop->from_staging[0] = "dev";
    shop->stages[1].from_count = 0;
}
static void bend_cluster(struct shop *shop)
{
    strcpy(shop->targets[3].cluster, "dev");
}
static void bend_path(struct shop *shop)
{
    strcpy(shop->targets[3].path, "clusters/prod-eu");
}
static void bend_path_out(struct shop *shop)
{
    strcpy(shop->targets[3].path, "../prod");
}
static void bend_empty_wave(struct shop *shop)
{
    shop->waves[2] = 1;
}
static void bend_no_wave(struct shop *shop)
{
    shop->waves[3] = 2;
}
static void bend_soak(struct shop *shop)
{
    shop->stages[2].soak_ms = PIPELINE_SOAK_MS_MAX + 1;
}
static void bend_first_soak(struct shop *shop)
{
    shop->stages[0].soak_ms = 1;
}
static void bend_approvals(struct shop *shop)
{
    shop->stages[2].approvals = 1000;
}
static void bend_from_twice(struct shop *shop)
{
    shop->from_staging[1] = "staging";
    shop->stages[2].from_count = 2;
}
static void bend_empty(struct shop *shop)
{
    shop->pipeline.stage_count = 0;
}
static void bend_pipeline_name(struct shop *shop)
{
    strcpy(shop->pipeline.name, "");
}

static void each_wrong_thing_is_refused_with_its_reason(void **state)
{
    (void)state;
    static const struct {
        void (*bend)(struct shop *shop);
        const char *says;
    } cases[] = {
        {bend_name, "9:7: stage name \"Staging\""},
        {bend_reserved, "13:7: a stage cannot be called \"registry\""},
        {bend_twice, "two stages are called \"dev\""},
        {bend_cluster, "cluster \"dev\" is a target of stage \"dev\" already"},
        {bend_path, "belongs to cluster \"prod-eu\" already"},
        {bend_path_out, "must be a relative path"},
        {bend_empty_wave, "wave 1 of stage \"prod\" has no target"},
        {bend_no_wave, "is in no wave"},
        {bend_soak, "longer than 30 days"},
        {bend_first_soak, "no stage before it"},
        {bend_approvals, "at most 32"},
        {bend_from_twice, "names \"staging\" twice"},
        {bend_empty, "no stages"},
        {bend_pipeline_name, "pipeline name is empty"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct shop shop;
        struct err err = {0};
        cases[i].bend(shop_make(&shop));
        ASSERT_FAILS(pipeline_check(&shop.pipeline, &err), err, ERR_INVALID, cases[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_pipeline_passes_and_is_found_by_name_and_cluster),
        cmocka_unit_test(a_circle_is_spelled_out),
        cmocka_unit_test(an_unknown_stage_before_is_named_with_the_nearest),
        cmocka_unit_test(a_stage_outside_of_a_file_has_no_place_in_its_error),
        cmocka_unit_test(each_wrong_thing_is_refused_with_its_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
