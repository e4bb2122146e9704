#include "sandbox/registry_host.h"

#include <assert.h>
#include <string.h>

#include "base/escape.h"
#include "crypto/crypto.h"
#include "http/server.h"
#include "model/image.h"
#include "sandbox/images.h"
#include "sandbox/notify.h"

#define PATH_BYTES_MAX 1024
#define PAGE_MAX 1000 /* tags in one answer, as Docker's registry */
#define RETRY_AFTER_S "3"
#define HOOKS_MAX 16
#define FIRST_DAY_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

struct sandbox_registry {
    struct loop *loop;
    const struct env *env;
    struct http_server *server;
    struct images images;
    VEC(char *) hooks;
    char *notify_secret; /* NULL: webhooks are not signed */
    enum sandbox_registry_mood mood;
};

/* {"errors": [{"code", "message"}]}, as the distribution specification wants. */
static void refuse(struct http_exchange *exchange, int status, const char *code,
                   const char *message)
{
    http_reply_json(exchange, status,
                    json_pack("{s:[{s:s,s:s}]}", "errors", "code", code, "message", message));
}

static bool authorize(struct http_exchange *exchange, int permission, void *context)
{
    (void)permission;
    const struct sandbox_registry *registry = context;
    http_reply_header(exchange, "Docker-Distribution-Api-Version", "registry/2.0");
    switch (registry->mood) {
    case SANDBOX_REGISTRY_FINE:
        return true;
    case SANDBOX_REGISTRY_DOWN:
        refuse(exchange, 503, "UNAVAILABLE", "service unavailable");
        return false;
    case SANDBOX_REGISTRY_LIMITING:
        http_reply_header(exchange, "Retry-After", RETRY_AFTER_S);
        refuse(exchange, 429, "TOOMANYREQUESTS", "too many requests");
        return false;
    }
    return false;
}

static size_t page_size(const struct http_exchange *exchange)
{
    const char *text = http_query(exchange, "n");
    size_t wanted = text ? (size_t)strtoul(text, NULL, 10) : PAGE_MAX;
    return wanted > 0 && wanted < PAGE_MAX ? wanted : PAGE_MAX;
}

/* Link: </v2/shop/web/tags/list?last=1.2&n=50>; rel="next" */
static void link_next(struct http_exchange *exchange, const struct repository *repository,
                      const char *last)
{
    AUTO_STR(link, PATH_BYTES_MAX);
    str_addf(&link, "</v2/%s/tags/list?last=", repository->name);
    escape_url(&link, last);
    str_addf(&link, "&n=%zu>; rel=\"next\"", page_size(exchange));
    http_reply_header(exchange, "Link", link.text);
}

static void list_tags(struct http_exchange *exchange, struct repository *repository)
{
    const char *last = http_query(exchange, "last");
    const char *shown = NULL;
    json_t *tags = json_array();
    VEC_EACH (struct tag, tag, &repository->tags) {
        if (!tag->manifest || (last && strcmp(tag->name, last) <= 0)) {
            continue;
        }
        if (json_array_size(tags) == page_size(exchange)) {
            link_next(exchange, repository, shown);
            break;
        }
        json_array_append_new(tags, json_string(tag->name));
        shown = tag->name;
    }
    http_reply_json(exchange, 200, json_pack("{s:s,s:o}", "name", repository->name, "tags", tags));
}

static void send_blob(struct http_exchange *exchange, const struct blob *blob)
{
    AUTO_STR(tag, 128);
    str_addf(&tag, "\"%s\"", blob->digest);
    http_reply_header(exchange, "Docker-Content-Digest", blob->digest);
    http_reply_header(exchange, "ETag", tag.text);
    http_reply_bytes(exchange, 200, blob->media_type, str_slice(&blob->bytes));
}

static void send_manifest(struct http_exchange *exchange, struct repository *repository,
                          const char *reference)
{
    const struct tag *tag = repository_tag(repository, reference);
    const struct blob *blob = tag ? tag->manifest : map_get(&repository->blobs, reference);
    if (blob) {
        send_blob(exchange, blob);
    } else {
        refuse(exchange, 404, "MANIFEST_UNKNOWN", "manifest unknown");
    }
}

static void send_content(struct http_exchange *exchange, struct repository *repository,
                         const char *digest)
{
    const struct blob *blob = map_get(&repository->blobs, digest);
    if (blob) {
        send_blob(exchange, blob);
    } else {
        refuse(exchange, 404, "BLOB_UNKNOWN", "blob unknown to registry");
    }
}

/* What may stand behind a repository's name, and who answers. */
static const struct {
    const char *part;
    void (*answer)(struct http_exchange *exchange, struct repository *repository,
                   const char *reference);
} resources[] = {
    {"/manifests/", send_manifest},
    {"/blobs/", send_content},
};

static const char tags_part[] = "/tags/list";

static struct repository *find_repository(struct http_exchange *exchange,
                                          const struct sandbox_registry *registry, const char *path,
                                          size_t length)
{
    AUTO_STR(name, PATH_BYTES_MAX);
    str_add_bytes(&name, path, length);
    struct repository *repository = images_find(&registry->images, name.text);
    if (!repository) {
        refuse(exchange, 404, "NAME_UNKNOWN", "repository name not known to registry");
    }
    return repository;
}

static void handle(struct http_exchange *exchange, void *context)
{
    const struct sandbox_registry *registry = context;
    const char *path = http_path_value(exchange, "path");
    size_t length = path ? strlen(path) : 0;
    size_t end = sizeof(tags_part) - 1;
    if (length == 0) {
        http_reply_json(exchange, 200, json_object());
        return;
    }
    if (length > end && strcmp(path + length - end, tags_part) == 0) {
        struct repository *repository = find_repository(exchange, registry, path, length - end);
        if (repository) {
            list_tags(exchange, repository);
        }
        return;
    }
    for (size_t i = 0; i < COUNT_OF(resources); i++) {
        const char *at = strstr(path, resources[i].part);
        if (!at) {
            continue;
        }
        struct repository *repository =
            find_repository(exchange, registry, path, (size_t)(at - path));
        if (repository) {
            resources[i].answer(exchange, repository, at + strlen(resources[i].part));
        }
        return;
    }
    refuse(exchange, 404, "UNSUPPORTED", "the operation is unsupported");
}

static bool is_repository(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-/");
    return length > 0 && name[length] == '\0' && length < IMAGE_REPOSITORY_BYTES &&
           name[0] != '/' && name[length - 1] != '/' && !strstr(name, "//");
}

/* POST /sandbox/push/shop/cart:1.1.0: for people, who have no image to push. */
static void take_push(struct http_exchange *exchange, void *context)
{
    struct image image = {0};
    struct err err = {0};
    bool is_good = image_parse(http_path_value(exchange, "image"), &image, &err) && image.tag[0] &&
                   !image.digest[0] && is_repository(image.repository);
    if (!is_good) {
        err_set(&err, ERR_INVALID, "name an image and a tag: /sandbox/push/shop/cart:1.1.0");
        http_reply_error(exchange, &err);
        return;
    }
    sandbox_registry_push(context, image.repository, image.tag);
    http_reply_bytes(exchange, 201, "text/plain", slice_of("pushed\n"));
}

bool sandbox_registry_start(const struct sandbox_registry_options *options,
                            struct sandbox_registry **out, struct err *err)
{
    static const struct http_route routes[] = {
        {HTTP_GET, "/v2/{path...}", 1, handle, "Read images", 0},
        {HTTP_POST, "/sandbox/push/{image...}", 1, take_push, "Push an image, as CI would", 0},
    };
    struct sandbox_registry *registry = xcalloc(1, sizeof(*registry));
    registry->loop = options->loop;
    registry->env = options->env ? options->env : env_system();
    registry->notify_secret = options->notify_secret ? xstrdup(options->notify_secret) : NULL;
    struct http_server_options server = {.loop = options->loop,
                                         .address = "127.0.0.1",
                                         .port = options->port,
                                         .routes = routes,
                                         .route_count = COUNT_OF(routes),
                                         .authorize = authorize,
                                         .context = registry};
    if (!http_server_start(&server, &registry->server, err)) {
        sandbox_registry_stop(&registry);
        return err_wrap(err, "simulated registry");
    }
    *out = registry;
    return true;
}

void sandbox_registry_stop(struct sandbox_registry **registry)
{
    if (!*registry) {
        return;
    }
    http_server_stop(&(*registry)->server);
    VEC_EACH (char *, hook, &(*registry)->hooks) {
        free(*hook);
    }
    VEC_DONE(&(*registry)->hooks);
    if ((*registry)->notify_secret) {
        crypto_wipe((*registry)->notify_secret, strlen((*registry)->notify_secret));
        free((*registry)->notify_secret);
    }
    images_done(&(*registry)->images);
    xfree(registry);
}

int sandbox_registry_port(const struct sandbox_registry *registry)
{
    return http_server_port(registry->server);
}

void sandbox_registry_push_created(struct sandbox_registry *registry, const char *repository,
                                   const char *tag, int64_t created_ms)
{
    assert(is_repository(repository) && image_tag_is_valid(tag));
    const struct blob *manifest = images_push(&registry->images, repository, tag, created_ms);
    struct notice notice = {.repository = repository,
                            .tag = tag,
                            .digest = manifest->digest,
                            .media_type = manifest->media_type,
                            .size = manifest->bytes.length,
                            .port = sandbox_registry_port(registry),
                            .now_ms = env_now_ms(registry->env)};
    VEC_EACH (char *, hook, &registry->hooks) {
        notify_send(registry->loop, *hook, registry->notify_secret, &notice);
    }
}

void sandbox_registry_push(struct sandbox_registry *registry, const char *repository,
                           const char *tag)
{
    sandbox_registry_push_created(registry, repository, tag, FIRST_DAY_MS);
}

static struct tag *find_tag(const struct sandbox_registry *registry, const char *repository,
                            const char *tag)
{
    struct repository *found = images_find(&registry->images, repository);
    return found ? repository_tag(found, tag) : NULL;
}

bool sandbox_registry_digest(const struct sandbox_registry *registry, const char *repository,
                             const char *tag, char out[static SANDBOX_DIGEST_BYTES])
{
    const struct tag *found = find_tag(registry, repository, tag);
    return found && found->manifest &&
           text_copy(out, SANDBOX_DIGEST_BYTES, found->manifest->digest);
}

void sandbox_registry_untag(struct sandbox_registry *registry, const char *repository,
                            const char *tag)
{
    struct tag *known = find_tag(registry, repository, tag);
    if (known) {
        known->manifest = NULL;
    }
}

void sandbox_registry_notify(struct sandbox_registry *registry, const char *url)
{
    assert(registry->hooks.count < HOOKS_MAX);
    *VEC_ADD(&registry->hooks) = xstrdup(url);
}

void sandbox_registry_set_mood(struct sandbox_registry *registry, enum sandbox_registry_mood mood)
{
    registry->mood = mood;
}
