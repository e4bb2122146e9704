/*
 * script: a web server in a thread that answers by a table, with whatever bytes a test wants.
 */
#pragma once

#include <pthread.h>
#include <semaphore.h>

#include "base/str.h"

#define SCRIPT_LOG_BYTES_MAX (1U << 20)

struct script_rule {
    const char *when;    /* the request begins with it: "GET /v2/shop/cart/tags/list?n=1000 " */
    const char *with;    /* and has this somewhere in its head, or NULL */
    const char *status;  /* "200 OK" */
    const char *headers; /* lines, each ended by \r\n; "" for none */
    const char *body;
    bool is_cut; /* promises one byte more than it sends */
    int times;   /* matches that often, then never; 0: always */

    struct slice bytes; /* instead of `body`, when that has zero bytes in it */
    const char *raw;    /* instead of all of the answer, or NULL */
    bool is_endless;    /* names a next page, another one each time */
    unsigned drip_ms;   /* sends a byte each so many milliseconds; 0: all at once */
};

struct script {
    int listener;
    int port;
    pthread_t thread;
    sem_t begun; /* it waits for clients: whoever forks now copies no lock that it holds */
    struct script_rule *rules; /* may be changed only while nothing asks */
    size_t rule_count;
    size_t page; /* of an endless list */
    struct str
        log; /* whole requests, one after another; read it after script_stop(), or under lock */
    pthread_mutex_t lock;
};

void script_start(struct script *script, struct script_rule *rules, size_t count);
void script_stop(struct script *script);
/* How often `text` stands in the log so far. */
size_t script_count(struct script *script, const char *text);
