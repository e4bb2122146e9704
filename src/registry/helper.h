/* helper: Docker's credential helpers: programs that give short-lived credentials, as ECR needs. */
#pragma once

#include "registry/credentials.h"

/* Run `docker-credential-<name> get` and tell it the host.  A helper that knows none is no error:
   `out` then says so.  ERR_UNAVAILABLE: it cannot be run, or refuses, with its words.
   `out` is the caller's to credential_done(). */
bool helper_ask(const char *name, const char *host, struct credential *out,
                struct err *err) MUST_CHECK;
