/* SPDX-License-Identifier: Apache-2.0 */
/* OpenFlow objects in memory, and what can be done with any of them.
 *
 * Duty: bytes of OpenFlow 1.0, 1.3, 1.4 and 1.5 to C structs and back. The structs, constants and
 * codecs are generated from ofproto/openflow_input/ (see ofproto/openflow.h, which consumers
 * include); this is the hand-written part that they stand on.
 *
 * Model: a class (`OF_FLOW_ADD`, `struct of_flow_add`) is one C struct for all versions, the
 * union of their members. Each begins with `struct of_object`, which says class and version; a
 * struct whose class has children (`struct of_flow_mod`, `struct of_action`) is a common
 * beginning of theirs, so a pointer to the child may be used as one to the parent. Numbers are in
 * host byte order. What follows from the class or the contents (type, length, command, counts,
 * padding) is not stored. An object that the description embeds by value needs no class or
 * version set before encoding; one that is pointed to needs its class.
 *
 * Ownership: decoding allocates from the caller's arena, and byte strings point into the message:
 * both must outlive the object, or of_object_clone() it. Threads: no shared state.
 * Errors: 0 or a positive errno. EBADMSG: malformed input, and `*error` holds the OpenFlow error
 * that the specification names; ENOMEM; in encoding EINVAL (a class that the version lacks, a
 * missing object), ERANGE (a value that its field cannot hold), EMSGSIZE (above 65535 bytes).
 * Not here: meaning (prerequisites of fields, tables, groups), sockets, framing (frame.h). */
#ifndef SHUNT_OFPROTO_OF_OBJECT_H
#define SHUNT_OFPROTO_OF_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ofproto/of-arena.h"
#include "ofproto/of-buf.h"

/* What an error sends back of its request: all of nearly any, 64 bytes at least (1.3,
 * section 7.4.4). Errors that each had a long request in them would stop a peer that writes before
 * it reads. */
#define OF_ERROR_DATA_MAX 1024

/* Versions as they stand on the wire. */
enum of_version {
    OF_VERSION_10 = 1,
    OF_VERSION_13 = 4,
    OF_VERSION_14 = 5,
    OF_VERSION_15 = 6,
};

struct of_object {
    uint16_t class_id; /* enum of_class. */
    uint8_t version;   /* enum of_version. */
    uint8_t n_value;   /* Bytes of the value of an OXM of variable length; 0 elsewhere. */
};

/* A struct that is a common beginning of others may be used to look at them. */
#define OF_PARENT __attribute__((may_alias))

struct of_header;
struct of_oxm;

struct of_octets {
    const uint8_t *data;
    size_t size;
};

/* Any list of objects: `struct of_action_list` and its like have this layout. */
typedef struct of_object *of_object_pointer OF_PARENT;
struct OF_PARENT of_list {
    size_t n;
    of_object_pointer *items;
};

/* An OpenFlow error. `offset` is where in the message it was found, for logs. */
struct of_error {
    uint16_t type, code;
    uint32_t offset;
};

/* Messages. */

/* Decodes the message that `bytes` hold, all `size` of them. */
int of_msg_decode(struct of_arena *arena, const uint8_t *bytes, size_t size, struct of_header **msg,
                  struct of_error *error);

/* The class of the message that `bytes` begin with, so far as they tell: OF_HEADER if they do not.
 */
uint16_t of_msg_class(const uint8_t *bytes, size_t size);

/* Appends `msg` to `out`; on an error `out` is as before. */
int of_msg_encode(const struct of_header *msg, struct of_buf *out);

/* Could `msg` be encoded? 0, or what of_msg_encode() would return. */
int of_msg_validate(const struct of_header *msg);

/* Appends the error message of `version` that answers the message (or its beginning) at `bytes`:
 * its xid is that message's, its data the first OF_ERROR_DATA_MAX bytes of it. An unknown `version`
 * is taken as 1.0. */
int of_error_encode(const struct of_error *error, uint8_t version, const uint8_t *bytes,
                    size_t size, struct of_buf *out);

/* Parts of messages: `class_id` names the class, or the parent of all that may come. */

/* Decodes one object that takes up all of `bytes`. */
int of_object_decode(struct of_arena *arena, uint16_t class_id, uint8_t version,
                     const uint8_t *bytes, size_t size, struct of_object **object,
                     struct of_error *error);

/* Decodes objects up to the end of `bytes`. `list` is a `struct of_..._list *` of that class. */
int of_list_decode(struct of_arena *arena, uint16_t class_id, uint8_t version, const uint8_t *bytes,
                   size_t size, void *list, struct of_error *error);

/* Appends the bytes of an object, of its own version. */
int of_object_encode(const struct of_object *object, struct of_buf *out);

/* Appends the objects of a list of `class_id` in `version`. */
int of_list_encode(uint16_t class_id, uint8_t version, const void *list, struct of_buf *out);

/* Objects of any class. */

/* A zeroed object, or NULL when memory ran out or `version` has no such class. */
struct of_object *of_object_new(struct of_arena *arena, uint16_t class_id, uint8_t version);

/* A deep copy, bytes and all, or NULL when memory ran out. Takes NULL. */
struct of_object *of_object_clone(struct of_arena *arena, const struct of_object *object);

/* Is `class_id` the class `ancestor`, or below it? */
bool of_class_is(uint16_t class_id, uint16_t ancestor);

/* "flow_add"; "unknown" for a number that is no class. */
const char *of_class_name(uint16_t class_id);

/* Does `version` have this class? */
bool of_class_in_version(uint16_t class_id, uint8_t version);

/* Printing. */

/* Writes the object on one line without a newline: class(member=value, ...). */
void of_object_print(FILE *stream, const struct of_object *object);
void of_msg_print(FILE *stream, const struct of_header *msg);

/* The same as a string for free(), or NULL when memory ran out. */
char *of_object_to_string(const struct of_object *object);

/* "OFPBMC_BAD_FIELD", or NULL. */
const char *of_error_code_name(uint8_t version, uint16_t type, uint16_t code);

/* "OFPET_BAD_MATCH", or NULL. */
const char *of_error_type_name(uint8_t version, uint16_t type);

/* Match fields (OXM, NXM) and statistics fields (OXS) without their types. */

enum { OF_OXM_MAX_BYTES = 248 };

/* What an OXM says, in wire terms: values are big endian. The has-mask bit and the length of
 * `type_len` are as on the wire (the length counts mask and experimenter). */
struct of_oxm_view {
    uint32_t type_len;
    uint32_t experimenter; /* 0 unless the OXM class is 0xffff. */
    bool has_mask;
    uint8_t n_bytes; /* Of the value, and of the mask if there is one. */
    uint8_t value[OF_OXM_MAX_BYTES];
    uint8_t mask[OF_OXM_MAX_BYTES];
};

/* Fills the first n_bytes of value (and of mask) only. EINVAL: not an OXM. */
int of_oxm_view(const struct of_object *oxm, struct of_oxm_view *view);

/* Makes an OXM of `version` from wire terms. `mask` NULL: an exact match; the has-mask bit and
 * the length of `type_len` are ignored. NULL with *error set as in decoding (unknown field, wrong
 * `n_bytes`, mask not allowed, ...), or with error->type 0 and code 0 when memory ran out. */
struct of_oxm *of_oxm_from_bytes(struct of_arena *arena, uint8_t version, uint32_t type_len,
                                 uint32_t experimenter, const uint8_t *value, const uint8_t *mask,
                                 size_t n_bytes, struct of_error *error);

/* A field by its header, whatever its has-mask bit and length: name ("eth_dst"), size and class;
 * NULL when no version has it. */
struct of_oxm_field {
    const char *name;
    uint32_t type_len; /* Without mask; of variable length: the longest. */
    uint32_t experimenter;
    uint16_t root; /* OF_OXM or OF_OXS. */
    uint16_t class_id;
    uint16_t masked_class_id; /* OF_NO_CLASS: no mask allowed. */
    uint16_t bits;            /* Significant ones. */
    uint8_t n_bytes;          /* At most, if the length is variable. */
    uint8_t storage;          /* enum of_oxm_storage, of-codec.h. */
    uint8_t versions;         /* Bit i: the i-th of enum of_version. */
    bool variable;
};
const struct of_oxm_field *of_oxm_field_find(uint32_t type_len, uint32_t experimenter);

/* The field of a class such as OF_OXM_ETH_DST or OF_OXM_ETH_DST_MASKED, or NULL. */
const struct of_oxm_field *of_oxm_field_of_class(uint16_t class_id);

/* The field of that name, or NULL. All fields: `of_oxm_fields[0 .. of_n_oxm_fields - 1]`. */
const struct of_oxm_field *of_oxm_field_by_name(const char *name);
extern const struct of_oxm_field of_oxm_fields[];
extern const size_t of_n_oxm_fields;

#endif
