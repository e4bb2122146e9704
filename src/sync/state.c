/*
 * state: what was applied, in the data folder, so that a restart sends only what differs.
 *
 * A cache: without it everything is applied once more, which changes nothing.  One line for
 * each object: hash, fingerprint, generation, uid, version, key.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "sync/engine.h"

#define STATE_BYTES_MAX (64U << 20)
#define FIRST_LINE "heddle agent state 1 of "

struct saving {
    struct sync *sync;
    const char *path;
    struct str text;
    struct err err;
};

static void read_line(struct sync *sync, const char *line)
{
    struct saved_object saved = {0};
    char key[1024];
    int64_t generation = 0;
    /* NOLINTNEXTLINE(cert-err34-c): our own cache; a wrong number costs one more apply. */
    if (sscanf(line, "%" SCNx64 " %" SCNx64 " %" SCNd64 " %47s %31s %1023s", &saved.hash,
               &saved.applied.fingerprint, &generation, saved.applied.uid, saved.applied.version,
               key) != 6) {
        return;
    }
    saved.applied.generation = generation;
    saved.applied.exists = true;
    free(map_set(&sync->saved, key, xmemdup(&saved, sizeof(saved))));
}

void state_load(struct sync *sync)
{
    AUTO_STR(text, STATE_BYTES_MAX);
    AUTO_STR(first, 256);
    struct err ignored = {0};
    str_addf(&first, FIRST_LINE "%s\n", sync->options.cluster);
    if (!file_read(sync->state_file, &text, &ignored) ||
        strncmp(text.text, first.text, first.length) != 0) {
        return;
    }
    char *rest = NULL;
    for (char *line = strtok_r(text.text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        read_line(sync, line);
    }
}

static void run(void *job)
{
    struct saving *saving = job;
    /* A cache that cannot be written is only missed at the next start. */
    if (file_replace(saving->path, str_slice(&saving->text), 0600, &saving->err)) {
        saving->err.kind = ERR_NONE;
    }
}

static void done(void *job, bool is_stopping)
{
    (void)is_stopping;
    struct saving *saving = job;
    job_end(saving->sync);
    str_done(&saving->text);
    free(saving);
}

void state_save(struct sync *sync)
{
    struct saving *saving = xcalloc(1, sizeof(*saving));
    saving->sync = sync;
    saving->path = sync->state_file;
    str_init(&saving->text, STATE_BYTES_MAX);
    str_addf(&saving->text, FIRST_LINE "%s\n", sync->options.cluster);
    MAP_EACH (slot, &sync->objects) {
        const struct object *object = slot->value;
        const struct live *applied = &object->applied;
        if (applied->exists && applied->uid[0] && applied->version[0]) {
            str_addf(&saving->text, "%" PRIx64 " %" PRIx64 " %" PRId64 " %s %s %s\n",
                     object->applied_hash, applied->fingerprint, applied->generation, applied->uid,
                     applied->version, object->key);
        }
    }
    sync->is_state_dirty = false;
    job_begin(sync);
    loop_work(sync->options.loop, sync->kube_queue, run, done, saving);
}

void state_free(struct sync *sync)
{
    MAP_EACH (slot, &sync->saved) {
        free(slot->value);
    }
    map_done(&sync->saved);
}
