#include "count.h"

#include "../testing.h"

#define LOOK_MS 2

struct wait {
    struct loop *loop;
    const int *counter;
    int wanted;
    int64_t waited_ms;
};

static void look(void *context)
{
    struct wait *wait = context;
    wait->waited_ms += LOOK_MS;
    if (*wait->counter >= wait->wanted || wait->waited_ms > PATIENCE_MS) {
        loop_stop(wait->loop);
    }
}

void await_count(struct loop *loop, const int *counter, int wanted)
{
    struct wait wait = {.loop = loop, .counter = counter, .wanted = wanted};
    struct loop_timer *timer = loop_timer_start(loop, 0, LOOK_MS, look, &wait);
    loop_run(loop);
    loop_timer_stop(&timer);
    assert_int_equal(*counter, wanted);
}
