/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs that speak OpenFlow, and what their files share.
 *
 * Errors: as of struct of_client. Not here: the connection (cli/of-client.h). */
#ifndef SHUNT_CLI_OF_VERBS_H
#define SHUNT_CLI_OF_VERBS_H

#include "cli/of-client.h"

struct ofp_flow_mod;

/* of-capture.c: the verb ofp-parse-pcap. */
int of_parse_pcap(const struct cli *);

/* End with the row that has no name. */
extern const struct cli_verb cli_config_verbs[];
extern const struct cli_verb cli_echo_verbs[];
extern const struct cli_verb cli_flow_verbs[];
extern const struct cli_verb cli_group_verbs[];
extern const struct cli_verb cli_parse_verbs[];
extern const struct cli_verb cli_port_verbs[];
extern const struct cli_verb cli_watch_verbs[];

/* Sends flow-mods over a connection. */
struct flow_sender {
    struct of_client *client;
    bool has_tables; /* OpenFlow 1.0: flow-mods name tables from now on. */
};
int flow_sender_send(struct flow_sender *, const struct ofp_flow_mod *, uint32_t *xid);

/* Calls `take` for each line of the file (or of standard input, for "-") that is not empty;
 * `where` is what to put in front of an error about it. A status that is not 0 ends it. */
typedef int of_flows_line(void *aux, const char *text, unsigned number, const char *where);
int of_flows_read_file(const struct cli *, const char *path, of_flows_line *take, void *aux);

/* A file's lines in the order of the xids that they were sent with. */
struct of_sent_lines {
    const char *path;
    uint32_t first_xid;
    size_t n, allocated;
    unsigned *lines; /* The owner frees it. */
    char text[4200];
};
void of_sent_note(struct of_sent_lines *, uint32_t xid, unsigned line);
/* An of_client_describe: "PATH: line N". */
const char *of_sent_describe(uint32_t xid, void *sent);

/* Asks for the flows (or their sum) that the text `filter` is about. */
int of_flows_request(struct of_client *, const struct cli *, const char *filter, bool aggregate,
                     of_client_reply *, void *aux);

/* cli/of-flowset.c */
cli_run of_replace_flows, of_diff_flows;

#endif
