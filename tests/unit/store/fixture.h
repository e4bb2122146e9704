/* fixture: a store in memory or in a folder of its own, and a release to put into it. */
#pragma once

#include "../testing.h"

#include "store/store.h"

/* cmocka's setup and teardown; *state is the struct store. */
int store_in_memory(void **state);
int store_is_closed(void **state);

/* A fresh folder; `file_path` is a file in it that does not exist yet. */
extern char file_path[80];
int folder_is_made(void **state);
int folder_is_removed(void **state);

#define DIGEST_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

struct image image_made(const char *repository, const char *tag, const char *digest);
/* A release of cart and web to two targets, in two waves; lives in the arena. */
struct release *release_made(struct arena *arena);
/* The same, inserted. */
struct release *release_stored(struct store *store, struct arena *arena);
/* Run a script on the file behind the store's back, to poison it. */
void poison(const char *sql);
