/* http: client, server and event streams; each has its own header. */
#pragma once

#include "http/client.h"
#include "http/server.h"
#include "http/sse.h"
