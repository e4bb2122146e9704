/*
 * The registries that people use, each by the shape of what it answers: challenges, tokens, lists
 * of tags, their pages, errors.
 *
 * They are asked by their own names, through a proxy that is the test's.  It speaks no TLS, so
 * their addresses begin with http here, and token servers live at the registry's own host.
 */
#include "../testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "program.h"
#include "registry/registry.h"
#include "script.h"

#define RULES_MAX 8
#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define JSON .status = "200 OK", .headers = "Content-Type: application/json\r\n", .body
#define PAGE(next) .status = "200 OK", .headers = "Link: <" next ">; rel=\"next\"\r\n", .body
#define DIGEST                                                                                     \
    .status = "200 OK", .headers = "Docker-Content-Digest: sha256:" HEX "\r\n", .body = ""
#define REFUSAL(challenge)                                                                         \
    .status = "401 Unauthorized", .headers = "WWW-Authenticate: " challenge "\r\n", .body
#define MANIFEST "{\"schemaVersion\": 2}"
#define MANIFEST_DIGEST "sha256:c5d902c53b4afcf32ad746fd9d696431650d3fbe8f7b10ca10519543fefd772c"
#define CI "Authorization: Basic Y2k6c2VjcmV0" /* ci:secret */
#define BEARER(token) "Authorization: Bearer " token "\r\n"

struct vendor {
    const char *name;
    const char *repository, *host; /* as people write it, and where it is asked */
    const char *auth;              /* its entry in config.json, with its key */
    struct script_rule rules[RULES_MAX];
    const char *tags;   /* "1.0.0 1.1.0" */
    const char *digest; /* of 1.0.0 */
    const char *asked;  /* somewhere in what was asked, or NULL */
};

static const struct vendor vendors[] = {
    {
        /* Images without an owner live under library/; another host for the API. */
        .name = "Docker Hub",
        .repository = "nginx",
        .host = "registry-1.docker.io",
        .auth = "\"https://index.docker.io/v1/\": {\"auth\": \"Y2k6c2VjcmV0\"}",
        .rules =
            {
                {.when = "GET http://registry-1.docker.io/token?scope=repository%3Alibrary%2Fnginx"
                         "%3Apull&service=registry.docker.io ",
                 .with = CI,
                 JSON = "{\"token\": \"hub\", \"access_token\": \"hub\", \"expires_in\": 300,"
                        " \"issued_at\": \"2026-01-01T00:00:00Z\"}"},
                {.when = "GET http://registry-1.docker.io/v2/library/nginx/tags/list?n=1000 ",
                 .with = BEARER("hub"),
                 PAGE("/v2/library/nginx/tags/list?last=1.0.0&n=1000") =
                     "{\"name\": \"library/nginx\", \"tags\": [\"1.0.0\"]}"},
                {.when = "GET http://registry-1.docker.io/v2/library/nginx/tags/list?last=1.0.0&n="
                         "1000 ",
                 .with = BEARER("hub"),
                 JSON = "{\"name\": \"library/nginx\", \"tags\": [\"1.1.0\"]}"},
                {.when = "HEAD http://registry-1.docker.io/v2/library/nginx/manifests/1.0.0 ",
                 .with = BEARER("hub"),
                 DIGEST},
                {.when = "GET http://registry-1.docker.io/v2/",
                 REFUSAL("Bearer realm=\"http://registry-1.docker.io/token\",service=\""
                         "registry.docker.io\",scope=\"repository:library/nginx:pull\"") =
                     "{\"errors\": [{\"code\": \"UNAUTHORIZED\"}]}"},
            },
        .tags = "1.0.0 1.1.0",
        .digest = "sha256:" HEX,
    },
    {
        /* Its next page says n=0. */
        .name = "GHCR",
        .repository = "ghcr.io/acme/cart",
        .host = "ghcr.io",
        .auth = "\"ghcr.io\": {\"auth\": \"Y2k6c2VjcmV0\"}",
        .rules =
            {
                {.when = "GET http://ghcr.io/token?scope=repository%3Aacme%2Fcart%3Apull&service="
                         "ghcr.io ",
                 .with = CI,
                 JSON = "{\"token\": \"Z2hw\"}"},
                {.when = "GET http://ghcr.io/v2/acme/cart/tags/list?n=1000 ",
                 .with = BEARER("Z2hw"),
                 PAGE("/v2/acme/cart/tags/list?last=1.0.0&n=0") =
                     "{\"name\": \"acme/cart\", \"tags\": [\"1.0.0\"]}"},
                {.when = "GET http://ghcr.io/v2/acme/cart/tags/list?last=1.0.0&n=0 ",
                 .with = BEARER("Z2hw"),
                 JSON = "{\"name\": \"acme/cart\", \"tags\": [\"1.1.0\"]}"},
                {.when = "HEAD http://ghcr.io/v2/acme/cart/manifests/1.0.0 ",
                 .with = BEARER("Z2hw"),
                 DIGEST},
                {.when = "GET http://ghcr.io/v2/",
                 REFUSAL("Bearer realm=\"http://ghcr.io/token\",service=\"ghcr.io\",scope=\""
                         "repository:acme/cart:pull\"") =
                     "{\"errors\": [{\"code\": \"UNAUTHORIZED\", \"message\": \"authentication "
                     "required\"}]}"},
            },
        .tags = "1.0.0 1.1.0",
        .digest = "sha256:" HEX,
    },
    {
        /* The password is a key file of several lines; lists tell of manifests, too. */
        .name = "Artifact Registry",
        .repository = "europe-docker.pkg.dev/acme/shop/cart",
        .host = "europe-docker.pkg.dev",
        .auth = "\"europe-docker.pkg.dev\": {\"auth\": "
                "\"X2pzb25fa2V5OnsKICAidHlwZSI6ICJzZXJ2aWNlX2FjY291bnQiCn0K\"}",
        .rules =
            {
                {.when = "GET http://europe-docker.pkg.dev/v2/token?scope=repository%3Aacme%2Fshop"
                         "%2Fcart%3Apull&service=europe-docker.pkg.dev ",
                 .with = "Authorization: Basic X2pzb25fa2V5OnsKICAidHlwZSI6ICJzZXJ2aWNlX2FjY291bnQi"
                         "Cn0K\r\n",
                 JSON = "{\"token\": \"ya29.c\", \"expires_in\": 43199, \"issued_at\": \"\"}"},
                {.when = "GET http://europe-docker.pkg.dev/v2/acme/shop/cart/tags/list?n=1000 ",
                 .with = BEARER("ya29.c"),
                 JSON = "{\"child\": [], \"manifest\": {\"sha256:" HEX "\": {\"imageSizeBytes\": "
                        "\"1\", \"layerId\": \"\", \"mediaType\": \"application/vnd.oci.image.index"
                        ".v1+json\", \"tag\": [\"1.0.0\"], \"timeCreatedMs\": \"0\"}}, \"name\": "
                        "\"acme/shop/cart\", \"tags\": [\"1.0.0\"]}"},
                {.when = "HEAD http://europe-docker.pkg.dev/v2/acme/shop/cart/manifests/1.0.0 ",
                 .with = BEARER("ya29.c"),
                 DIGEST},
                {.when = "GET http://europe-docker.pkg.dev/v2/",
                 REFUSAL("Bearer realm=\"http://europe-docker.pkg.dev/v2/token\",service=\""
                         "europe-docker.pkg.dev\",scope=\"repository:acme/shop/cart:pull\"") =
                     "{\"errors\": [{\"code\": \"UNAUTHORIZED\"}]}"},
            },
        .tags = "1.0.0",
        .digest = "sha256:" HEX,
    },
    {
        /* An identity token is changed for tokens; one for lists opens no manifests. */
        .name = "Azure",
        .repository = "acme.azurecr.io/shop/cart",
        .host = "acme.azurecr.io",
        .auth = "\"acme.azurecr.io\": {\"auth\": \"MDA6\", \"identitytoken\": \"eyJ0.x+y/z=\"}",
        .rules =
            {
                {.when = "POST http://acme.azurecr.io/oauth2/token ",
                 .with = "scope=repository%3Ashop%2Fcart%3Ametadata_read&service=acme.azurecr.io&"
                         "refresh_token=eyJ0.x%2By%2Fz%3D",
                 JSON = "{\"access_token\": \"list.jwt\"}"},
                {.when = "POST http://acme.azurecr.io/oauth2/token ",
                 .with = "scope=repository%3Ashop%2Fcart%3Apull&service=acme.azurecr.io&"
                         "refresh_token=eyJ0.x%2By%2Fz%3D",
                 JSON = "{\"access_token\": \"pull.jwt\"}"},
                {.when = "GET http://acme.azurecr.io/v2/shop/cart/tags/list?n=1000 ",
                 .with = BEARER("list.jwt"),
                 PAGE("/v2/shop/cart/tags/list?last=1.0.0&n=1000&orderby=") =
                     "{\"name\": \"shop/cart\", \"tags\": [\"1.0.0\"]}"},
                {.when = "GET http://acme.azurecr.io/v2/shop/cart/tags/list?last=1.0.0&n=1000&"
                         "orderby= ",
                 .with = BEARER("list.jwt"),
                 JSON = "{\"name\": \"shop/cart\", \"tags\": [\"1.1.0\"]}"},
                {.when = "HEAD http://acme.azurecr.io/v2/shop/cart/manifests/1.0.0 ",
                 .with = BEARER("pull.jwt"),
                 DIGEST},
                {.when = "GET http://acme.azurecr.io/v2/",
                 REFUSAL("Bearer realm=\"http://acme.azurecr.io/oauth2/token\",service=\""
                         "acme.azurecr.io\",scope=\"repository:shop/cart:metadata_read\"") =
                     "{\"errors\": [{\"code\": \"UNAUTHORIZED\", \"message\": \"authentication "
                     "required\"}]}"},
                {.when = "HEAD http://acme.azurecr.io/v2/",
                 REFUSAL("Bearer realm=\"http://acme.azurecr.io/oauth2/token\",service=\""
                         "acme.azurecr.io\",scope=\"repository:shop/cart:pull\"") = ""},
            },
        .tags = "1.0.0 1.1.0",
        .digest = "sha256:" HEX,
        .asked = "grant_type=refresh_token&client_id=heddle&",
    },
    {
        /* A token is for everything, whatever was asked for. */
        .name = "Gitea",
        .repository = "git.example.org/shop/cart",
        .host = "git.example.org",
        .auth = "\"git.example.org\": {\"auth\": \"Y2k6c2VjcmV0\"}",
        .rules =
            {
                {.when =
                     "GET http://git.example.org/v2/token?scope=%2A&service=container_registry ",
                 .with = CI,
                 JSON = "{\"token\": \"eyJhbGciOi\"}"},
                {.when = "GET http://git.example.org/v2/shop/cart/tags/list?n=1000 ",
                 .with = BEARER("eyJhbGciOi"),
                 JSON = "{\"name\": \"shop/cart\", \"tags\": [\"1.0.0\"]}"},
                {.when = "HEAD http://git.example.org/v2/shop/cart/manifests/1.0.0 ",
                 .with = BEARER("eyJhbGciOi"),
                 DIGEST},
                {.when = "GET http://git.example.org/v2/",
                 REFUSAL("Bearer realm=\"http://git.example.org/v2/token\",service=\""
                         "container_registry\",scope=\"*\"") =
                     "{\"errors\": [{\"code\": \"UNAUTHORIZED\", \"message\": \"\"}]}"},
                {.when = "HEAD http://git.example.org/v2/",
                 REFUSAL("Bearer realm=\"http://git.example.org/v2/token\",service=\""
                         "container_registry\",scope=\"*\"") = ""},
            },
        .tags = "1.0.0",
        .digest = "sha256:" HEX,
    },
    {
        /* Pages go by a mark that means nothing to others, and are of 100 tags at most. */
        .name = "Quay",
        .repository = "quay.io/acme/cart",
        .host = "quay.io",
        .auth = "\"quay.io\": {\"auth\": \"Y2k6c2VjcmV0\"}",
        .rules =
            {
                {.when = "GET http://quay.io/v2/auth?scope=repository%3Aacme%2Fcart%3Apull&service="
                         "quay.io ",
                 .with = CI,
                 JSON = "{\"token\": \"eyJhbGciOi\"}"},
                {.when = "GET http://quay.io/v2/acme/cart/tags/list?n=1000 ",
                 .with = BEARER("eyJhbGciOi"),
                 PAGE("/v2/acme/cart/tags/list?n=100&next_page=gAAAAABl-x_Y==") =
                     "{\"name\": \"acme/cart\", \"tags\": [\"1.1.0\"]}"},
                {.when =
                     "GET http://quay.io/v2/acme/cart/tags/list?n=100&next_page=gAAAAABl-x_Y== ",
                 .with = BEARER("eyJhbGciOi"),
                 JSON = "{\"name\": \"acme/cart\", \"tags\": [\"1.0.0\"]}"},
                {.when = "HEAD http://quay.io/v2/acme/cart/manifests/1.0.0 ",
                 .with = BEARER("eyJhbGciOi"),
                 DIGEST},
                {.when = "GET http://quay.io/v2/",
                 REFUSAL("Bearer realm=\"http://quay.io/v2/auth\",service=\"quay.io\",scope=\""
                         "repository:acme/cart:pull\"") =
                     "{\"errors\": [{\"code\": \"UNAUTHORIZED\", \"detail\": {}, \"message\": "
                     "\"access to the requested resource is not authorized\"}]}"},
            },
        .tags = "1.1.0 1.0.0",
        .digest = "sha256:" HEX,
    },
    {
        .name = "Harbor, as a robot",
        .repository = "harbor.example.org/shop/cart",
        .host = "harbor.example.org",
        .auth = "\"harbor.example.org\": {\"auth\": \"cm9ib3Qkc2hvcCtjaTpzZWNyZXQ=\"}",
        .rules =
            {
                {.when = "GET http://harbor.example.org/service/token?scope=repository%3Ashop%2F"
                         "cart%3Apull&service=harbor-registry ",
                 .with = "Authorization: Basic cm9ib3Qkc2hvcCtjaTpzZWNyZXQ=\r\n",
                 JSON = "{\"token\": \"h\", \"access_token\": \"\", \"expires_in\": 1800,"
                        " \"issued_at\": \"2026-01-01T00:00:00Z\"}"},
                {.when = "GET http://harbor.example.org/v2/shop/cart/tags/list?n=1000 ",
                 .with = BEARER("h"),
                 JSON = "{\"name\": \"shop/cart\", \"tags\": [\"1.0.0\", \"1.1.0\"]}"},
                {.when = "HEAD http://harbor.example.org/v2/shop/cart/manifests/1.0.0 ",
                 .with = BEARER("h"),
                 DIGEST},
                {.when = "GET http://harbor.example.org/v2/",
                 REFUSAL("Bearer realm=\"http://harbor.example.org/service/token\",service=\""
                         "harbor-registry\",scope=\"repository:shop/cart:pull\"") =
                     "{\"errors\": [{\"code\": \"UNAUTHORIZED\", \"message\": \"unauthorized to "
                     "access repository\"}]}"},
            },
        .tags = "1.0.0 1.1.0",
        .digest = "sha256:" HEX,
    },
    {
        /* Names of many parts, and a challenge that says what is wrong with a token. */
        .name = "GitLab, with a deploy token",
        .repository = "registry.gitlab.example.org/acme/shop/cart/main",
        .host = "registry.gitlab.example.org",
        .auth = "\"registry.gitlab.example.org\": {\"auth\": \"ZGVwbG95OmdsZHQtc2VjcmV0\"}",
        .rules =
            {
                {.when =
                     "GET http://registry.gitlab.example.org/jwt/auth?scope=repository%3Aacme%2F"
                     "shop%2Fcart%2Fmain%3Apull&service=container_registry ",
                 .with = "Authorization: Basic ZGVwbG95OmdsZHQtc2VjcmV0\r\n",
                 JSON = "{\"token\": \"gl\"}"},
                {.when =
                     "GET http://registry.gitlab.example.org/v2/acme/shop/cart/main/tags/list?n="
                     "1000 ",
                 .with = BEARER("gl"),
                 JSON = "{\"name\": \"acme/shop/cart/main\", \"tags\": [\"1.0.0\"]}"},
                {.when = "HEAD http://registry.gitlab.example.org/v2/acme/shop/cart/main/manifests/"
                         "1.0.0 ",
                 .with = BEARER("gl"),
                 DIGEST},
                {.when = "GET http://registry.gitlab.example.org/v2/",
                 REFUSAL("Bearer realm=\"http://registry.gitlab.example.org/jwt/auth\",service=\""
                         "container_registry\",scope=\"repository:acme/shop/cart/main:pull\",error="
                         "\"invalid_token\"") =
                     "{\"errors\": [{\"code\": \"UNAUTHORIZED\", \"message\": \"authentication "
                     "required\", \"detail\": [{\"Type\": \"repository\"}]}]}"},
            },
        .tags = "1.0.0",
        .digest = "sha256:" HEX,
    },
    {
        /* A first part of the name that its pages leave out, and no digest by HEAD. */
        .name = "Artifactory, by path",
        .repository = "acme.jfrog.example.org/docker-local/shop/cart",
        .host = "acme.jfrog.example.org",
        .auth = "\"acme.jfrog.example.org\": {\"auth\": \"Y2k6c2VjcmV0\"}",
        .rules =
            {
                {.when = "GET http://acme.jfrog.example.org/v2/docker-local/shop/cart/tags/list?n="
                         "1000 ",
                 .with = CI,
                 PAGE("/v2/shop/cart/tags/list?last=1.0.0&n=1000") =
                     "{\"name\": \"shop/cart\", \"tags\": [\"1.0.0\"]}"},
                {.when =
                     "GET http://acme.jfrog.example.org/v2/docker-local/shop/cart/tags/list?last"
                     "=1.0.0&n=1000 ",
                 .with = CI,
                 PAGE("http://acme.jfrog.example.org/artifactory/api/docker/docker-local/v2/shop/"
                      "cart/tags/list?last=1.1.0&n=1000") =
                     "{\"name\": \"shop/cart\", \"tags\": [\"1.1.0\"]}"},
                {.when =
                     "GET http://acme.jfrog.example.org/v2/docker-local/shop/cart/tags/list?last"
                     "=1.1.0&n=1000 ",
                 .with = CI,
                 JSON = "{\"name\": \"shop/cart\", \"tags\": []}"},
                {.when = "HEAD http://acme.jfrog.example.org/v2/docker-local/shop/cart/manifests/"
                         "1.0.0 ",
                 .with = CI,
                 JSON = ""},
                {.when = "GET http://acme.jfrog.example.org/v2/docker-local/shop/cart/manifests/"
                         "1.0.0 ",
                 .with = CI,
                 JSON = MANIFEST},
                {.when = "GET http://acme.jfrog.example.org/v2/",
                 REFUSAL("Basic realm=\"Artifactory Realm\"") =
                     "{\"errors\": [{\"code\": \"UNAUTHORIZED\", \"message\": \"Authentication is "
                     "required\", \"detail\": null}]}"},
            },
        .tags = "1.0.0 1.1.0",
        .digest = MANIFEST_DIGEST,
    },
    {
        /* A port for each repository, basic in capitals, all tags in one page. */
        .name = "Nexus",
        .repository = "nexus.example.org:8082/shop/cart",
        .host = "nexus.example.org:8082",
        .auth = "\"nexus.example.org:8082\": {\"auth\": \"Y2k6c2VjcmV0\"}",
        .rules =
            {
                {.when = "GET http://nexus.example.org:8082/v2/shop/cart/tags/list?n=1000 ",
                 .with = CI,
                 JSON = "{\"name\": \"shop/cart\", \"tags\": [\"1.1.0\", \"1.0.0\"]}"},
                {.when = "HEAD http://nexus.example.org:8082/v2/shop/cart/manifests/1.0.0 ",
                 .with = CI,
                 DIGEST},
                {.when = "GET http://nexus.example.org:8082/v2/",
                 REFUSAL("BASIC realm=\"Sonatype Nexus Repository Manager\"") =
                     "{\"errors\": [{\"code\": \"UNAUTHORIZED\", \"message\": \"access to the "
                     "requested resource is not authorized\", \"detail\": null}]}"},
            },
        .tags = "1.1.0 1.0.0",
        .digest = "sha256:" HEX,
    },
};

/* ---- the bench ---- */

struct bench {
    struct script script;
    struct registry *registry;
    char config_file[64];
};

static void bench_start(struct bench *bench, struct script_rule *rules, size_t count,
                        const char *config, const struct registry_options *more)
{
    struct err err = {0};
    char proxy[64];
    *bench = (struct bench){0};
    script_start(&bench->script, rules, count);
    snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", bench->script.port);
    setenv("http_proxy", proxy, 1);
    snprintf(bench->config_file, sizeof(bench->config_file), "/tmp/heddle-vendors-%d",
             (int)getpid());
    ASSERT_OK(file_replace(bench->config_file, slice_of(config), 0600, &err), err);
    struct registry_options options = *more;
    options.config_file = bench->config_file;
    ASSERT_OK(registry_new(&options, &bench->registry, &err), err);
}

static void bench_stop(struct bench *bench)
{
    registry_free(&bench->registry);
    script_stop(&bench->script);
    unlink(bench->config_file);
    unsetenv("http_proxy");
}

static void expect_tags(struct bench *bench, const char *repository, const char *wanted)
{
    AUTO(registry_tags_done) struct registry_tags tags = {0};
    AUTO_STR(text, 1000);
    struct err err = {0};
    ASSERT_OK(registry_list_tags(bench->registry, repository, &tags, NULL, &err), err);
    for (size_t i = 0; i < tags.count; i++) {
        str_addf(&text, "%s%s", i ? " " : "", tags.tags[i]);
    }
    assert_string_equal(text.text, wanted);
}

static void expect_digest(struct bench *bench, const char *repository, const char *wanted)
{
    char digest[IMAGE_DIGEST_BYTES];
    struct err err = {0};
    ASSERT_OK(registry_resolve(bench->registry, repository, "1.0.0", digest, NULL, &err), err);
    assert_string_equal(digest, wanted);
}

static size_t count_rules(const struct script_rule *rules)
{
    size_t count = 0;
    while (count < RULES_MAX && rules[count].when) {
        count++;
    }
    return count;
}

/* All twice: the second time without another token. */
static void each_registry_is_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(vendors); i++) {
        const struct vendor *vendor = &vendors[i];
        struct script_rule rules[RULES_MAX];
        struct bench bench;
        AUTO_STR(config, 4096);
        memcpy(rules, vendor->rules, sizeof(rules));
        str_addf(&config, "{\"auths\": {%s}}", vendor->auth);
        const struct registry_options options = {.insecure_hosts = &vendor->host,
                                                 .insecure_host_count = 1};
        print_message("           %s\n", vendor->name);
        bench_start(&bench, rules, count_rules(rules), config.text, &options);
        expect_tags(&bench, vendor->repository, vendor->tags);
        expect_digest(&bench, vendor->repository, vendor->digest);
        (void)registry_take_asked(bench.registry);
        size_t tokens = script_count(&bench.script, "token") + script_count(&bench.script, "/auth");
        expect_tags(&bench, vendor->repository, vendor->tags);
        expect_digest(&bench, vendor->repository, vendor->digest);
        assert_int_equal(
            script_count(&bench.script, "token") + script_count(&bench.script, "/auth"), tokens);
        assert_true(!vendor->asked || script_count(&bench.script, vendor->asked) > 0);
        bench_stop(&bench);
    }
}

/* ---- those with a story ---- */

#define ECR "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
#define ECR_LIST "GET http://" ECR "/v2/shop/cart/tags/list"
#define ECR_MARK "eyJ0b2tlbiI6IkFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBIn0%3D"

/* Its passwords last for twelve hours, and what has run out is 403. */
static void a_password_of_ecr_that_ran_out_is_replaced_at_once(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = ECR_LIST "?n=1000 ",
         .with = "Authorization: Basic QVdTOm9uZQ==\r\n", /* AWS:one */
         PAGE("http://" ECR "/v2/shop/cart/tags/list?last=" ECR_MARK "&n=1000") =
             "{\"name\": \"shop/cart\", \"tags\": [\"1.1.0\"]}",
         .times = 1},
        {.when = ECR_LIST "?last=" ECR_MARK "&n=1000 ",
         .with = "Authorization: Basic QVdTOm9uZQ==\r\n",
         JSON = "{\"name\": \"shop/cart\", \"tags\": [\"1.0.0\"]}"},
        {.when = ECR_LIST,
         .with = "Authorization: Basic QVdTOnR3bw==\r\n", /* AWS:two */
         JSON = "{\"name\": \"shop/cart\", \"tags\": [\"1.2.0\"]}"},
        {.when = ECR_LIST,
         .with = "Authorization: Basic ",
         .status = "403 Forbidden",
         .headers = "",
         .body = "{\"errors\": [{\"code\": \"DENIED\", \"message\": \"Your authorization token has "
                 "expired. Reauthenticate and try again.\"}]}"},
        {.when = ECR_LIST,
         REFUSAL("Basic realm=\"http://" ECR "/\",service=\"ecr.amazonaws.com\"") =
             "Not Authorized\n"},
    };
    static const char *const host = ECR;
    const struct registry_options options = {.insecure_hosts = &host, .insecure_host_count = 1};
    struct program helper;
    struct bench bench;
    program_begin(&helper, "docker-credential-ecr-login",
                  "#!/bin/sh\nread host || true\n"
                  "case $host in *.amazonaws.com) ;; *) exit 9 ;; esac\n"
                  "echo \"{\\\"Username\\\": \\\"AWS\\\", \\\"Secret\\\": \\\"$SECRET\\\"}\"\n");
    setenv("SECRET", "one", 1);
    bench_start(&bench, rules, COUNT_OF(rules), "{\"credHelpers\": {\"" ECR "\": \"ecr-login\"}}",
                &options);
    expect_tags(&bench, ECR "/shop/cart", "1.1.0 1.0.0");
    setenv("SECRET", "two", 1);
    expect_tags(&bench, ECR "/shop/cart", "1.2.0");
    bench_stop(&bench);
    unsetenv("SECRET");
    program_end(&helper);
}

static void a_refusal_that_no_helper_can_mend_is_said_once(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = ECR_LIST,
         .with = "Authorization: Basic ",
         .status = "403 Forbidden",
         .headers = "",
         .body =
             "{\"errors\": [{\"code\": \"DENIED\", \"message\": \"User: ci is not authorized to "
             "perform: ecr:ListImages\"}]}"},
        {.when = ECR_LIST, REFUSAL("Basic realm=\"http://" ECR "/\"") = ""},
    };
    static const char *const host = ECR;
    const struct registry_options options = {.insecure_hosts = &host, .insecure_host_count = 1};
    struct program helper;
    struct bench bench;
    struct registry_tags tags = {0};
    struct err err = {0};
    program_begin(&helper, "docker-credential-ecr-login",
                  "#!/bin/sh\necho '{\"Username\": \"AWS\", \"Secret\": \"one\"}'\n");
    bench_start(&bench, rules, COUNT_OF(rules), "{\"credHelpers\": {\"" ECR "\": \"ecr-login\"}}",
                &options);
    ASSERT_FAILS(registry_list_tags(bench.registry, ECR "/shop/cart", &tags, NULL, &err), err,
                 ERR_DENIED, "User: ci is not authorized to perform: ecr:ListImages");
    assert_int_equal(script_count(&bench.script, ECR_LIST), 2);
    assert_false(registry_list_tags(bench.registry, ECR "/shop/cart", &tags, NULL, &err));
    assert_int_equal(script_count(&bench.script, ECR_LIST), 3);
    bench_stop(&bench);
    program_end(&helper);
}

#define HUB "http://registry-1.docker.io/v2/library/nginx/tags/list"
#define REALM "Bearer realm=\"http://registry-1.docker.io/token\",service=\"registry.docker.io\""

static void too_many_pulls_from_docker_hub_say_so(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = "GET " HUB,
         .with = BEARER("t"),
         .status = "429 Too Many Requests",
         .headers = "ratelimit-limit: 100;w=21600\r\nretry-after: 30\r\n",
         .body =
             "{\"errors\": [{\"code\": \"TOOMANYREQUESTS\", \"message\": \"You have reached your "
             "unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit\"}]}"},
        {.when = "GET " HUB, REFUSAL(REALM) = ""},
        {.when = "GET http://registry-1.docker.io/token?", JSON = "{\"token\": \"t\"}"},
    };
    static const char *const host = "registry-1.docker.io";
    const struct registry_options options = {.insecure_hosts = &host, .insecure_host_count = 1};
    struct bench bench;
    struct registry_tags tags = {0};
    struct err err = {0};
    int64_t retry_ms = 0;
    bench_start(&bench, rules, COUNT_OF(rules), "{}", &options);
    ASSERT_FAILS(registry_list_tags(bench.registry, "nginx", &tags, &retry_ms, &err), err, ERR_BUSY,
                 "You have reached your unauthenticated pull rate limit.");
    assert_int_equal(retry_ms, 30000);
    bench_stop(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_registry_is_understood),
        cmocka_unit_test(a_password_of_ecr_that_ran_out_is_replaced_at_once),
        cmocka_unit_test(a_refusal_that_no_helper_can_mend_is_said_once),
        cmocka_unit_test(too_many_pulls_from_docker_hub_say_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
