/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/cls-same.h"

/* A parent's is no less than its children's. */
static uint32_t
heat(const struct cls_rule *rule)
{
    return hash_u64((uintptr_t)rule, 0);
}

static struct cls_rule **
child_towards(struct cls_rule *rule, int32_t priority)
{
    return priority < rule->priority ? &rule->lower : &rule->higher;
}

/* Cuts a tree, which has no rule of `priority`, in two. */
static void
split(struct cls_rule *root, int32_t priority, struct cls_rule **lower, struct cls_rule **higher)
{
    while (root) {
        if (priority < root->priority) {
            *higher = root;
            higher = &root->lower;
            root = root->lower;
        } else {
            *lower = root;
            lower = &root->higher;
            root = root->higher;
        }
    }
    *lower = *higher = NULL;
}

/* Puts two trees, all of whose priorities are in order, together at `link`. */
static void
join(struct cls_rule *lower, struct cls_rule *higher, struct cls_rule **link)
{
    while (lower && higher) {
        if (heat(lower) > heat(higher)) {
            *link = lower;
            link = &lower->higher;
            lower = lower->higher;
        } else {
            *link = higher;
            link = &higher->lower;
            higher = higher->lower;
        }
    }
    *link = lower ? lower : higher;
}

void
cls_same_insert(struct cls_rule **link, struct cls_rule *rule)
{
    while (*link && heat(*link) >= heat(rule))
        link = child_towards(*link, rule->priority);
    split(*link, rule->priority, &rule->lower, &rule->higher);
    *link = rule;
}

void
cls_same_remove(struct cls_rule **link, struct cls_rule *rule)
{
    while (*link != rule)
        link = child_towards(*link, rule->priority);
    join(rule->lower, rule->higher, link);
}

struct cls_rule *
cls_same_find(struct cls_rule *rule, int32_t priority)
{
    while (rule && rule->priority != priority)
        rule = *child_towards(rule, priority);
    return rule;
}

struct cls_rule *
cls_same_below(struct cls_rule *rule, int32_t priority)
{
    struct cls_rule *best = NULL;

    while (rule) {
        if (rule->priority < priority) {
            best = rule;
            rule = rule->higher;
        } else {
            rule = rule->lower;
        }
    }
    return best;
}
