/* SPDX-License-Identifier: Apache-2.0 */
/* The main function of a cmocka test program: TAP on standard output, and a first argument that
 * chooses tests by name (`*` and `?` match). */
#ifndef SHUNT_TESTS_UNIT_H
#define SHUNT_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define UNIT_MAIN(tests)                                                                           \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        cmocka_set_message_output(CM_OUTPUT_TAP);                                                  \
        if (argc > 1)                                                                              \
            cmocka_set_test_filter(argv[1]);                                                       \
        return cmocka_run_group_tests(tests, NULL, NULL) != 0;                                     \
    }

#endif
