/* SPDX-License-Identifier: Apache-2.0 */
/* The classifier's rules of one match, by priority.
 *
 * Model: a treap (Seidel and Aragon, "Randomized Search Trees", 1996): a search tree over the
 * priorities that is a heap over hashes of the rules' addresses, so that it is balanced whatever
 * order they come in. A match mostly has one rule, which is then the whole tree. NULL is the empty
 * tree. For ofproto/cls-subtable.c and classifier.c alone. Ownership: rules are borrowed. Threads:
 * as the classifier. */
#ifndef SHUNT_OFPROTO_CLS_SAME_H
#define SHUNT_OFPROTO_CLS_SAME_H

#include "ofproto/classifier.h"

/* No rule of its priority may be there. */
void cls_same_insert(struct cls_rule **root, struct cls_rule *);
/* The rule must be there. */
void cls_same_remove(struct cls_rule **root, struct cls_rule *);
/* The rule of this priority, or NULL. */
struct cls_rule *cls_same_find(struct cls_rule *root, int32_t priority);
/* The one of highest priority below this, or NULL. */
struct cls_rule *cls_same_below(struct cls_rule *root, int32_t priority);

/* The one of highest priority. */
static inline struct cls_rule *
cls_same_highest(struct cls_rule *root)
{
    while (root->higher)
        root = root->higher;
    return root;
}

/* In falling priority; the tree must not change meanwhile. */
#define CLS_SAME_FOR_EACH(RULE, ROOT)                                                              \
    for (RULE = cls_same_highest(ROOT); RULE; RULE = cls_same_below(ROOT, (RULE)->priority))

#endif
