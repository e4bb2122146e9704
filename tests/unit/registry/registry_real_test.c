/* The client against docker-registry itself, with and without passwords. */
#include "../testing.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/crypto.h"
#include "http/client.h"
#include "registry/registry.h"
#include "script.h"

#define REGISTRY_PROGRAM "/usr/bin/docker-registry"
#define HTPASSWD_PROGRAM "/usr/bin/htpasswd"
#define START_MS 20000
#define TAG_COUNT 1203 /* more than one page of a thousand */

#define MANIFEST_TYPE "application/vnd.docker.distribution.manifest.v2+json"

/* A registry process with its folder. */
struct house {
    char folder[64];
    char host[32];
    pid_t process;
    bool has_password;
    struct http_client *pusher;
    struct script listener; /* gets its notifications */
    struct script_rule listener_rule;
};

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static pid_t start(const char *const argv[], const char *output)
{
    pid_t process = fork();
    if (process == 0) {
        if (!freopen(output, "a", stdout) || !freopen("/dev/null", "a", stderr)) {
            _exit(126);
        }
        execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    assert_true(process > 0);
    return process;
}

static void write_text(const struct house *house, const char *name, const char *text)
{
    char path[128];
    struct err err = {0};
    snprintf(path, sizeof(path), "%s/%s", house->folder, name);
    ASSERT_OK(file_replace(path, slice_of(text), 0600, &err), err);
}

static void write_config(const struct house *house)
{
    AUTO_STR(text, 4096);
    str_addf(&text,
             "version: 0.1\nlog: {level: error}\n"
             "storage: {filesystem: {rootdirectory: %s/data}, delete: {enabled: true}}\n"
             "http: {addr: \"%s\"}\n"
             "notifications:\n  endpoints:\n    - name: test\n      url: http://127.0.0.1:%d/\n"
             "      timeout: 1s\n      threshold: 3\n      backoff: 1s\n",
             house->folder, house->host, house->listener.port);
    if (house->has_password) {
        str_addf(&text, "auth: {htpasswd: {realm: test, path: %s/htpasswd}}\n", house->folder);
    }
    write_text(house, "config.yml", text.text);
}

static void write_password(const struct house *house)
{
    char path[128];
    int status = 0;
    const char *const argv[] = {HTPASSWD_PROGRAM, "-Bbn", "ci", "secret", NULL};
    snprintf(path, sizeof(path), "%s/htpasswd", house->folder);
    assert_int_equal(waitpid(start(argv, path), &status, 0) > 0 && status == 0, 1);
    AUTO_STR(text, 512);
    str_addf(&text, "{\"auths\": {\"%s\": {\"auth\": \"Y2k6c2VjcmV0\"}}}", house->host);
    write_text(house, "config.json", text.text);
}

static int64_t mono_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One request as the pusher; the answer's status, and a header of it in `out`. */
static int push(const struct house *house, const char *method, const char *url, const char *type,
                const char *body, struct str *out)
{
    struct http_result result = {0};
    struct err err = {0};
    struct http_call call = {.method = method,
                             .url = url,
                             .body = slice_of(body),
                             .content_type = type,
                             .basic = house->has_password ? "ci:secret" : NULL};
    int status = http_perform(house->pusher, &call, &result, &err) ? result.status : 0;
    if (out && status) {
        str_clear(out);
        http_result_header(&result, "Location", out);
    }
    http_result_done(&result);
    return status;
}

static void wait_until_up(const struct house *house)
{
    char url[64];
    snprintf(url, sizeof(url), "http://%s/v2/", house->host);
    for (int64_t end_ms = mono_ms() + START_MS; mono_ms() < end_ms; usleep(20000)) {
        if (push(house, "GET", url, NULL, "", NULL) == 200) {
            return;
        }
    }
    fail_msg("docker-registry did not start");
}

static void house_start(struct house *house, bool has_password)
{
    *house = (struct house){
        .has_password = has_password,
        .listener_rule = {.when = "POST ", .status = "200 OK", .headers = "", .body = ""}};
    char config[128];
    house->pusher = http_client_new("test");
    strcpy(house->folder, "/tmp/heddle-registry-XXXXXX");
    assert_non_null(mkdtemp(house->folder));
    script_start(&house->listener, &house->listener_rule, 1);
    snprintf(house->host, sizeof(house->host), "127.0.0.1:%d", free_port());
    write_config(house);
    if (has_password) {
        write_password(house);
    }
    snprintf(config, sizeof(config), "%s/config.yml", house->folder);
    const char *const argv[] = {REGISTRY_PROGRAM, "serve", config, NULL};
    house->process = start(argv, "/dev/null");
    wait_until_up(house);
}

static void house_stop(struct house *house)
{
    struct err err = {0};
    kill(house->process, SIGKILL);
    waitpid(house->process, NULL, 0);
    http_client_free(&house->pusher);
    script_stop(&house->listener);
    ASSERT_OK(file_remove_tree(house->folder, &err), err);
}

static void push_blob(const struct house *house, const char *name, const char *bytes)
{
    char hex[SHA256_HEX_BYTES];
    AUTO_STR(url, 1024);
    AUTO_STR(place, 1024);
    crypto_sha256_hex(slice_of(bytes), hex);
    str_addf(&url, "http://%s/v2/%s/blobs/uploads/", house->host, name);
    assert_int_equal(push(house, "POST", url.text, NULL, "", &place), 202);
    str_addf(&place, "&digest=sha256:%s", hex);
    assert_int_equal(push(house, "PUT", place.text, "application/octet-stream", bytes, NULL), 201);
}

/* An image with an empty configuration and no layers; the digest of its manifest. */
static void push_image(const struct house *house, const char *name, const char *tag,
                       const char *config, char out_digest[static IMAGE_DIGEST_BYTES])
{
    char hex[SHA256_HEX_BYTES];
    AUTO_STR(manifest, 2048);
    AUTO_STR(url, 1024);
    crypto_sha256_hex(slice_of(config), hex);
    str_addf(&manifest,
             "{\"schemaVersion\": 2, \"mediaType\": \"" MANIFEST_TYPE "\", \"config\": "
             "{\"mediaType\": \"application/vnd.docker.container.image.v1+json\", \"digest\": "
             "\"sha256:%s\", \"size\": %zu}, \"layers\": []}",
             hex, strlen(config));
    str_addf(&url, "http://%s/v2/%s/manifests/%s", house->host, name, tag);
    assert_int_equal(push(house, "PUT", url.text, MANIFEST_TYPE, manifest.text, NULL), 201);
    crypto_sha256_hex(str_slice(&manifest), hex);
    snprintf(out_digest, IMAGE_DIGEST_BYTES, "sha256:%s", hex);
}

static struct registry *open_registry(const struct house *house, const char *config_name)
{
    char path[128];
    struct registry *registry = NULL;
    struct err err = {0};
    snprintf(path, sizeof(path), "%s/%s", house->folder, config_name ? config_name : "");
    struct registry_options options = {.config_file = config_name ? path : NULL};
    ASSERT_OK(registry_new(&options, &registry, &err), err);
    return registry;
}

static void an_image_is_listed_and_resolved(void **state)
{
    (void)state;
    struct house house;
    char pushed[IMAGE_DIGEST_BYTES];
    char digest[IMAGE_DIGEST_BYTES];
    char repository[64];
    struct err err = {0};
    house_start(&house, false);
    push_blob(&house, "shop/cart", "{}");
    push_image(&house, "shop/cart", "1.0.0", "{}", pushed);

    AUTO(registry_free) struct registry *registry = open_registry(&house, NULL);
    AUTO(registry_tags_done) struct registry_tags tags = {0};
    snprintf(repository, sizeof(repository), "%s/shop/cart", house.host);
    ASSERT_OK(registry_list_tags(registry, repository, &tags, NULL, &err), err);
    assert_int_equal(tags.count, 1);
    assert_string_equal(tags.tags[0], "1.0.0");
    ASSERT_OK(registry_resolve(registry, repository, "1.0.0", digest, NULL, &err), err);
    assert_string_equal(digest, pushed);
    ASSERT_FAILS(registry_resolve(registry, repository, "2.0.0", digest, NULL, &err), err,
                 ERR_NOT_FOUND, "does not exist");
    snprintf(repository, sizeof(repository), "%s/shop/nothing", house.host);
    ASSERT_FAILS(registry_list_tags(registry, repository, &(struct registry_tags){0}, NULL, &err),
                 err, ERR_NOT_FOUND, "404");
    house_stop(&house);
}

static void more_tags_than_one_page_holds_are_all_listed(void **state)
{
    (void)state;
    struct house house;
    char digest[IMAGE_DIGEST_BYTES];
    char repository[64];
    struct err err = {0};
    house_start(&house, false);
    push_blob(&house, "shop/cart", "{}");
    for (int i = 0; i < TAG_COUNT; i++) {
        char tag[32];
        snprintf(tag, sizeof(tag), "1.0.%d", i);
        push_image(&house, "shop/cart", tag, "{}", digest);
    }
    AUTO(registry_free) struct registry *registry = open_registry(&house, NULL);
    AUTO(registry_tags_done) struct registry_tags tags = {0};
    snprintf(repository, sizeof(repository), "%s/shop/cart", house.host);
    ASSERT_OK(registry_list_tags(registry, repository, &tags, NULL, &err), err);
    assert_int_equal(tags.count, TAG_COUNT);
    house_stop(&house);
}

static void a_password_opens_it_and_its_lack_is_named(void **state)
{
    (void)state;
    struct house house;
    char pushed[IMAGE_DIGEST_BYTES];
    char digest[IMAGE_DIGEST_BYTES];
    char repository[64];
    struct err err = {0};
    house_start(&house, true);
    push_blob(&house, "shop/cart", "{}");
    push_image(&house, "shop/cart", "1.0.0", "{}", pushed);
    snprintf(repository, sizeof(repository), "%s/shop/cart", house.host);

    AUTO(registry_free) struct registry *stranger = open_registry(&house, NULL);
    ASSERT_FAILS(registry_resolve(stranger, repository, "1.0.0", digest, NULL, &err), err,
                 ERR_UNKNOWN_WHO, "asked without a credential");

    AUTO(registry_free) struct registry *friend = open_registry(&house, "config.json");
    ASSERT_OK(registry_resolve(friend, repository, "1.0.0", digest, NULL, &err), err);
    assert_string_equal(digest, pushed);

    AUTO_STR(wrong, 512);
    str_addf(&wrong, "{\"auths\": {\"%s\": {\"username\": \"ci\", \"password\": \"guess\"}}}",
             house.host);
    write_text(&house, "wrong.json", wrong.text);
    AUTO(registry_free) struct registry *liar = open_registry(&house, "wrong.json");
    ASSERT_FAILS(registry_resolve(liar, repository, "1.0.0", digest, NULL, &err), err,
                 ERR_UNKNOWN_WHO, "as user \"ci\" of");
    house_stop(&house);
}

/* Its own envelope, not one that we made up. */
static void its_notification_is_understood(void **state)
{
    (void)state;
    struct house house;
    char digest[IMAGE_DIGEST_BYTES];
    char wanted[64];
    house_start(&house, false);
    push_blob(&house, "shop/cart", "{}");
    push_image(&house, "shop/cart", "1.1.0", "{}", digest);
    snprintf(wanted, sizeof(wanted), "%s/shop/cart", house.host);

    size_t found = 0;
    struct registry_hint hint = {0};
    for (int64_t end_ms = mono_ms() + START_MS; !found && mono_ms() < end_ms; usleep(20000)) {
        pthread_mutex_lock(&house.listener.lock);
        for (const char *at = house.listener.log.text; !found && (at = strstr(at, "\r\n\r\n"));
             at += 4) {
            const char *end = strstr(at + 4, "POST / HTTP");
            size_t length = end ? (size_t)(end - at) - 4 : strlen(at + 4);
            found = registry_hints((struct slice){at + 4, length}, &hint, 1);
        }
        pthread_mutex_unlock(&house.listener.lock);
    }
    assert_int_equal(found, 1);
    assert_string_equal(hint.repository, wanted);
    assert_string_equal(hint.tag, "1.1.0");
    house_stop(&house);
}

/* ---- signatures ---- */

/* In the house's folder, with its credentials. */
static void run_cosign(const struct house *house, const char *arguments)
{
    int status = 0;
    AUTO_STR(text, 4096);
    str_addf(&text, "cd %s && COSIGN_PASSWORD= COSIGN_YES=true DOCKER_CONFIG=%s cosign %s",
             house->folder, house->folder, arguments);
    const char *const argv[] = {"/bin/sh", "-c", text.text, NULL};
    assert_int_equal(waitpid(start(argv, "/dev/null"), &status, 0) > 0 && status == 0, 1);
}

static void expect_verdict(const struct house *house, const char *config_name, const char *digest,
                           const char *key_file, enum signature_state state, const char *says)
{
    char path[128];
    char repository[64];
    struct signature_verdict verdict;
    struct err err = {0};
    AUTO_STR(key, SIGNATURE_KEY_BYTES_MAX);
    AUTO(registry_free) struct registry *registry = open_registry(house, config_name);
    snprintf(path, sizeof(path), "%s/%s", house->folder, key_file);
    snprintf(repository, sizeof(repository), "%s/shop/cart", house->host);
    ASSERT_OK(file_read(path, &key, &err), err);
    const struct signature_rule rule = {
        .key = key.text, .identity = "", .identity_pattern = "", .issuer = "", .is_unlogged = true};
    registry_verify(registry, repository, digest, &rule, &verdict);
    if (verdict.state != state || !strstr(verdict.why, says)) {
        fail_msg("state %d: %s", verdict.state, verdict.why);
    }
}

/* Where cosign is installed, or built with the rest of what is real. */
static void signatures_of_cosign_itself_are_told_apart(void **state)
{
    (void)state;
    struct house house;
    char digest[IMAGE_DIGEST_BYTES];
    AUTO_STR(arguments, 1024);
    AUTO_STR(path, 8192);
    AUTO(xfree) char *folder = getcwd(NULL, 0);
    const char *inherited = getenv("PATH");
    str_addf(&path, "%s/build/rig:%s", folder, inherited ? inherited : "/usr/bin:/bin");
    setenv("PATH", path.text, 1);
    if (!registry_has_cosign()) {
        skip();
    }
    house_start(&house, true);
    push_blob(&house, "shop/cart", "{}");
    push_image(&house, "shop/cart", "1.0.0", "{}", digest);
    run_cosign(&house, "generate-key-pair --output-key-prefix ours");
    run_cosign(&house, "generate-key-pair --output-key-prefix theirs");
    expect_verdict(&house, "config.json", digest, "ours.pub", SIGNATURE_BAD, "It is not signed");
    str_addf(&arguments, "sign --tlog-upload=false --key ours.key %s/shop/cart@%s", house.host,
             digest);
    run_cosign(&house, arguments.text);
    expect_verdict(&house, "config.json", digest, "ours.pub", SIGNATURE_GOOD, "");
    expect_verdict(&house, "config.json", digest, "theirs.pub", SIGNATURE_BAD,
                   "None of its signatures is the one that the rule asks for");
    expect_verdict(&house, NULL, digest, "ours.pub", SIGNATURE_UNCHECKED,
                   "Its signature could not be checked (cosign: ");
    house_stop(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_is_listed_and_resolved),
        cmocka_unit_test(more_tags_than_one_page_holds_are_all_listed),
        cmocka_unit_test(a_password_opens_it_and_its_lack_is_named),
        cmocka_unit_test(its_notification_is_understood),
        cmocka_unit_test(signatures_of_cosign_itself_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
