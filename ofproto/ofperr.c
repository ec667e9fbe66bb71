/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/ofperr.h"

#include "lib/util.h"

/* Of a row: which experimenter an error belongs to. NONE is Nicira's "unencodable error". */
#define STD(TYPE, CODE)                                                                            \
    {                                                                                              \
        0, TYPE, CODE                                                                              \
    }
#define NX(TYPE, CODE)                                                                             \
    {                                                                                              \
        OFPERR_NICIRA_ID, TYPE, CODE                                                               \
    }
#define NXE(CODE)                                                                                  \
    {                                                                                              \
        OFPERR_NICIRA_ID, OFPERR_TYPE_EXPERIMENTER, CODE                                           \
    }
#define ONF(CODE)                                                                                  \
    {                                                                                              \
        OFPERR_ONF_ID, OFPERR_TYPE_EXPERIMENTER, CODE                                              \
    }
#define NONE                                                                                       \
    {                                                                                              \
        0, OFPERR_TYPE_EXPERIMENTER, 0                                                             \
    }

static const struct {
    const char *name;
    struct ofperr_wire wire[4]; /* OpenFlow 1.0, 1.3, 1.4, 1.5. */
} errors[N_OFPERRS] = {
    [OFPERR_OK] = {"OK", {NONE, NONE, NONE, NONE}},
#define ERR(NAME, V10, V13, V14, V15) [OFPERR_##NAME] = {#NAME, {V10, V13, V14, V15}},
#include "ofproto/ofperr.def"
#undef ERR
};

static unsigned int
version_column(enum ofp_version version)
{
    return version <= OFP10 ? 0 : version <= OFP13 ? 1 : version == OFP14 ? 2 : 3;
}

static bool
is_none(const struct ofperr_wire *wire)
{
    return !wire->experimenter && wire->type == OFPERR_TYPE_EXPERIMENTER;
}

struct ofperr_wire
ofperr_to_wire(enum ofperr error, enum ofp_version version)
{
    static const struct ofperr_wire unencodable_v10 = NX(1, 521), unencodable = NXE(10);
    const struct ofperr_wire *wire = &errors[error].wire[version_column(version)];

    if (!is_none(wire))
        return *wire;
    return version <= OFP10 ? unencodable_v10 : unencodable;
}

enum ofperr
ofperr_from_wire(struct ofperr_wire wire, enum ofp_version version)
{
    unsigned int column = version_column(version);

    for (int i = OFPERR_OK + 1; i < N_OFPERRS; i++) {
        const struct ofperr_wire *row = &errors[i].wire[column];

        if (!is_none(row) && row->experimenter == wire.experimenter && row->type == wire.type &&
            row->code == wire.code)
            return (enum ofperr)i;
    }
    return OFPERR_OK;
}

const char *
ofperr_name(enum ofperr error)
{
    return (unsigned int)error < ARRAY_SIZE(errors) ? errors[error].name : "unknown error";
}
