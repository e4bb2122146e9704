#include "policy/tags.h"

#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* A tag has 128 characters at most, and sane expressions decide on it in some hundred steps; these
   stop the others in about a millisecond. */
#define MATCH_STEPS_MAX 20000
#define MATCH_DEPTH_MAX 1000
#define MATCH_HEAP_KIB_MAX 1024
#define ERROR_TEXT_BYTES 160

struct tags_pattern {
    pcre2_code *code;
    pcre2_match_data *matches;
    pcre2_match_context *limits;
    uint32_t group_count;
};

static bool refuse(const char *pattern, int code, size_t offset, struct err *err)
{
    PCRE2_UCHAR why[ERROR_TEXT_BYTES];
    pcre2_get_error_message(code, why, sizeof(why));
    return err_set(err, ERR_INVALID,
                   "the expression \"%.120s\" for tags cannot be read at character %zu: %s",
                   pattern, offset + 1, (const char *)why);
}

bool tags_pattern_new(const char *pattern, struct tags_pattern **out, struct err *err)
{
    size_t length = strlen(pattern);
    if (length == 0) {
        *out = NULL;
        return true;
    }
    if (length > TAGS_PATTERN_BYTES_MAX) {
        return err_set(err, ERR_INVALID, "the expression for tags is longer than %d bytes",
                       TAGS_PATTERN_BYTES_MAX);
    }
    int why = 0;
    PCRE2_SIZE offset = 0;
    uint32_t options = PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NEVER_UTF |
                       PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, length, options, &why, &offset, NULL);
    if (!code) {
        return refuse(pattern, why, offset, err);
    }
    struct tags_pattern *made = xcalloc(1, sizeof(*made));
    made->code = code;
    made->matches = pcre2_match_data_create(2, NULL);
    pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &made->group_count);
    made->limits = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(made->limits, MATCH_STEPS_MAX);
    pcre2_set_depth_limit(made->limits, MATCH_DEPTH_MAX);
    pcre2_set_heap_limit(made->limits, MATCH_HEAP_KIB_MAX);
    *out = made;
    return true;
}

void tags_pattern_free(struct tags_pattern **pattern)
{
    if (*pattern) {
        pcre2_match_context_free((*pattern)->limits);
        pcre2_match_data_free((*pattern)->matches);
        pcre2_code_free((*pattern)->code);
    }
    xfree(pattern);
}

bool tags_pattern_matches(const struct tags_pattern *pattern, const char *tag,
                          char out_part[IMAGE_TAG_BYTES])
{
    size_t start = 0;
    size_t end = strlen(tag);
    if (pattern && pcre2_match(pattern->code, (PCRE2_SPTR)tag, end, 0, 0, pattern->matches,
                               pattern->limits) < 0) {
        return false;
    }
    if (pattern && pattern->group_count > 0) {
        const PCRE2_SIZE *found = pcre2_get_ovector_pointer(pattern->matches);
        start = found[2];
        end = found[3];
        if (start == PCRE2_UNSET || start >= end) {
            return false;
        }
    }
    if (out_part) {
        size_t length = end - start < IMAGE_TAG_BYTES ? end - start : IMAGE_TAG_BYTES - 1;
        memcpy(out_part, tag + start, length);
        out_part[length] = '\0';
    }
    return true;
}
