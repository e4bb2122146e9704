/* failure: what the API server's refusals mean to us and to a person. */
#include <stdio.h>
#include <string.h>

#include "kube/kube.h"

#define CAUSES_SHOWN_MAX 3

struct meaning {
    int http_status;
    enum err_kind kind;
    const char *words; /* when the server gives none */
};

static const struct meaning meanings[] = {
    {400, ERR_INVALID, "the API server does not understand the request"},
    {401, ERR_UNKNOWN_WHO, "the API server does not accept our credentials"},
    {403, ERR_DENIED, "the API server does not allow it"},
    {404, ERR_NOT_FOUND, "the API server does not have it"},
    {409, ERR_CONFLICT, "somebody else changed it at the same time"},
    {410, ERR_CONFLICT, "the API server has forgotten that version"},
    {413, ERR_INVALID, "the object is too large for the API server"},
    {415, ERR_INVALID, "the API server does not know server-side apply"},
    {422, ERR_INVALID, "the API server refuses the object"},
    {429, ERR_BUSY, "the API server asks us to wait"},
    {500, ERR_UNAVAILABLE, "the API server has an internal error"},
    {502, ERR_UNAVAILABLE, "something before the API server answers with an error"},
    {503, ERR_UNAVAILABLE, "the API server is not available"},
    {504, ERR_UNAVAILABLE, "the API server took too long"},
};

static struct meaning meaning_of(int http_status)
{
    for (size_t i = 0; i < COUNT_OF(meanings); i++) {
        if (meanings[i].http_status == http_status) {
            return meanings[i];
        }
    }
    return (struct meaning){http_status, http_status >= 500 ? ERR_UNAVAILABLE : ERR_INVALID,
                            "the API server gives an unexpected answer"};
}

/* "Invalid value: {…a whole selector…}: field is immutable" says enough by its end. */
static const char *without_dump(const char *message)
{
    const char *rest = message;
    for (const char *at = message; (at = strstr(at, "}: ")); at += 3) {
        rest = at + 3;
    }
    return rest;
}

static void add_causes(struct str *out, const json_t *causes)
{
    size_t count = json_array_size(causes);
    for (size_t i = 0; i < count && i < CAUSES_SHOWN_MAX; i++) {
        const json_t *cause = json_array_get(causes, i);
        const char *field = json_text_at(cause, "field", "");
        str_addf(out, "%s%s%s%s", i ? "; " : "", field, field[0] ? ": " : "",
                 without_dump(json_text_at(cause, "message", "refused")));
    }
    if (count > CAUSES_SHOWN_MAX) {
        str_addf(out, "; and %zu more", count - CAUSES_SHOWN_MAX);
    }
}

/* "failed to create typed patch object (default/x; apps/v1, Kind=Deployment): .spec.replicas:
   expected …" is our manifest's fault, although the server calls it an internal error. */
static bool is_schema_error(const char *message, const char **out_reason)
{
    if (strncmp(message, "failed to create typed patch object", 35) != 0) {
        return false;
    }
    const char *reason = strstr(message, "): ");
    *out_reason = reason ? reason + 3 : message;
    if (**out_reason == '.') {
        (*out_reason)++;
    }
    return true;
}

static bool is_about_a_fixed_field(const char *text)
{
    return strstr(text, "field is immutable") || strstr(text, "updates to statefulset spec") ||
           strstr(text, "may not change once set");
}

static void describe(struct str *out, const json_t *status, struct meaning *meaning)
{
    const char *message = json_text_at(status, "message", "");
    const char *reason = NULL;
    const json_t *causes = json_array_at(status, "details.causes");
    if (is_schema_error(message, &reason)) {
        meaning->kind = ERR_INVALID;
        str_add(out, reason);
    } else if (json_array_size(causes) > 0) {
        add_causes(out, causes);
    } else {
        str_add(out, message[0] ? without_dump(message) : meaning->words);
    }
    if (is_about_a_fixed_field(out->text)) {
        str_add(out, " (delete the object and heddle makes it anew, or give it another name)");
    }
}

bool kube_failure(int http_status, struct slice body, struct err *err)
{
    struct meaning meaning = meaning_of(http_status);
    struct err ignored = {0};
    AUTO_JSON *status = json_parse(body, &ignored);
    AUTO_STR(text, sizeof(err->text) * 8);
    if (strcmp(json_text_at(status, "kind", ""), "Status") == 0) {
        describe(&text, status, &meaning);
    } else {
        str_addf(&text, "%s (HTTP %d)", meaning.words, http_status);
    }
    return err_set(err, meaning.kind, "%.480s", text.text);
}
