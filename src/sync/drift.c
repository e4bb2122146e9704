/* drift: changes by others, and fights with them. */
#include <string.h>

#include "sync/engine.h"

/* In a fight the other one may have it for this long at a time. */
#define FIGHT_PAUSE_MS 60000

void drift_note(struct object *object, const json_t *live)
{
    if (!object->drift) {
        object->drift = xcalloc(1, sizeof(*object->drift));
    }
    object->drift->manager[0] = '\0';
    if (live) {
        object_other_manager(live, object->drift->manager, sizeof(object->drift->manager));
    }
}

void drift_put_back(struct sync *sync, struct object *object)
{
    if (!object->drift) {
        drift_note(object, NULL);
    }
    struct drift *drift = object->drift;
    int64_t now = now_mono_ms(sync);
    size_t place = (size_t)drift->fixed % COUNT_OF(drift->recent_mono_ms);
    drift->recent_mono_ms[place] = now;
    drift->fixed++;
    drift->fixed_ms = now_ms(sync);
    /* The next place of the ring holds the oldest of the last six. */
    size_t oldest = (place + 1) % COUNT_OF(drift->recent_mono_ms);
    drift->is_fight =
        drift->fixed > FIGHT_PUT_BACKS && now - drift->recent_mono_ms[oldest] < FIGHT_MS;
    object->not_before_ms = drift->is_fight ? now + FIGHT_PAUSE_MS : 0;
    report_change(sync);
}
