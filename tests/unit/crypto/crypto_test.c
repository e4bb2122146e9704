#include "../testing.h"

#include "crypto/crypto.h"

static void sha256_gives_the_published_values(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hex; /* FIPS 180-2, appendix B */
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char hex[SHA256_HEX_BYTES];
        crypto_sha256_hex(slice_of(cases[i].text), hex);
        assert_string_equal(hex, cases[i].hex);
    }
}

static void hmac_gives_the_published_values(void **state)
{
    (void)state;
    char hex[SHA256_HEX_BYTES];
    /* RFC 4231, test case 2. */
    crypto_hmac_sha256_hex(slice_of("Jefe"), slice_of("what do ya want for nothing?"), hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    crypto_hmac_sha256_hex(slice_of(""), slice_of(""), hex);
    assert_string_equal(hex, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void equal_compares_length_and_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool is_equal;
    } cases[] = {
        {"", "", true},
        {"secret", "secret", true},
        {"secret", "secres", false},
        {"secret", "xecret", false},
        {"secret", "secre", false},
        {"secret", "", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(crypto_equal(slice_of(cases[i].a), slice_of(cases[i].b)),
                         cases[i].is_equal);
    }
}

static void random_text_has_its_length_its_letters_and_no_repetition(void **state)
{
    (void)state;
    char one[44];
    char two[44];
    crypto_random_text(one, 43);
    crypto_random_text(two, 43);
    assert_int_equal(strlen(one), 43);
    assert_int_equal(strspn(one, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
                     43);
    assert_string_not_equal(one, two);
}

/* A remainder that is not thrown away would make the first eight letters a quarter more frequent.
 */
static void random_letters_come_equally_often(void **state)
{
    (void)state;
    enum { DRAWS = 62 * 1000 };
    static char text[DRAWS + 1];
    int counts[128] = {0};
    crypto_random_text(text, DRAWS);
    for (size_t i = 0; i < DRAWS; i++) {
        counts[text[i] & 127]++;
    }
    for (const char *at = "07AZaz"; *at; at++) {
        /* 1000 are expected; six standard deviations are 190. */
        assert_in_range(counts[(int)*at], 810, 1190);
    }
}

static void wiped_memory_is_zero(void **state)
{
    (void)state;
    char secret[8] = "hunter2";
    char zero[8] = {0};
    crypto_wipe(secret, sizeof(secret));
    assert_memory_equal(secret, zero, sizeof(zero));
}

static void base64_goes_there_and_back(void **state)
{
    (void)state;
    static const struct {
        const char *text, *base64; /* RFC 4648, section 10 */
    } cases[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        AUTO_STR(encoded, 64);
        AUTO_STR(decoded, 64);
        crypto_base64(slice_of(cases[i].text), &encoded);
        assert_string_equal(encoded.text, cases[i].base64);
        ASSERT_OK(crypto_unbase64(str_slice(&encoded), &decoded, &err), err);
        assert_string_equal(decoded.text, cases[i].text);
    }
}

static void base64_has_one_spelling(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "Z",     "Zg",           "Zg=",    "====", "=Zg=",    "Zg==Zg==", " Zm9",
        "Zm9v ", "Zm9v\n\n\n\n", "Zm9v\n", "Zm-_", "Zm9\xC3", "    ",     "Z===",
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        AUTO_STR(out, 64);
        ASSERT_FAILS(crypto_unbase64(slice_of(cases[i]), &out, &err), err, ERR_INVALID, "base64");
        assert_int_equal(out.length, 0);
    }
}

static void base64_stops_at_the_ceiling_of_its_output(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO_STR(out, 4);
    ASSERT_FAILS(crypto_unbase64(slice_of("Zm9vYmFy"), &out, &err), err, ERR_INVALID, "too long");
    AUTO_STR(encoded, 4);
    crypto_base64(slice_of("foobar"), &encoded);
    assert_true(encoded.failed);
}

#define KEY                                                                                        \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8viYUqkgFZ2/x4gINf5CjAZFKDri\n"                           \
    "xXRw6aPiCwoTL3vlmElIZKPiYwNFzzkoVs6SxpFMl8s09MOUf2YYDIfsMQ==\n"                               \
    "-----END PUBLIC KEY-----"

static void a_public_key_is_one_and_nothing_else(void **state)
{
    (void)state;
    static const char *const good[] = {KEY, KEY "\n", KEY "\r\n \n"};
    static const char *const bad[] = {
        "",
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----",
        " " KEY,
        "key: " KEY,
        KEY "\nand more",
        KEY "\n" KEY,
        "-----BEGIN PRIVATE KEY-----\nMFkw\n-----END PRIVATE KEY-----\n"};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_true(crypto_is_public_key(slice_of(good[i])));
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(crypto_is_public_key(slice_of(bad[i])));
    }
    /* Exactly these bytes are looked at. */
    AUTO_STR(exact, 1000);
    str_add(&exact, KEY);
    char *copy = xmemdup(exact.text, exact.length);
    assert_true(crypto_is_public_key((struct slice){copy, exact.length}));
    xfree(&copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_published_values),
        cmocka_unit_test(hmac_gives_the_published_values),
        cmocka_unit_test(equal_compares_length_and_bytes),
        cmocka_unit_test(random_text_has_its_length_its_letters_and_no_repetition),
        cmocka_unit_test(random_letters_come_equally_often),
        cmocka_unit_test(wiped_memory_is_zero),
        cmocka_unit_test(base64_goes_there_and_back),
        cmocka_unit_test(base64_has_one_spelling),
        cmocka_unit_test(a_public_key_is_one_and_nothing_else),
        cmocka_unit_test(base64_stops_at_the_ceiling_of_its_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
