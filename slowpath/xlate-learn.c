/* SPDX-License-Identifier: Apache-2.0 */
/* The learn action: a flow-mod made of fields of the packet. Translation makes it; whoever applies
 * effects carries it out. */
#include "slowpath/xlate-private.h"

#include "ofproto/messages.h"

struct xlate_learned {
    struct ofp_flow_mod mod;
    struct buf ofpacts;
    uint32_t limit;
};

static field_value
spec_value(struct xlate_ctx *ctx, const struct learn_spec *spec)
{
    return spec->src_is_field ? xlate_read(ctx, &spec->src) : spec->value;
}

/* A VLAN id that is matched without saying more is that of a tagged packet or, as 0, of any:
 * the field's bits are matched as they are. */
static void
add_match(struct xlate_learned *learned, const struct subfield *dst, field_value value)
{
    const struct field *field = field_from_id((enum field_id)dst->field);

    match_set_masked(&learned->mod.match, field, value << dst->ofs, subfield_mask(dst));
}

static void
add_spec(struct xlate_ctx *ctx, const struct learn_spec *spec, struct xlate_learned *learned)
{
    field_value value = spec_value(ctx, spec);

    switch ((enum learn_dst)spec->dst_type) {
    case LEARN_MATCH:
        add_match(learned, &spec->dst, value);
        break;
    case LEARN_LOAD:
        ofpact_put_set_field(&learned->ofpacts, SET_FIELD_LOAD,
                             field_from_id((enum field_id)spec->dst.field), value << spec->dst.ofs,
                             subfield_mask(&spec->dst));
        break;
    case LEARN_OUTPUT:
        ofpact_put_output(&learned->ofpacts,
                          spec->n_bits <= 16 ? ofport_from_v10((uint16_t)value) : (uint32_t)value,
                          0);
        break;
    }
}

static void
add_fin_timeout(const struct ofpact_learn *learn, struct buf *ofpacts)
{
    struct ofpact_fin_timeout *fin;

    if (!learn->fin_idle_timeout && !learn->fin_hard_timeout)
        return;
    fin = OFPACT_PUT(ofpacts, FIN_TIMEOUT, ofpact_fin_timeout);
    fin->idle_timeout = learn->fin_idle_timeout;
    fin->hard_timeout = learn->fin_hard_timeout;
}

static void
init_mod(const struct ofpact_learn *learn, struct ofp_flow_mod *mod)
{
    match_init_catchall(&mod->match);
    mod->priority = learn->priority;
    mod->command = OFPFC_MODIFY_STRICT;
    mod->add_if_missing = true;
    mod->table_id = learn->table_id;
    mod->new_cookie = learn->cookie;
    mod->modify_cookie = true;
    mod->idle_timeout = learn->idle_timeout;
    mod->hard_timeout = learn->hard_timeout;
    mod->flags = learn->flags & LEARN_SEND_FLOW_REM ? OFPFF_SEND_FLOW_REM : 0;
    mod->buffer_id = OFBUFFER_NONE;
    mod->out_port = OFPORT_ANY;
    mod->out_group = OFGROUP_ANY;
}

/* Translation learns nothing: it says what learning would find. */
static void
write_result(struct xlate_ctx *ctx, const struct ofpact_learn *learn,
             const struct xlate_learned *learned)
{
    bool success = ofproto_can_learn(ctx->ofproto, &learned->mod, learned->limit);

    ctx->out->asks_to_learn = true;
    xlate_report(ctx, "learning %s", success ? "succeeds" : "fails");
    xlate_write_subfield(ctx, &learn->result_dst, success);
}

void
xlate_learn(struct xlate_ctx *ctx, const struct ofpact_learn *learn)
{
    struct xlate_learned *learned = xcalloc(1, sizeof *learned);

    init_mod(learn, &learned->mod);
    learned->limit = learn->limit;
    for (size_t i = 0; i < learn->n_specs; i++)
        add_spec(ctx, &learn->specs[i], learned);
    add_fin_timeout(learn, &learned->ofpacts);
    if (learn->flags & LEARN_WRITE_RESULT)
        write_result(ctx, learn, learned);
    xlate_add_effect(ctx, XLATE_LEARN_FLOW)->learned = learned;
}

void
xlate_learned_apply(const struct xlate_learned *learned, struct ofproto *ofproto)
{
    struct ofp_flow_mod mod = learned->mod;
    bool is_limited;

    mod.ofpacts = (const struct ofpact *)learned->ofpacts.data;
    mod.ofpacts_size = learned->ofpacts.size;
    ofproto_learn(ofproto, &mod, learned->limit, &is_limited);
}

void
xlate_learned_free(struct xlate_learned *learned)
{
    if (learned)
        buf_destroy(&learned->ofpacts);
    free(learned);
}
