/* How a browser signs in, what it may do then, and what it is served. */
#include "../server/house.h"

#include <stdio.h>

struct browser {
    struct house *house;
    char cookie[200]; /* "heddle_session=…" */
    char csrf[100];
};

static const struct answer *browse(struct browser *browser, const char *method, const char *path,
                                   const char *csrf)
{
    const struct http_header headers[] = {{"Cookie", browser->cookie}, {"X-Heddle-CSRF", csrf}};
    return ASK(browser->house, method, path, .token = "", .body = "{}", .headers = headers,
               .header_count = csrf ? 2 : 1);
}

static void sign_in(struct browser *browser, const char *token)
{
    AUTO_STR(header, 400);
    const struct answer *answer =
        ASK(browser->house, "POST", "/api/v1/session", .token = "",
            .body = arena_printf(browser->house->arena, "{\"token\": \"%s\"}", token));
    assert_int_equal(answer->status, 201);
    TEXT_COPY_CUT(browser->csrf, json_text_at(answer->body, "csrf", ""));
    assert_true(http_result_header(&answer->raw, "Set-Cookie", &header));
    assert_non_null(strstr(header.text, "; Path=/; "));
    assert_non_null(strstr(header.text, "; HttpOnly; SameSite=Strict"));
    assert_null(strstr(header.text, "Secure"));
    *strchr(header.text, ';') = '\0';
    TEXT_COPY_CUT(browser->cookie, header.text);
}

static void a_cookie_opens_what_its_token_opens(void **state)
{
    struct house *house = *state;
    struct browser rita = {house};
    sign_in(&rita, house_token(house, "rita", "read"));
    const struct answer *who = browse(&rita, "GET", "/api/v1/whoami", NULL);
    assert_string_equal(json_text_at(who->body, "name", ""), "rita");
    assert_string_equal(json_text_at(who->body, "csrf", ""), rita.csrf);
    assert_int_equal(browse(&rita, "GET", "/api/v1/board", NULL)->status, 200);
    assert_int_equal(browse(&rita, "POST", "/api/v1/sync", rita.csrf)->status, 403);
    assert_int_equal(browse(&rita, "GET", "/api/v1/audit", NULL)->status, 403);
}

static void a_write_must_come_from_our_own_page(void **state)
{
    struct browser browser = {*state};
    sign_in(&browser, browser.house->admin);
    const char *const others[] = {NULL, "", "guess", browser.cookie};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        const struct answer *answer = browse(&browser, "POST", "/api/v1/sync", others[i]);
        assert_int_equal(answer->status, 403);
        assert_non_null(strstr(json_text_at(answer->body, "error.message", ""), "reload"));
    }
    assert_int_equal(browse(&browser, "POST", "/api/v1/sync", browser.csrf)->status, 202);
}

static void only_a_persons_token_signs_in(void **state)
{
    struct house *house = *state;
    const struct {
        const char *token;
        int status;
    } cases[] = {{"hdl_garbage", 401}, {"", 422}, {house_agent(house, "dev"), 403}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *body = arena_printf(house->arena, "{\"token\": \"%s\"}", cases[i].token);
        const struct answer *answer =
            ASK(house, "POST", "/api/v1/session", .token = "", .body = body);
        AUTO_STR(cookie, 400);
        assert_int_equal(answer->status, cases[i].status);
        assert_false(http_result_header(&answer->raw, "Set-Cookie", &cookie));
    }
}

static void signing_out_closes_one_browser_and_everywhere_all(void **state)
{
    struct house *house = *state;
    struct browser desk = {house};
    struct browser phone = {house};
    struct browser sofa = {house};
    sign_in(&desk, house->admin);
    sign_in(&phone, house->admin);
    sign_in(&sofa, house->admin);
    assert_int_equal(browse(&desk, "DELETE", "/api/v1/session", desk.csrf)->status, 204);
    assert_int_equal(browse(&desk, "GET", "/api/v1/board", NULL)->status, 401);
    assert_int_equal(browse(&phone, "GET", "/api/v1/board", NULL)->status, 200);

    const struct answer *ended = browse(&phone, "DELETE", "/api/v1/sessions", phone.csrf);
    assert_int_equal(json_int_at(ended->body, "ended", 0), 2);
    assert_int_equal(browse(&phone, "GET", "/api/v1/board", NULL)->status, 401);
    assert_int_equal(browse(&sofa, "GET", "/api/v1/board", NULL)->status, 401);
    assert_int_equal(ASK(house, "GET", "/api/v1/board")->status, 200);
}

static const json_t *sessions_of(struct browser *browser)
{
    return json_array_at(browse(browser, "GET", "/api/v1/sessions", NULL)->body, "items");
}

static void a_token_knows_its_browsers_until_they_are_over(void **state)
{
    struct house *house = *state;
    struct browser desk = {house};
    struct browser phone = {house};
    struct browser ritas = {house};
    sign_in(&desk, house->admin);
    sign_in(&ritas, house_token(house, "rita", "read"));
    house_pass(house, 3600000);
    sign_in(&phone, house->admin);
    const json_t *sessions = sessions_of(&phone);
    assert_int_equal(json_array_size(sessions), 2);
    assert_true(json_bool_at(json_array_get(sessions, 0), "isThis", false));
    assert_false(json_bool_at(json_array_get(sessions, 1), "isThis", true));
    assert_string_not_equal(json_text_at(json_array_get(sessions, 0), "openedAt", ""),
                            json_text_at(json_array_get(sessions, 1), "openedAt", ""));
    assert_int_equal(json_array_size(sessions_of(&ritas)), 1);
    house_pass(house, 86400000 - 3600000); /* the desk's was unused for a day */
    assert_int_equal(json_array_size(sessions_of(&phone)), 1);
    const struct answer *bare = ASK(house, "GET", "/api/v1/sessions");
    assert_false(
        json_bool_at(json_array_get(json_array_at(bare->body, "items"), 0), "isThis", true));
}

static void a_session_is_found_among_other_cookies_and_after_a_restart(void **state)
{
    struct browser browser = {*state};
    sign_in(&browser, browser.house->admin);
    AUTO_STR(all, 400);
    str_addf(&all, "theme=dark; heddle_sessions=1;%s; lang=en", browser.cookie);
    TEXT_COPY_CUT(browser.cookie, all.text);
    house_restart(browser.house);
    assert_int_equal(browse(&browser, "GET", "/api/v1/board", NULL)->status, 200);
}

static void behind_tls_the_cookie_stays_behind_tls(void **state)
{
    struct house *house = *state;
    const struct http_header header = {"X-Forwarded-Proto", "https"};
    const struct answer *answer =
        ASK(house, "POST", "/api/v1/session", .token = "", .headers = &header, .header_count = 1,
            .body = arena_printf(house->arena, "{\"token\": \"%s\"}", house->admin));
    AUTO_STR(cookie, 400);
    assert_true(http_result_header(&answer->raw, "Set-Cookie", &cookie));
    assert_non_null(strstr(cookie.text, "; Secure"));
}

/* ---- what is served ---- */

static bool has_header(const struct answer *answer, const char *name, const char *part)
{
    AUTO_STR(value, 400);
    return http_result_header(&answer->raw, name, &value) && strstr(value.text, part);
}

static void every_address_of_the_ui_is_its_page(void **state)
{
    static const char *const addresses[] = {
        "/", "/board", "/board/cart/prod", "/releases/7", "/board/my.app/prod", "/nothing/yet"};
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        const struct answer *answer = ASK(*state, "GET", addresses[i], .token = "");
        assert_int_equal(answer->status, 200);
        assert_true(has_header(answer, "Content-Type", "text/html"));
        assert_true(has_header(answer, "Cache-Control", "no-cache"));
        assert_true(has_header(answer, "Content-Security-Policy", "default-src 'self'"));
        assert_non_null(strstr(answer->raw.body.text, "<title>heddle"));
    }
}

static void what_is_no_page_is_not_taken_for_one(void **state)
{
    static const char *const others[] = {"/api/v1/nothing", "/api/",        "/hooks/nothing",
                                         "/.env",           "/favicon.ico", "/assets/gone.js",
                                         "/index.php"};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        const struct answer *answer = ASK(*state, "GET", others[i]);
        assert_int_equal(answer->status, 404);
        assert_string_equal(json_text_at(answer->body, "error.code", ""), "not_found");
    }
}

static void a_page_that_is_known_is_not_sent_again(void **state)
{
    const struct answer *first = ASK(*state, "GET", "/board", .token = "");
    AUTO_STR(etag, 100);
    assert_true(http_result_header(&first->raw, "ETag", &etag));
    const struct http_header known = {"If-None-Match", etag.text};
    const struct answer *again =
        ASK(*state, "GET", "/releases", .token = "", .headers = &known, .header_count = 1);
    assert_int_equal(again->status, 304);
    assert_int_equal(again->raw.body.length, 0);
}

int main(void)
{
#define IN_HOUSE(test) cmocka_unit_test_setup_teardown(test, house_open, house_close)
    const struct CMUnitTest tests[] = {
        IN_HOUSE(a_cookie_opens_what_its_token_opens),
        IN_HOUSE(a_write_must_come_from_our_own_page),
        IN_HOUSE(only_a_persons_token_signs_in),
        IN_HOUSE(signing_out_closes_one_browser_and_everywhere_all),
        IN_HOUSE(a_token_knows_its_browsers_until_they_are_over),
        IN_HOUSE(a_session_is_found_among_other_cookies_and_after_a_restart),
        IN_HOUSE(behind_tls_the_cookie_stays_behind_tls),
        IN_HOUSE(every_address_of_the_ui_is_its_page),
        IN_HOUSE(what_is_no_page_is_not_taken_for_one),
        IN_HOUSE(a_page_that_is_known_is_not_sent_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
