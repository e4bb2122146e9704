/* Asking the registry for the digest of a tag that only a person names. */
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"

struct question {
    struct api *api;
    struct http_exchange *exchange;
    http_handler handle;
    char repository[IMAGE_REPOSITORY_BYTES];
    char tag[IMAGE_TAG_BYTES];
};

static void on_digest(void *context, const char *digest, const struct err *why)
{
    struct question *question = context;
    struct api *api = question->api;
    struct err err = {0};
    bool known = digest[0] &&
                 store_version_resolve(api->options.store, question->repository, question->tag,
                                       digest, &err) &&
                 promote_versions_changed(api->options.engine, question->repository, &err);
    if (known) {
        question->handle(question->exchange, api);
    } else {
        http_reply_error(question->exchange, digest[0] ? &err : why);
    }
    free(question);
}

bool resolve_first(struct api *api, struct http_exchange *exchange,
                   const struct promote_request *request, http_handler handle)
{
    const char *repository = promote_unresolved(api->options.engine, request);
    if (!repository) {
        return false;
    }
    struct question *question = xcalloc(1, sizeof(*question));
    question->api = api;
    question->exchange = exchange;
    question->handle = handle;
    TEXT_COPY_CUT(question->repository, repository);
    TEXT_COPY_CUT(question->tag, request->version);
    http_exchange_keep(exchange);
    struct err err = {0};
    if (!discover_resolve(api->options.discover, question->repository, question->tag, on_digest,
                          question, &err)) {
        on_digest(question, "", &err);
    }
    return true;
}
