#include "app_key.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

EVP_PKEY *app_key_make(char file[static sizeof(APP_KEY_FILE)])
{
    EVP_PKEY *key = EVP_RSA_gen(2048);
    memcpy(file, APP_KEY_FILE, sizeof(APP_KEY_FILE));
    int fd = mkstemp(file);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!key || !out || !PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) ||
        fclose(out) != 0) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}
