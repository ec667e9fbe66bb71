/* SPDX-License-Identifier: Apache-2.0 */
/* Flows, a packet, and what the datapath shall do with whichever packets. In rows named "Egress"
 * egress processing starts in table 10. */
#include "tests/translation/fixture.h"

#include <stdio.h>

struct row {
    const char *name;
    const char *groups; /* A line each. */
    const char *flows;  /* A line each. */
    const char *packet;
    const char *actions;
    const char *megaflow; /* Behind "recirc_id(0),in_port(101)"; NULL: not checked. */
};

static const struct row rows[] = {
#include "tests/translation/rows.def"
};

static void
add_groups(struct fixture *fx, const char *lines)
{
    char *copy = strdup(lines), *save = NULL;

    for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        fixture_group(fx, line);
    free(copy);
}

static void
check_row(void **state)
{
    const struct row *row = *state;
    char megaflow[512];
    struct fixture fx;

    fixture_init(&fx);
    if (row->groups)
        add_groups(&fx, row->groups);
    fixture_flows(&fx, row->flows);
    if (!strncmp(row->name, "Egress", 6))
        fx.ofproto->first_egress_table = 10;
    snprintf(megaflow, sizeof megaflow, "recirc_id(0),in_port(101)%s",
             row->megaflow ? row->megaflow : "");
    fixture_check(&fx, row->packet, row->actions, row->megaflow ? megaflow : NULL);
    fixture_destroy(&fx);
}

int
main(int argc, char **argv)
{
    struct CMUnitTest tests[ARRAY_SIZE(rows)];

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        tests[i] = (struct CMUnitTest){
            .name = rows[i].name, .test_func = check_row, .initial_state = (void *)&rows[i]};
    return UNIT_RUN(tests, argc, argv);
}
