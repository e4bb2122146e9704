/* testing: cmocka's includes in the order it wants, and the checks that all suites share. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/err.h"

/* The call must succeed; its error text is printed when it does not. */
#define ASSERT_OK(call, error)                                                                     \
    do {                                                                                           \
        if (!(call)) {                                                                             \
            fail_msg("%s: %s", #call, (error).text);                                               \
        }                                                                                          \
    } while (0)

/* The call must fail with this kind, and its text must hold `part`. */
#define ASSERT_FAILS(call, error, wanted_kind, part)                                               \
    do {                                                                                           \
        assert_false(call);                                                                        \
        assert_int_equal((error).kind, (wanted_kind));                                             \
        if (!strstr((error).text, (part))) {                                                       \
            fail_msg("\"%s\" does not say \"%s\"", (error).text, (part));                          \
        }                                                                                          \
    } while (0)
