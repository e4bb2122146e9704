#include "sandbox/refusal.h"

#include <string.h>

#include "base/str.h"

#define MESSAGE_BYTES_MAX 65536

json_t *refusal_new(int code, const char *reason, const struct kind *kind, const char *name,
                    const char *message)
{
    json_t *details = json_object();
    json_put_text(details, "name", name && name[0] ? name : NULL);
    if (kind) {
        json_put_text(details, "group", kind->group[0] ? kind->group : NULL);
        json_put_text(details, "kind", kind->plural);
    }
    json_t *refusal = json_pack("{s:s,s:s,s:{},s:s,s:i}", "kind", "Status", "apiVersion", "v1",
                                "metadata", "status", "Failure", "code", code);
    json_put_text(refusal, "reason", reason);
    json_put_text(refusal, "message", message);
    json_put(refusal, "details", details);
    return refusal;
}

json_t *refusal_not_found(const struct kind *kind, const char *name)
{
    char resource[200];
    AUTO_STR(message, MESSAGE_BYTES_MAX);
    kind_resource(kind, resource);
    str_addf(&message, "%s \"%s\" not found", resource, name);
    return refusal_new(404, "NotFound", kind, name, message.text);
}

json_t *refusal_invalid(const struct kind *kind, const char *name, const char *field,
                        const json_t *value, const char *detail)
{
    AUTO_STR(cause, MESSAGE_BYTES_MAX);
    AUTO_STR(message, MESSAGE_BYTES_MAX);
    if (value) {
        AUTO(xfree) char *text = json_text(value);
        str_addf(&cause, "Invalid value: %s: %s", text, detail);
    } else {
        str_addf(&cause, "Forbidden: %s", detail);
    }
    str_addf(&message, "%s%s%s \"%s\" is invalid: %s: %s", kind->kind, kind->group[0] ? "." : "",
             kind->group, name, field, cause.text);
    json_t *refusal = refusal_new(422, "Invalid", kind, name, message.text);
    json_put_text(json_object_get(refusal, "details"), "kind", kind->kind);
    refusal_add_cause(refusal, value ? "FieldValueInvalid" : "FieldValueForbidden", cause.text,
                      field);
    return refusal;
}

void refusal_add_cause(json_t *refusal, const char *reason, const char *message, const char *field)
{
    json_t *details = json_object_get(refusal, "details");
    json_t *causes = json_object_get(details, "causes");
    if (!causes) {
        causes = json_array();
        json_put(details, "causes", causes);
    }
    json_t *cause = json_object();
    json_put_text(cause, "reason", reason);
    json_put_text(cause, "message", message);
    json_put_text(cause, "field", field);
    json_array_append_new(causes, cause);
}

int refusal_code(const json_t *refusal)
{
    return (int)json_int_at(refusal, "code", 500);
}
