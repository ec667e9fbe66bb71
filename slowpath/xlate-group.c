/* SPDX-License-Identifier: Apache-2.0 */
#include "slowpath/xlate-private.h"

#include "ofproto/group.h"
#include "ofproto/messages.h"

/* ---- Selection --------------------------------------------------------------------------------*/
/* By the fields that the group names, or by everything that tells one conversation from
 * another. */
static uint32_t
select_hash(struct xlate_ctx *ctx, const struct group *group)
{
    const struct ofp_group_props *props = group->props;
    uint32_t basis = props ? (uint32_t)props->selection_method_param : 0;

    if (props && !is_all_zero(&props->fields, sizeof props->fields))
        return xlate_hash_mask(ctx, &props->fields, basis);
    return xlate_hash_default(ctx, basis);
}

/* ---- Buckets ----------------------------------------------------------------------------------*/
static void
run_bucket(struct xlate_ctx *ctx, struct bucket *bucket, bool is_last)
{
    struct xlate_branch *branch = xmalloc(sizeof *branch);
    uint8_t old_reason = ctx->reason;

    xlate_add_ref(ctx, (struct xlate_ref){.kind = XLATE_BUCKET, .bucket = bucket});
    xlate_report(ctx, "bucket %u", bucket->id);
    xlate_branch_begin(ctx, branch, is_last);
    ctx->reason = OFPR_GROUP;
    ctx->indent++;
    xlate_bucket_actions(ctx, bucket->ofpacts, bucket->ofpacts_size, is_last);
    ctx->indent--;
    ctx->reason = old_reason;
    xlate_branch_end(ctx, branch);
    free(branch);
}

static void
run_all(struct xlate_ctx *ctx, const struct group *group, bool is_last)
{
    for (size_t i = 0; i < group->n_buckets; i++)
        run_bucket(ctx, group->buckets[i], is_last && i + 1 == group->n_buckets);
}

static void
run_one(struct xlate_ctx *ctx, struct bucket *bucket, bool is_last)
{
    if (bucket)
        run_bucket(ctx, bucket, is_last);
    else
        xlate_report(ctx, "no live bucket");
}

static void
run_group(struct xlate_ctx *ctx, const struct group *group, bool is_last)
{
    switch (group->type) {
    case OFPGT_ALL:
        run_all(ctx, group, is_last);
        break;
    case OFPGT_INDIRECT:
        if (group->n_buckets)
            run_bucket(ctx, group->buckets[0], is_last);
        break;
    case OFPGT_SELECT:
        run_one(ctx, group_select(ctx->ofproto, group, select_hash(ctx, group)), is_last);
        break;
    case OFPGT_FF:
        run_one(ctx, group_first_live(ctx->ofproto, group), is_last);
        break;
    }
}

void
xlate_group(struct xlate_ctx *ctx, uint32_t group_id)
{
    struct group *group = group_find(ctx->ofproto, group_id);

    if (!group) {
        xlate_report(ctx, "there is no group %u", group_id);
        return;
    }
    if (ctx->depth >= XLATE_MAX_DEPTH) {
        xlate_fail(ctx, XLATE_TOO_DEEP);
        return;
    }
    xlate_report(ctx, "group %u", group_id);
    xlate_add_ref(ctx, (struct xlate_ref){.kind = XLATE_GROUP, .group = group});
    ctx->depth++;
    run_group(ctx, group, ctx->tail);
    ctx->depth--;
}
