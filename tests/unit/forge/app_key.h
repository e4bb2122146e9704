/* app_key: the private key of a GitHub App. */
#pragma once

#include <openssl/evp.h>

#define APP_KEY_FILE "/tmp/heddle-app-XXXXXX"
/* A new one, also written as PEM to a new file of that name; the file and the key are the caller's.
   NULL when that does not go. */
EVP_PKEY *app_key_make(char file[static sizeof(APP_KEY_FILE)]);
