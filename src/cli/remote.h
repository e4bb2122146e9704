/* remote: calls to the server.  Private to cli. */
#pragma once

#include "cli/command.h"
#include "http/client.h"

void remote_free(struct remote **remote);

/* Paths begin behind "/api/v1".  An error of the server's becomes an err with its kind and
   message; *out is a new reference. */
bool remote_get(struct cli *cli, const char *path, json_t **out, struct err *err) MUST_CHECK;
bool remote_get_text(struct cli *cli, const char *path, struct str *out,
                     struct err *err) MUST_CHECK;
/* Takes `body`.  Sent with an Idempotency-Key, so a cut connection is tried again. */
bool remote_post(struct cli *cli, const char *path, json_t *take_body, json_t **out,
                 struct err *err) MUST_CHECK;
bool remote_delete(struct cli *cli, const char *path, struct err *err) MUST_CHECK;

/* For streams: the call with its token and certificates; borrowed from the remote. */
bool remote_prepare(struct cli *cli, const char *path, struct http_call *out,
                    struct err *err) MUST_CHECK;
/* What an answer that is not 2xx says. */
bool remote_problem(const struct cli *cli, int status, struct slice body, struct err *err);

/* For `doctor` and completion: one call, no retries, this patience; the whole answer. */
bool remote_probe(struct cli *cli, const char *path, int64_t timeout_ms, struct http_result *out,
                  struct err *err) MUST_CHECK;
const char *remote_server(struct cli *cli, struct err *err) MUST_CHECK;
