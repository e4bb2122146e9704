/* exchange: one question to a registry, with whatever it wants to see first. */
#pragma once

#include "base/map.h"
#include "http/client.h"
#include "registry/credentials.h"
#include "registry/place.h"

#define REGISTRY_TOKEN_BYTES_MAX 16384

struct registry {
    struct http_client *client;
    struct credentials credentials;
    char **insecure_hosts;
    size_t insecure_host_count;
    struct mirror *mirrors;
    size_t mirror_count;
    struct map helped;   /* host → struct credential, as its helper gave it the last time */
    struct map accesses; /* "host/name" → struct access: what opened that door the last time */
    int64_t given_ms;    /* 0: for ever */
    int64_t end_mono_ms; /* of that time */
    uint64_t asked;
};

struct question {
    const char *method;
    const char *path; /* after "/v2/<name>", with the query */
    const char *accept;
    size_t body_bytes_max;
};

/* Ask; on 401 show what the registry asks for and ask once more.  A status is a result. */
bool registry_ask(struct registry *registry, const struct place *place,
                  const struct question *question, struct http_result *out, int64_t *out_retry_ms,
                  struct err *err) MUST_CHECK;
/* GET where a registry sends us for a blob, without any credential: https, or plain HTTP when the
   registry itself speaks no more than that. */
bool registry_follow(struct registry *registry, const struct place *place, const char *location,
                     size_t body_bytes_max, struct http_result *out, struct err *err) MUST_CHECK;
/* How long the next question may take.  ERR_TIMEOUT: all that was given is used up. */
bool registry_find_time(const struct registry *registry, const struct place *place, int64_t *out_ms,
                        struct err *err) MUST_CHECK;
/* The Accept of all kinds of manifests. */
extern const char registry_manifest_types[];
/* The error that a status other than 200 is; always false. */
bool registry_refuse(const struct registry *registry, const struct place *place,
                     const struct http_result *result, int64_t *out_retry_ms, struct err *err);
void registry_forget_accesses(struct registry *registry);
void registry_forget_helped(struct registry *registry);
