/* However a stream of bytes is cut, the parser gives the same events. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "http/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

struct heard {
    size_t count;
    uint64_t fingerprint;
};

static void hear(void *context, const char *id, const char *type, const char *data)
{
    struct heard *heard = context;
    const char *const parts[] = {id, type, data};
    heard->count++;
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        heard->fingerprint = hash64(heard->fingerprint, parts[i], strlen(parts[i]) + 1);
    }
}

static bool parse(const char *bytes, size_t length, size_t chunk, struct heard *heard)
{
    *heard = (struct heard){.fingerprint = HASH64_START};
    struct sse_parser *parser = sse_parser_new(hear, heard);
    bool succeeded = true;
    for (size_t at = 0; at < length && succeeded; at += chunk) {
        size_t left = length - at;
        succeeded =
            sse_parser_feed(parser, (struct slice){bytes + at, left < chunk ? left : chunk});
    }
    sse_parser_free(&parser);
    return succeeded;
}

/* The first byte says how long the pieces are. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    if (length < 2) {
        return 0;
    }
    const char *text = (const char *)bytes + 1;
    struct heard whole;
    struct heard cut;
    bool took_whole = parse(text, length - 1, length, &whole);
    bool took_cut = parse(text, length - 1, (size_t)bytes[0] + 1, &cut);
    if (took_whole != took_cut || whole.count != cut.count ||
        whole.fingerprint != cut.fingerprint) {
        abort();
    }
    return 0;
}
