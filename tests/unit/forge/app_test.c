/* GitHub Apps: who asks, for what, and what is said when it gets nothing. */
#include "../testing.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../registry/script.h"
#include "app_key.h"

#include "base/json.h"
#include "crypto/crypto.h"
#include "forge/forge.h"

#define NOW_MS INT64_C(1795341785123)

static EVP_PKEY *key;
static char key_file[sizeof(APP_KEY_FILE)];

static int make_key(void **state)
{
    (void)state;
    key = app_key_make(key_file);
    return key ? 0 : -1;
}

static int drop_key(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    return unlink(key_file);
}

static bool ask(struct script *script, const char *file, struct str *token, struct err *err)
{
    char repository[64];
    snprintf(repository, sizeof(repository), "http://127.0.0.1:%d/shop/config.git", script->port);
    struct forge_app app = {.id = "4711", .key_file = file, .repository = repository};
    return forge_app_token(&app, NOW_MS, token, err);
}

/* ---- the proof ---- */

static void decode(struct slice part, struct str *out)
{
    AUTO_STR(base64, 4096);
    struct err err = {0};
    str_add_bytes(&base64, part.bytes, part.length);
    for (size_t i = 0; i < base64.length; i++) {
        base64.text[i] = base64.text[i] == '-' ? '+' : base64.text[i] == '_' ? '/' : base64.text[i];
    }
    while (base64.length % 4) {
        str_add_char(&base64, '=');
    }
    ASSERT_OK(crypto_unbase64(str_slice(&base64), out, &err), err);
}

static struct slice next_part(const char **at)
{
    struct slice part = {*at, strcspn(*at, ". \r\n")};
    *at += part.length + 1;
    return part;
}

static bool is_signed(struct slice text, const struct str *signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(context, (const unsigned char *)signature->text, signature->length,
                                 (const unsigned char *)text.bytes, text.length) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

static void expect_jwt(const char *log)
{
    static const char bearer[] = "Authorization: Bearer ";
    const char *begin = strcasestr(log, bearer);
    assert_non_null(begin);
    begin += strlen(bearer);
    const char *at = begin;
    struct slice header = next_part(&at), claims = next_part(&at);
    struct slice text = {begin, header.length + 1 + claims.length};
    AUTO_STR(head, 1024);
    AUTO_STR(body, 1024);
    AUTO_STR(signature, 1024);
    decode(header, &head);
    decode(claims, &body);
    decode(next_part(&at), &signature);
    assert_string_equal(head.text, "{\"alg\":\"RS256\",\"typ\":\"JWT\"}");
    assert_string_equal(body.text, "{\"exp\":1795342325,\"iat\":1795341725,\"iss\":\"4711\"}");
    assert_true(is_signed(text, &signature));
}

static void an_app_gets_a_token_for_its_repository(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {"GET /api/v3/repos/shop/config/installation ", NULL, "200 OK", "", "{\"id\": 42}", false,
         0},
        {"POST /api/v3/app/installations/42/access_tokens ", "{\"repositories\":[\"config\"]}",
         "201 Created", "", "{\"token\": \"ghs_abc\", \"expires_at\": \"2026-12-01T01:00:00Z\"}",
         false, 0}};
    struct script script;
    AUTO_STR(token, 256);
    struct err err = {0};
    script_start(&script, rules, COUNT_OF(rules));
    ASSERT_OK(ask(&script, key_file, &token, &err), err);
    assert_string_equal(token.text, "ghs_abc");
    pthread_mutex_lock(&script.lock);
    expect_jwt(script.log.text);
    pthread_mutex_unlock(&script.lock);
    script_stop(&script);
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *status, *body;
        enum err_kind kind;
        const char *says;
    } rows[] = {
        {"401 Unauthorized", "{\"message\": \"A JSON web token could not be decoded\"}",
         ERR_UNKNOWN_WHO, "could not be decoded; are --github-app-id and its key"},
        {"404 Not Found", "{\"message\": \"Not Found\"}", ERR_NOT_FOUND, "install the App"},
        {"502 Bad Gateway", "<html>", ERR_UNAVAILABLE, "502"},
        {"200 OK", "{\"id\": \"x\"}", ERR_UNAVAILABLE, "names no installation"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct script_rule rules[] = {{"GET ", NULL, rows[i].status, "", rows[i].body, false, 0}};
        struct script script;
        AUTO_STR(token, 256);
        struct err err = {0};
        script_start(&script, rules, COUNT_OF(rules));
        ASSERT_FAILS(ask(&script, key_file, &token, &err), err, rows[i].kind, rows[i].says);
        script_stop(&script);
    }
}

static void a_key_that_is_none_is_named(void **state)
{
    (void)state;
    struct script script;
    AUTO_STR(token, 256);
    struct err err = {0};
    script_start(&script, NULL, 0);
    ASSERT_FAILS(ask(&script, "/nonexistent.pem", &token, &err), err, ERR_NOT_FOUND,
                 "--github-app-key-file /nonexistent.pem");
    ASSERT_FAILS(ask(&script, "/etc/hostname", &token, &err), err, ERR_INVALID,
                 "no RSA private key");
    assert_int_equal(script_count(&script, "GET "), 0);
    script_stop(&script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_app_gets_a_token_for_its_repository),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(a_key_that_is_none_is_named),
    };
    return cmocka_run_group_tests_name("GitHub Apps", tests, make_key, drop_key);
}
