#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "db/db.h"

static char folder[64];
char file_path[80];

int store_in_memory(void **state)
{
    struct err err = {0};
    struct store *store = NULL;
    bool is_open = store_open(":memory:", &store, &err);
    *state = store;
    return is_open ? 0 : -1;
}

int store_is_closed(void **state)
{
    struct store *store = *state;
    store_close(&store);
    return 0;
}

int folder_is_made(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/heddle-store-XXXXXX");
    if (!mkdtemp(folder)) {
        return -1;
    }
    snprintf(file_path, sizeof(file_path), "%s/heddle.db", folder);
    return 0;
}

int folder_is_removed(void **state)
{
    (void)state;
    struct err err = {0};
    return file_remove_tree(folder, &err) ? 0 : -1;
}

struct image image_made(const char *repository, const char *tag, const char *digest)
{
    struct image image = {0};
    assert_true(TEXT_COPY(image.repository, repository) && TEXT_COPY(image.tag, tag) &&
                TEXT_COPY(image.digest, digest));
    return image;
}

static void fill_item(struct release_item *item, struct arena *arena, const char *workload,
                      const char *target, int wave)
{
    assert_true(TEXT_COPY(item->workload, workload) && TEXT_COPY(item->target, target));
    item->wave = wave;
    item->state = ITEM_WAITING;
    item->since_ms = 5000;
    item->changes = arena_alloc(arena, 1, sizeof(*item->changes));
    item->change_count = 1;
    TEXT_COPY_CUT(item->changes[0].container, "main");
    item->changes[0].from = image_made("shop/cart", "1.0.0", "");
    item->changes[0].to = image_made("shop/cart", "1.1.0", DIGEST_A);
}

struct release *release_made(struct arena *arena)
{
    struct release *release = ARENA_NEW(arena, struct release);
    *release = (struct release){
        .kind = RELEASE_PROMOTE,
        .stage = "prod",
        .from = "staging",
        .actor = "ada",
        .reason = "the sale begins",
        .phase = RELEASE_PLANNED,
        .why = "It was just asked for.",
        .plan_digest = "feed",
        .created_ms = 5000,
        .phase_ms = 5000,
        .wave_count = 2,
    };
    release->items = arena_alloc(arena, 2, sizeof(*release->items));
    release->item_count = 2;
    fill_item(&release->items[0], arena, "cart", "prod-eu", 0);
    fill_item(&release->items[1], arena, "web", "prod-us", 1);
    return release;
}

struct release *release_stored(struct store *store, struct arena *arena)
{
    struct err err = {0};
    struct release *release = release_made(arena);
    ASSERT_OK(store_release_insert(store, release, NULL, "", &err), err);
    return release;
}

void poison(const char *sql)
{
    struct err err = {0};
    struct db *db = NULL;
    ASSERT_OK(db_open(file_path, &db, &err), err);
    ASSERT_OK(db_script(db, sql, &err), err);
    db_close(&db);
}
