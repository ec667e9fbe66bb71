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

/* Runs an array of tests; the status to exit with. */
#define UNIT_RUN(tests, argc, argv)                                                                \
    (cmocka_set_message_output(CM_OUTPUT_TAP),                                                     \
     (argc) > 1 ? cmocka_set_test_filter((argv)[1]) : (void)0,                                     \
     cmocka_run_group_tests(tests, NULL, NULL) != 0)

#define UNIT_MAIN(tests)                                                                           \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        return UNIT_RUN(tests, argc, argv);                                                        \
    }

#endif
