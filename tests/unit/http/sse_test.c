#include "house.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define STREAM_COUNT 1000

/* Publishing, on the loop. */

static void publish(struct house *house, const char *type, const char *key, int64_t number)
{
    json_t *json = json_object();
    json_put_int(json, "n", number);
    sse_publish(house->hub, type, key, json);
}

static void publish_one(struct house *house)
{
    publish(house, "release", "release/1", 1);
}

static void publish_three_and_a_secret(struct house *house)
{
    publish(house, "release", "release/1", 1);
    publish(house, "secret", "secret/1", 666);
    publish(house, "release", "release/1", 2);
    publish(house, "release", "release/2", 3);
}

static void publish_more_than_the_ring(struct house *house)
{
    for (int i = 0; i < SSE_RING_EVENTS + 1; i++) {
        publish(house, "release", i % 2 ? "release/1" : NULL, i);
    }
}

static void publish_too_large(struct house *house)
{
    size_t length = (size_t)1 << 20;
    char *text = calloc(1, length + 1);
    memset(text, 'x', length);
    json_t *json = json_object();
    json_put_text(json, "text", text);
    sse_publish(house->hub, "release", NULL, json);
    free(text);
}

/* 20 MB to two keys: more than the kernel's buffers and the reader's queue hold, so that a
   reader that does not read waits in the ring. */
static void publish_a_lot(struct house *house)
{
    char filler[10001];
    memset(filler, 'x', sizeof(filler));
    filler[10000] = '\0';
    for (int i = 1; i <= 2000; i++) {
        json_t *json = json_object();
        json_put_text(json, "filler", filler);
        json_put_int(json, "n", i);
        sse_publish(house->hub, "big", i % 2 ? "odd" : "even", json);
    }
}

/* Reading. */

static int subscribe(struct house *house, const char *path, const char *last_id, struct str *out)
{
    AUTO_STR(request, 1000);
    int fd = raw_connect(house);
    str_addf(&request, "GET %s HTTP/1.1\r\nHost: x\r\n", path);
    if (last_id) {
        str_addf(&request, "Last-Event-ID: %s\r\n", last_id);
    }
    str_add(&request, "\r\n");
    raw_send(fd, request.text);
    assert_true(raw_read_until(fd, out, "event: hello\ndata: "));
    assert_true(raw_read_until(fd, out, "\"}\n\n"));
    return fd;
}

/* The last "id: " line before `end`. */
static void last_id_of(const char *text, char out[static 64])
{
    const char *found = NULL;
    for (const char *at = strstr(text, "id: "); at; at = strstr(at + 1, "id: ")) {
        found = at + 4;
    }
    assert_non_null(found);
    snprintf(out, 64, "%.*s", (int)strcspn(found, "\n"), found);
}

static int count_of(const char *text, const char *needle)
{
    int count = 0;
    for (const char *at = strstr(text, needle); at; at = strstr(at + 1, needle)) {
        count++;
    }
    return count;
}

static void a_reader_gets_what_is_published_and_it_may_see(void **state)
{
    struct house *house = *state;
    AUTO_STR(got, 1000000);
    int fd = subscribe(house, "/events", NULL, &got);
    assert_non_null(strstr(got.text, "Content-Type: text/event-stream\r\n"));
    assert_non_null(strstr(got.text, "Cache-Control: no-store\r\n"));
    assert_non_null(strstr(got.text, "X-Accel-Buffering: no\r\n"));
    house_do(house, publish_three_and_a_secret);
    assert_true(raw_read_until(fd, &got, "event: release\ndata: {\"n\":3}\n\n"));
    /* A reader that keeps up gets the whole story… */
    assert_non_null(strstr(got.text, "{\"n\":1}"));
    assert_non_null(strstr(got.text, "{\"n\":2}"));
    /* …but for what is not for it. */
    assert_null(strstr(got.text, "666"));
    close(fd);
}

static void a_reader_goes_on_where_it_was(void **state)
{
    struct house *house = *state;
    AUTO_STR(first, 1000000);
    AUTO_STR(second, 1000000);
    AUTO_STR(third, 1000000);
    char id[64];
    char path[128];
    int fd = subscribe(house, "/events", NULL, &first);
    house_do(house, publish_one);
    assert_true(raw_read_until(fd, &first, "{\"n\":1}\n\n"));
    close(fd);
    last_id_of(first.text, id);
    house_do(house, publish_three_and_a_secret);

    fd = subscribe(house, "/events", id, &second);
    assert_true(raw_read_until(fd, &second, "{\"n\":3}\n\n"));
    assert_non_null(strstr(second.text, "{\"n\":1}"));
    assert_null(strstr(second.text, "reset"));
    close(fd);

    /* The same by query, for a new EventSource. */
    snprintf(path, sizeof(path), "/events?lastEventId=%s", id);
    fd = subscribe(house, path, NULL, &third);
    assert_true(raw_read_until(fd, &third, "{\"n\":3}\n\n"));
    assert_null(strstr(third.text, "reset"));
    close(fd);
}

static void a_reader_with_an_unknown_id_must_read_all_again(void **state)
{
    struct house *house = *state;
    static const char *const ids[] = {
        "0000000000000000-1", "x", "-", "0000000000000000-99999999999999999999999", "1",
    };
    house_do(house, publish_one);
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        AUTO_STR(got, 1000000);
        int fd = subscribe(house, "/events", ids[i], &got);
        assert_true(raw_read_until(fd, &got, "event: reset\ndata: {}\n\n"));
        assert_null(strstr(got.text, "{\"n\":1}"));
        close(fd);
    }
}

static void a_reader_from_the_future_must_read_all_again(void **state)
{
    struct house *house = *state;
    AUTO_STR(first, 1000000);
    AUTO_STR(second, 1000000);
    char id[64];
    close(subscribe(house, "/events", NULL, &first));
    last_id_of(first.text, id);
    id[strlen(id) - 1] = '7';
    int fd = subscribe(house, "/events", id, &second);
    assert_true(raw_read_until(fd, &second, "event: reset"));
    close(fd);
}

static void a_reader_that_was_away_too_long_must_read_all_again(void **state)
{
    struct house *house = *state;
    AUTO_STR(first, 1000000);
    AUTO_STR(second, 4000000);
    char id[64];
    int fd = subscribe(house, "/events", NULL, &first);
    close(fd);
    last_id_of(first.text, id);
    house_do(house, publish_more_than_the_ring);
    fd = subscribe(house, "/events", id, &second);
    assert_true(raw_read_until(fd, &second, "event: reset"));
    close(fd);
    /* One event later it is just in reach. */
    AUTO_STR(third, 4000000);
    id[strlen(id) - 1]++;
    fd = subscribe(house, "/events", id, &third);
    char last[64];
    snprintf(last, sizeof(last), "{\"n\":%d}\n\n", SSE_RING_EVENTS);
    assert_true(raw_read_until(fd, &third, last));
    assert_null(strstr(third.text, "reset"));
    close(fd);
}

static void an_event_too_large_to_send_is_a_reset(void **state)
{
    struct house *house = *state;
    AUTO_STR(got, 1000000);
    int fd = subscribe(house, "/events", NULL, &got);
    house_do(house, publish_too_large);
    house_do(house, publish_one);
    assert_true(raw_read_until(fd, &got, "{\"n\":1}\n\n"));
    assert_non_null(strstr(got.text, "event: reset"));
    close(fd);
}

static void a_slow_reader_gets_the_newest_of_each_key(void **state)
{
    struct house *house = *state;
    AUTO_STR(got, 50000000);
    int fd = raw_connect(house);
    raw_send(fd, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(raw_read_until(fd, &got, "event: hello"));
    house_do(house, publish_a_lot); /* while this thread does not read */
    assert_true(raw_read_until(fd, &got, "\"n\":2000}\n\n"));
    assert_non_null(strstr(got.text, "\"n\":1999}"));
    int events = count_of(got.text, "event: big");
    if (events < 2 || events > 1900) {
        fail_msg("%d of 2000 events came", events);
    }
    assert_null(strstr(got.text, "reset"));
    /* From then on it gets every event again. */
    house_do(house, publish_three_and_a_secret);
    assert_true(raw_read_until(fd, &got, "{\"n\":3}\n\n"));
    assert_non_null(strstr(got.text, "{\"n\":1}\n\n"));
    close(fd);
}

static void beat_fast(struct house *house)
{
    sse_hub_set_heartbeat(house->hub, 15);
}

static void a_heartbeat_finds_readers_that_have_left(void **state)
{
    struct house *house = *state;
    AUTO_STR(got, 1000000);
    house_do(house, beat_fast);
    int fd = subscribe(house, "/events", NULL, &got);
    assert_true(raw_read_until(fd, &got, ":\nid: "));
    assert_int_equal(house_reader_count(house), 1);
    close(fd);
    house_await_readers(house, 0);
}

static void a_thousand_readers_hear_the_same(void **state)
{
    struct house *house = *state;
    int *fds = calloc(STREAM_COUNT, sizeof(*fds));
    for (int i = 0; i < STREAM_COUNT; i++) {
        fds[i] = raw_connect(house);
        raw_send(fds[i], "GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    house_await(&house->handled, STREAM_COUNT);
    assert_int_equal(house_reader_count(house), STREAM_COUNT);
    house_do(house, publish_one);
    for (int i = 0; i < STREAM_COUNT; i++) {
        AUTO_STR(got, 100000);
        assert_true(raw_read_until(fds[i], &got, "{\"n\":1}\n\n"));
        close(fds[i]);
    }
    house_do(house, beat_fast);
    house_await_readers(house, 0);
    free(fds);
}

static void readers_end_with_the_hub(void **state)
{
    struct house *house = *state;
    AUTO_STR(got, 100000);
    int fd = subscribe(house, "/events", NULL, &got);
    house_do(house, house_free_hub);
    assert_true(raw_read_until(fd, &got, "\r\n0\r\n\r\n"));
    close(fd);
}

/* Server, hub and readers on one loop and one thread, as in the demo. */

#define SHARED_READERS 100

struct shared {
    struct loop *loop;
    struct http_server *server;
    struct sse_hub *hub;
    struct http_stream *streams[SHARED_READERS];
    struct sse_parser *parsers[SHARED_READERS];
    int hellos, releases, ends;
};

static void subscribe_shared(struct http_exchange *exchange, void *context)
{
    struct shared *shared = context;
    sse_subscribe(shared->hub, exchange, NULL, NULL);
}

static void hear_shared(void *context, const char *id, const char *type, const char *data)
{
    struct shared *shared = context;
    assert_non_null(strchr(id, '-'));
    if (strcmp(type, "hello") == 0 && ++shared->hellos == SHARED_READERS) {
        sse_publish(shared->hub, "release", "release/1", json_object());
    }
    if (strcmp(type, "release") == 0) {
        assert_string_equal(data, "{}");
        shared->releases++;
    }
    if (shared->releases == SHARED_READERS) {
        loop_stop(shared->loop);
    }
}

/* Each stream has its place in the arrays as its context. */
struct place {
    struct shared *shared;
    int number;
};

static void feed_shared(void *context, struct slice bytes)
{
    struct place *place = context;
    assert_true(sse_parser_feed(place->shared->parsers[place->number], bytes));
}

static void end_shared(void *context, const struct err *err)
{
    struct place *place = context;
    assert_int_equal(err->kind, ERR_NONE);
    place->shared->streams[place->number] = NULL;
    if (++place->shared->ends == SHARED_READERS) {
        loop_stop(place->shared->loop);
    }
}

static void took_too_long(void *context)
{
    struct shared *shared = context;
    fail_msg("%d hellos, %d releases, %d ends", shared->hellos, shared->releases, shared->ends);
}

static void a_server_and_its_readers_can_share_a_loop(void **state)
{
    (void)state;
    static const struct http_stream_events events = {.on_data = feed_shared, .on_end = end_shared};
    static const struct http_route routes[] = {
        {HTTP_GET, "/events", 1, subscribe_shared, "Events", 0}};
    struct shared shared = {.loop = loop_new()};
    struct place places[SHARED_READERS];
    struct err err = {0};
    char url[64];
    shared.hub = sse_hub_new(shared.loop);
    const struct http_server_options options = {.loop = shared.loop,
                                                .address = "[::1]",
                                                .routes = routes,
                                                .route_count = 1,
                                                .context = &shared};
    ASSERT_OK(http_server_start(&options, &shared.server, &err), err);
    snprintf(url, sizeof(url), "http://[::1]:%d/events", http_server_port(shared.server));
    for (int i = 0; i < SHARED_READERS; i++) {
        places[i] = (struct place){&shared, i};
        shared.parsers[i] = sse_parser_new(hear_shared, &shared);
        shared.streams[i] =
            http_stream_open(shared.loop, &(struct http_call){.url = url}, 0, &events, &places[i]);
    }
    struct loop_timer *deadline =
        loop_timer_start(shared.loop, DEADLINE_MS, 0, took_too_long, &shared);
    loop_run(shared.loop);
    assert_int_equal(shared.releases, SHARED_READERS);
    sse_hub_free(&shared.hub);
    loop_run(shared.loop);
    assert_int_equal(shared.ends, SHARED_READERS);

    loop_timer_stop(&deadline);
    http_server_stop(&shared.server);
    for (int i = 0; i < SHARED_READERS; i++) {
        assert_null(shared.streams[i]);
        sse_parser_free(&shared.parsers[i]);
    }
    loop_free(&shared.loop);
}

/* The parser. */

struct heard {
    struct str text;
};

static void hear(void *context, const char *id, const char *type, const char *data)
{
    struct heard *heard = context;
    str_addf(&heard->text, "[%s|%s|%s]", id, type, data);
}

static void parse(const char *text, size_t chunk, struct heard *heard)
{
    struct sse_parser *parser = sse_parser_new(hear, heard);
    size_t length = strlen(text);
    for (size_t at = 0; at < length; at += chunk) {
        size_t left = length - at;
        assert_true(
            sse_parser_feed(parser, (struct slice){text + at, left < chunk ? left : chunk}));
    }
    sse_parser_free(&parser);
    assert_null(parser);
}

static void events_are_parsed_however_they_are_cut(void **state)
{
    (void)state;
    static const struct {
        const char *text, *events;
    } cases[] = {
        {"data: a\n\n", "[|message|a]"},
        {"id: 1\nevent: x\ndata: {}\n\n", "[1|x|{}]"},
        {"id: 1\r\ndata: a\r\n\r\ndata: b\r\n\r\n", "[1|message|a][1|message|b]"},
        {"event: x\r\ndata: a\r\ndata: b\r\n\r\n", "[|x|a\nb]"},
        {"data: a\r\rdata: b\r\r", "[|message|a][|message|b]"},
        {"data:a\ndata\ndata: b\n\n", "[|message|a\n\nb]"},
        {"data:  a: b\n\n", "[|message| a: b]"},
        {": heartbeat\n\n:\n\n", ""},
        {"event: x\n\ndata: a\n\n", "[|message|a]"},
        {":\nid: 7\n\ndata: a\n\n", "[7|message|a]"},
        {"\xEF\xBB\xBF"
         "data: a\n\n",
         "[|message|a]"},
        {"data: a\n\xEF\xBB\xBF"
         "data: b\n\n",
         "[|message|a]"},
        {"retry: 1000\nunknown: 1\nDATA: x\ndata: a\n\n", "[|message|a]"},
        {"data: unfinished\n", ""},
        {"data\n\n", "[|message|]"},
        {"", ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (size_t chunk = 1; chunk < 8; chunk++) {
            struct heard heard;
            str_init(&heard.text, 10000);
            parse(cases[i].text, chunk, &heard);
            assert_string_equal(heard.text.text, cases[i].events);
            str_done(&heard.text);
        }
    }
}

static void an_event_without_end_is_refused(void **state)
{
    (void)state;
    static const char *const endless[] = {"xxxxxxxx", "data: xxxxxxx\n"};
    for (size_t i = 0; i < COUNT_OF(endless); i++) {
        struct heard heard;
        str_init(&heard.text, 10000);
        struct sse_parser *parser = sse_parser_new(hear, &heard);
        size_t fed = 0;
        while (fed < 4000000 && sse_parser_feed(parser, slice_of(endless[i]))) {
            fed += strlen(endless[i]);
        }
        assert_true(fed > 500000 && fed < 3000000);
        assert_false(sse_parser_feed(parser, slice_of("\n\n")));
        assert_string_equal(heard.text.text, "");
        sse_parser_free(&parser);
        str_done(&heard.text);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_open, house_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reader_gets_what_is_published_and_it_may_see),
        TEST(a_reader_goes_on_where_it_was),
        TEST(a_reader_with_an_unknown_id_must_read_all_again),
        TEST(a_reader_from_the_future_must_read_all_again),
        TEST(a_reader_that_was_away_too_long_must_read_all_again),
        TEST(an_event_too_large_to_send_is_a_reset),
        TEST(a_slow_reader_gets_the_newest_of_each_key),
        TEST(a_heartbeat_finds_readers_that_have_left),
        TEST(a_thousand_readers_hear_the_same),
        TEST(readers_end_with_the_hub),
        cmocka_unit_test(a_server_and_its_readers_can_share_a_loop),
        cmocka_unit_test(events_are_parsed_however_they_are_cut),
        cmocka_unit_test(an_event_without_end_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
