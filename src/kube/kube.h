/*
 * kube: a client of one Kubernetes API server.
 *
 * Blocking calls are for workers, watches are for the loop.  A struct kube belongs to one thread at
 * a time: open a second one for the loop.  It keeps connections and credentials, never objects:
 * lists are handed on item by item and nothing of a cluster is held here.  The token of a
 * service account is read again every minute and whenever the server says 401.
 */
#pragma once

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/vec.h"
#include "loop/loop.h"

#define KUBE_UID_BYTES 48
#define KUBE_VERSION_BYTES 32 /* of a resourceVersion: an opaque text, in practice a number */

struct kube_options {
    const char *kubeconfig; /* a file; NULL: the service account of the pod that we run in */
    const char *context;    /* of the kubeconfig; NULL: its current one */
    const struct env *env;
};

struct kube;
/* Reads the configuration; does not connect yet. */
bool kube_open(const struct kube_options *options, struct kube **out, struct err *err) MUST_CHECK;
void kube_close(struct kube **kube);
const char *kube_server(const struct kube *kube); /* its URL, for people */

/* ---- which kinds the server has ---- */

struct kube_type {
    const char *group; /* "" for the core group */
    const char *version;
    const char *kind;
    const char *plural;
    bool is_namespaced;
    bool is_manageable; /* get, list, watch, patch and delete are all offered */
    bool is_preferred;  /* the server's favourite version of this kind */
};

struct kube_types {
    struct arena *arena;
    VEC(struct kube_type) all;
    bool is_partial;   /* some group did not answer: a kind that is missing here may exist */
    char missing[128]; /* the first such group */
};

/* Aggregated discovery (v2, v2beta1), or group by group where the server has none. */
bool kube_discover(struct kube *kube, struct kube_types **out, struct err *err) MUST_CHECK;
void kube_types_free(struct kube_types **types);
const struct kube_type *kube_type_find(const struct kube_types *types, const char *api_version,
                                       const char *kind);
/* "/apis/apps/v1/namespaces/shop/deployments/cart"; namespace and name may be "". */
void kube_path(struct str *out, const struct kube_type *type, const char *namespace,
               const char *name);

/* ---- requests ---- */

/* Which bytes come back: whole objects, or only their metadata. */
enum kube_view { KUBE_WHOLE, KUBE_METADATA };

struct kube_list {
    const char *path;     /* of a collection */
    const char *selector; /* of labels, or NULL */
    enum kube_view view;
    /* Each item as it is in the list: without apiVersion and kind of its own.  Borrowed; false
       ends the list early. */
    bool (*on_item)(void *context, json_t *item);
    void *context;
};
/* Page by page (500 items); begins again when the server has forgotten where it was, at most three
   times: an item may then come twice. */
bool kube_list(struct kube *kube, const struct kube_list *list, struct err *err) MUST_CHECK;

/* One object; ERR_NOT_FOUND when there is none.  The caller owns the result. */
bool kube_get(struct kube *kube, const char *path, json_t **out, struct err *err) MUST_CHECK;

enum kube_verb {
    KUBE_APPLY,  /* server-side apply as manager "heddle", taking over fields of others */
    KUBE_DELETE, /* in the background, only if the uid still is the given one */
};
struct kube_request {
    enum kube_verb verb;
    const char *path;  /* of the object */
    struct slice body; /* the object as JSON; for KUBE_APPLY */
    const char *uid;   /* for KUBE_DELETE */
};
struct kube_answer {
    json_t *object;         /* as the server has it now, or NULL; borrowed */
    struct err err;         /* kind ERR_NONE: it was done */
    int64_t retry_after_ms; /* what the server asked for; 0: nothing */
};
/*
 * Many requests over KUBE_CONNECTIONS connections.  `next` fills the next request and returns its
 * tag, or -1 when there is none; what it points to must live until its answer.  Answers come in any
 * order.
 */
#define KUBE_CONNECTIONS 32
struct kube_batch {
    int64_t (*next)(void *context, struct kube_request *out);
    void (*on_answer)(void *context, int64_t tag, const struct kube_answer *answer);
    void *context;
};
void kube_perform(struct kube *kube, const struct kube_batch *batch);

/* What an HTTP status and the Status object in its body mean: a kind that says whether to try
   again, and a sentence with fields and reasons, without dumps of values. */
bool kube_failure(int http_status, struct slice body, struct err *err);

/* ---- watches ---- */

enum kube_change {
    KUBE_LISTED, /* it was there when the watch began, or began again */
    KUBE_CHANGED,
    KUBE_DELETED,
};

struct kube_watch_events {
    /* A list begins: what it will not name is gone. */
    void (*on_list)(void *context);
    /* An object, with apiVersion and kind filled in; borrowed. */
    void (*on_object)(void *context, enum kube_change change, const json_t *object);
    void (*on_listed)(void *context); /* the list is whole */
    /* It does not work for now; it goes on trying by itself.  ERR_NONE: it works again. */
    void (*on_trouble)(void *context, const struct err *err);
};
struct kube_watch_options {
    const char *path;               /* of a collection */
    const char *selector;           /* of labels, or NULL */
    const char *api_version, *kind; /* of its items */
    const struct kube_watch_events *events;
    void *context;
};
/* List, then watch, for ever: resumes after a cut, lists again after "410 Gone", backs off up to 30
   s with jitter.  `kube` must outlive it and belong to the loop's thread. */
struct kube_watch;
struct kube_watch *kube_watch_open(struct kube *kube, struct loop *loop,
                                   const struct kube_watch_options *options);
/* Not from within its own events. */
void kube_watch_close(struct kube_watch **watch);
