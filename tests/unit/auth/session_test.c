/* A browser's session: what its cookie opens, for how long, and what ends it. */
#include "../testing.h"

#include "auth/auth.h"

static int64_t now_ms;

static int64_t test_now(void *context)
{
    return *(int64_t *)context;
}

static void test_random(void *context, void *out, size_t length)
{
    (void)context;
    memset(out, 7, length);
}

static const struct env env = {test_now, test_now, test_random, &now_ms};

static const struct token_request ada = {.name = "ada", .role = ROLE_PROMOTE};
static const struct token_request agent = {
    .name = "agent dev", .role = ROLE_AGENT, .cluster = "dev"};

struct room {
    struct store *store;
    char token[AUTH_TOKEN_BYTES];
    char cookie[AUTH_COOKIE_BYTES]; /* what ada's browser keeps */
    struct principal ada;
    struct err err;
};

static int enter(void **state)
{
    struct room *room = xcalloc(1, sizeof(*room));
    now_ms = 1000000;
    bool is_open =
        store_open(":memory:", &room->store, &room->err) &&
        auth_token_create(room->store, &env, &ada, room->token, &room->err) &&
        auth_session_open(room->store, &env, room->token, room->cookie, &room->ada, &room->err);
    *state = room;
    return is_open ? 0 : -1;
}

static int leave(void **state)
{
    struct room *room = *state;
    store_close(&room->store);
    free(room);
    return 0;
}

/* The browser shows a cookie, and what it is given it shows next time. */
static bool show(struct room *room, char cookie[static AUTH_COOKIE_BYTES])
{
    char renewed[AUTH_COOKIE_BYTES];
    struct principal who = {0};
    room->err = (struct err){0};
    if (!auth_session_identify(room->store, &env, cookie, renewed, &who, &room->err)) {
        return false;
    }
    assert_string_equal(who.name, "ada");
    assert_int_equal(who.role, ROLE_PROMOTE);
    assert_int_equal(who.session_id, room->ada.session_id);
    if (renewed[0]) {
        memcpy(cookie, renewed, AUTH_COOKIE_BYTES);
    }
    return true;
}

static void show_well(struct room *room, char cookie[static AUTH_COOKIE_BYTES])
{
    ASSERT_OK(show(room, cookie), room->err);
}

static void show_in_vain(struct room *room, char cookie[static AUTH_COOKIE_BYTES])
{
    ASSERT_FAILS(show(room, cookie), room->err, ERR_UNKNOWN_WHO, "sign in again");
}

static void a_cookie_stands_for_the_token_that_was_shown(void **state)
{
    struct room *room = *state;
    assert_int_equal(strlen(room->cookie), AUTH_COOKIE_BYTES - 1);
    assert_null(strstr(room->cookie, room->token));
    assert_int_not_equal(room->ada.session_id, 0);
    show_well(room, room->cookie);
}

static void what_is_no_cookie_opens_nothing(void **state)
{
    struct room *room = *state;
    char changed[AUTH_COOKIE_BYTES];
    memcpy(changed, room->cookie, sizeof(changed));
    changed[0] = changed[0] == 'a' ? 'b' : 'a';
    const char *const others[] = {"", ".", "hdl_x", room->token, changed};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        char cookie[AUTH_COOKIE_BYTES] = "";
        TEXT_COPY_CUT(cookie, others[i]);
        show_in_vain(room, cookie);
    }
    show_well(room, room->cookie);
}

static void an_agents_token_does_not_sign_in(void **state)
{
    struct room *room = *state;
    char token[AUTH_TOKEN_BYTES];
    ASSERT_OK(auth_token_create(room->store, &env, &agent, token, &room->err), room->err);
    struct principal who = {0};
    ASSERT_FAILS(auth_session_open(room->store, &env, token, room->cookie, &who, &room->err),
                 room->err, ERR_DENIED, "agent");
}

static void the_secret_changes_while_it_is_used(void **state)
{
    struct room *room = *state;
    char first[AUTH_COOKIE_BYTES];
    memcpy(first, room->cookie, sizeof(first));
    now_ms += AUTH_ROTATE_MS - 1;
    show_well(room, room->cookie);
    assert_string_equal(room->cookie, first);
    now_ms += 1;
    show_well(room, room->cookie);
    assert_string_not_equal(room->cookie, first);
    show_well(room, room->cookie);
}

static void requests_under_way_may_still_show_the_secret_before(void **state)
{
    struct room *room = *state;
    char before[AUTH_COOKIE_BYTES];
    memcpy(before, room->cookie, sizeof(before));
    now_ms += AUTH_ROTATE_MS;
    show_well(room, room->cookie);
    show_well(room, room->cookie);
    now_ms += AUTH_ROTATE_GRACE_MS - 1;
    show_well(room, before);
}

static void a_secret_that_was_replaced_ends_the_session(void **state)
{
    struct room *room = *state;
    char copy[AUTH_COOKIE_BYTES];
    memcpy(copy, room->cookie, sizeof(copy));
    now_ms += AUTH_ROTATE_MS;
    show_well(room, room->cookie);
    show_well(room, room->cookie);
    now_ms += AUTH_ROTATE_GRACE_MS;
    show_in_vain(room, copy);
    show_in_vain(room, room->cookie);
}

static void a_guessed_secret_ends_the_session(void **state)
{
    struct room *room = *state;
    char guess[AUTH_COOKIE_BYTES];
    memcpy(guess, room->cookie, sizeof(guess));
    guess[AUTH_COOKIE_BYTES - 2] = guess[AUTH_COOKIE_BYTES - 2] == 'a' ? 'b' : 'a';
    show_in_vain(room, guess);
    show_in_vain(room, room->cookie);
}

static void a_lost_answer_locks_nobody_out(void **state)
{
    struct room *room = *state;
    char kept[AUTH_COOKIE_BYTES];
    memcpy(kept, room->cookie, sizeof(kept));
    now_ms += AUTH_ROTATE_MS;
    for (int lost = 0; lost < 3; lost++) {
        char answer[AUTH_COOKIE_BYTES];
        memcpy(answer, kept, sizeof(answer));
        show_well(room, answer);
        assert_string_not_equal(answer, kept);
        now_ms += AUTH_ROTATE_GRACE_MS;
    }
    show_well(room, kept);
    show_well(room, kept);
}

static void a_session_ends_when_it_is_not_used(void **state)
{
    struct room *room = *state;
    now_ms += AUTH_SESSION_IDLE_MS;
    show_in_vain(room, room->cookie);
}

static void a_session_ends_some_day_however_much_it_is_used(void **state)
{
    struct room *room = *state;
    for (int64_t end_ms = now_ms + AUTH_SESSION_MS; now_ms < end_ms;
         now_ms += AUTH_SESSION_IDLE_MS / 2) {
        show_well(room, room->cookie);
    }
    show_in_vain(room, room->cookie);
}

static void a_session_ends_with_its_token(void **state)
{
    struct room *room = *state;
    ASSERT_OK(store_token_revoke(room->store, "ada", now_ms, &room->err), room->err);
    show_in_vain(room, room->cookie);
}

static void signing_out_ends_one_session_or_all_of_the_token(void **state)
{
    struct room *room = *state;
    char second[AUTH_COOKIE_BYTES];
    char third[AUTH_COOKIE_BYTES];
    struct principal who = {0};
    ASSERT_OK(auth_session_open(room->store, &env, room->token, second, &who, &room->err),
              room->err);
    ASSERT_OK(auth_session_close(room->store, who.session_id, &room->err), room->err);
    show_in_vain(room, second);
    show_well(room, room->cookie);

    int64_t closed = 0;
    ASSERT_OK(auth_session_open(room->store, &env, room->token, third, &who, &room->err),
              room->err);
    ASSERT_OK(auth_session_close_all(room->store, who.token_id, &closed, &room->err), room->err);
    assert_int_equal(closed, 2);
    show_in_vain(room, room->cookie);
    show_in_vain(room, third);
}

static void
the_csrf_token_stays_when_the_secret_changes_and_is_anothers_in_another_session(void **state)
{
    struct room *room = *state;
    char csrf[AUTH_CSRF_BYTES];
    char later[AUTH_CSRF_BYTES];
    char other[AUTH_COOKIE_BYTES];
    struct principal who = {0};
    auth_session_csrf(room->cookie, csrf);
    assert_int_equal(strlen(csrf), AUTH_CSRF_BYTES - 1);
    now_ms += AUTH_ROTATE_MS;
    show_well(room, room->cookie);
    auth_session_csrf(room->cookie, later);
    assert_string_equal(csrf, later);
    ASSERT_OK(auth_session_open(room->store, &env, room->token, other, &who, &room->err),
              room->err);
    auth_session_csrf(other, later);
    assert_string_not_equal(csrf, later);
    auth_session_csrf("no cookie", later);
    assert_string_equal(later, "");
}

int main(void)
{
#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter, leave)
    const struct CMUnitTest tests[] = {
        IN_ROOM(a_cookie_stands_for_the_token_that_was_shown),
        IN_ROOM(what_is_no_cookie_opens_nothing),
        IN_ROOM(an_agents_token_does_not_sign_in),
        IN_ROOM(the_secret_changes_while_it_is_used),
        IN_ROOM(requests_under_way_may_still_show_the_secret_before),
        IN_ROOM(a_secret_that_was_replaced_ends_the_session),
        IN_ROOM(a_guessed_secret_ends_the_session),
        IN_ROOM(a_lost_answer_locks_nobody_out),
        IN_ROOM(a_session_ends_when_it_is_not_used),
        IN_ROOM(a_session_ends_some_day_however_much_it_is_used),
        IN_ROOM(a_session_ends_with_its_token),
        IN_ROOM(signing_out_ends_one_session_or_all_of_the_token),
        IN_ROOM(the_csrf_token_stays_when_the_secret_changes_and_is_anothers_in_another_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
