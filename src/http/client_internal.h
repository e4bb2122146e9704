/* What the blocking calls share.  Private to http. */
#pragma once

#include "http/transfer.h"

struct http_client {
    CURLM *multi; /* holds the connections */
    struct transfer single;
    char *user_agent;
};
