/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to a switch that speaks OpenFlow, for one command.
 *
 * Model: requests block until they are answered. Messages that nobody waits for are passed over,
 * echo requests are answered. While a message is being sent, what comes in is read too, so that
 * thousands of requests and their errors do not wait for one another.
 *
 * Ownership: a message that is handed out is good until the next one. Threads: one.
 * Errors: one line is printed and 1, the exit status, returned; 0 is success.
 * Not here: what messages say. */
#ifndef SHUNT_CLI_OF_CLIENT_H
#define SHUNT_CLI_OF_CLIENT_H

#include "cli/cli.h"
#include "lib/buf.h"
#include "ofproto/ofp-names.h"
#include "ofproto/ofperr.h"

struct of_client;
struct of_header;

/* `target` is a bridge of the daemon, unix:PATH, tcp:IP[:PORT] or the path of a socket.
 * `versions`: bits of those that may be spoken; the command line's -O narrows them; 0: all. */
int of_client_open(const struct cli *, const char *target, uint32_t versions, struct of_client **);
void of_client_close(struct of_client *);
enum ofp_version of_client_version(const struct of_client *);
uint32_t of_client_new_xid(struct of_client *);

/* Sends encoded messages, whole. */
int of_client_send(struct of_client *, const struct buf *msgs);
/* Encodes and sends, with a new xid, which *xid gets when it is not NULL. */
int of_client_send_object(struct of_client *, struct of_header *, uint32_t *xid);
/* The next message that is no echo; *bytes (when not NULL) are what it was decoded from. One that
 * does not decode is an error. */
int of_client_receive(struct of_client *, struct of_header **, const uint8_t **bytes, size_t *size);
/* The same as it came, whether it decodes or not. */
int of_client_receive_bytes(struct of_client *, const uint8_t **bytes, size_t *size);

/* Waits for the answers to the request `xid`, all parts of it, and calls `reply` for each. An
 * OpenFlow error as answer is printed. */
typedef int of_client_reply(const struct of_header *, void *aux);
int of_client_wait(struct of_client *, uint32_t xid, of_client_reply *, void *aux);
/* Sends a request of this class without members, and waits for its answers. */
int of_client_ask(struct of_client *, uint16_t class_id, of_client_reply *, void *aux);

/* Waits until the switch has done all that it was sent. The errors that it answered with are
 * printed: with the text that `describe` (NULL: none) gives for the xid of the refused message. */
typedef const char *of_client_describe(uint32_t xid, void *aux);
int of_client_finish(struct of_client *, of_client_describe *, void *aux);

/* Asks for the names of the switch's ports. Not while a message that was handed out is in use, nor
 * while errors of what was sent may be under way. */
int of_client_load_ports(struct of_client *);
/* Names for parsers, which are asked for when the first is needed, and for printers, which need
 * them to be loaded. */
const struct ofp_port_names *of_client_port_names(struct of_client *);

#endif
