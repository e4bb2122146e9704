#include "script.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_BYTES_MAX 65536

/* Read the head, and as much body as it announces. */
static bool read_request(int client, struct str *request)
{
    for (;;) {
        const char *end = strstr(request->text, "\r\n\r\n");
        if (end) {
            const char *length = strcasestr(request->text, "\r\nContent-Length:");
            size_t body = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
            if (request->length >= (size_t)(end - request->text) + 4 + body) {
                return true;
            }
        }
        char block[4096];
        ssize_t got = read(client, block, sizeof(block));
        if (got <= 0) {
            return false;
        }
        str_add_bytes(request, block, (size_t)got);
        if (request->failed) {
            return false;
        }
    }
}

static struct script_rule *find_rule(struct script *script, const char *request)
{
    for (size_t i = 0; i < script->rule_count; i++) {
        struct script_rule *rule = &script->rules[i];
        bool is_used_up = rule->times < 0;
        if (!is_used_up && strncmp(request, rule->when, strlen(rule->when)) == 0 &&
            (!rule->with || strcasestr(request, rule->with))) {
            if (rule->times > 0 && --rule->times == 0) {
                rule->times = -1;
            }
            return rule;
        }
    }
    return NULL;
}

static void write_answer(struct script *script, const struct script_rule *rule, const char *request,
                         struct str *out)
{
    if (!rule) {
        str_add(out, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return;
    }
    if (rule->raw) {
        str_add(out, rule->raw);
        return;
    }
    struct slice body = rule->bytes.bytes ? rule->bytes : slice_of(rule->body);
    str_addf(out, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\nConnection: close\r\n", rule->status,
             rule->headers, body.length + (rule->is_cut ? 1 : 0));
    if (rule->is_endless) {
        str_addf(out, "Link: <?last=%zu>; rel=\"next\"\r\n", ++script->page);
    }
    str_add(out, "\r\n");
    if (strncmp(request, "HEAD ", 5) != 0) {
        str_add_bytes(out, body.bytes, body.length);
    }
}

static void answer(struct script *script, int client, const char *request)
{
    AUTO_STR(text, 8U << 20);
    const struct script_rule *rule = find_rule(script, request);
    unsigned drip_ms = rule ? rule->drip_ms : 0;
    write_answer(script, rule, request, &text);
    for (size_t sent = 0; sent < text.length;) {
        size_t length = drip_ms ? 1 : text.length - sent;
        ssize_t put = send(client, text.text + sent, length, MSG_NOSIGNAL);
        if (put <= 0) {
            break;
        }
        sent += (size_t)put;
        usleep(drip_ms * 1000);
    }
}

static void *serve(void *context)
{
    struct script *script = context;
    sem_post(&script->begun);
    for (;;) {
        int client = accept(script->listener, NULL, NULL);
        if (client < 0) {
            return NULL;
        }
        AUTO_STR(request, REQUEST_BYTES_MAX);
        if (read_request(client, &request)) {
            pthread_mutex_lock(&script->lock);
            str_add(&script->log, request.text);
            answer(script, client, request.text);
            pthread_mutex_unlock(&script->lock);
        }
        close(client);
    }
}

void script_start(struct script *script, struct script_rule *rules, size_t count)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    *script = (struct script){.rules = rules, .rule_count = count};
    str_init(&script->log, SCRIPT_LOG_BYTES_MAX);
    pthread_mutex_init(&script->lock, NULL);
    script->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_up = script->listener >= 0 &&
                 bind(script->listener, (struct sockaddr *)&address, sizeof(address)) == 0 &&
                 listen(script->listener, 64) == 0 &&
                 getsockname(script->listener, (struct sockaddr *)&address, &size) == 0;
    assert(is_up);
    script->port = ntohs(address.sin_port);
    sem_init(&script->begun, 0, 0);
    pthread_create(&script->thread, NULL, serve, script);
    while (sem_wait(&script->begun) != 0 && errno == EINTR) {
    }
}

void script_stop(struct script *script)
{
    shutdown(script->listener, SHUT_RDWR);
    pthread_join(script->thread, NULL);
    close(script->listener);
    str_done(&script->log);
    pthread_mutex_destroy(&script->lock);
    sem_destroy(&script->begun);
}

size_t script_count(struct script *script, const char *text)
{
    size_t count = 0;
    pthread_mutex_lock(&script->lock);
    for (const char *at = script->log.text; (at = strstr(at, text)); at++) {
        count++;
    }
    pthread_mutex_unlock(&script->lock);
    return count;
}
