/* An agent's report is JSON from outside: what is accepted must survive a round trip. */
#include <assert.h>
#include <stdlib.h>

#include "model/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct err err = {0};
    AUTO_JSON *value = json_parse((struct slice){(const char *)bytes, length}, &err);
    struct report report;
    if (!value || !report_from_json(value, arena, &report, &err)) {
        assert(err.text[0]);
        return 0;
    }
    AUTO_JSON *again = report_to_json(&report);
    struct report second;
    assert(report_from_json(again, arena, &second, &err));
    AUTO_JSON *third = report_to_json(&second);
    assert(json_equal(again, third));
    return 0;
}
