/* SPDX-License-Identifier: Apache-2.0 */
/* A circular doubly linked list whose links sit in the elements.
 *
 * Model: a head is a link that points to itself when the list is empty. Ownership stays with
 * whoever allocated the elements. Threads: the caller's lock. */
#ifndef SHUNT_LIB_LIST_H
#define SHUNT_LIB_LIST_H

#include <stdbool.h>

#include "lib/util.h"

struct list {
    struct list *prev, *next;
};

#define LIST_INITIALIZER(head)                                                                     \
    {                                                                                              \
        (head), (head)                                                                             \
    }

static inline void
list_init(struct list *head)
{
    head->prev = head->next = head;
}

static inline bool
list_is_empty(const struct list *head)
{
    return head->next == head;
}

/* Links `link` in front of `before`; with a head as `before`, at the end of its list. */
static inline void
list_insert(struct list *before, struct list *link)
{
    link->prev = before->prev;
    link->next = before;
    before->prev->next = link;
    before->prev = link;
}

static inline void
list_push_back(struct list *head, struct list *link)
{
    list_insert(head, link);
}

static inline void
list_push_front(struct list *head, struct list *link)
{
    list_insert(head->next, link);
}

/* Unlinks `link` and leaves it an empty list, so that a second removal does no harm. */
static inline void
list_remove(struct list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    list_init(link);
}

/* Unlinks the first of a list that is not empty. */
static inline struct list *
list_pop_front(struct list *head)
{
    struct list *first = head->next;

    head->next = first->next;
    head->next->prev = head;
    list_init(first);
    return first;
}

#define LIST_FOR_EACH(item, member, head)                                                          \
    for ((item) = CONTAINER_OF((head)->next, __typeof__(*(item)), member);                         \
         &(item)->member != (head);                                                                \
         (item) = CONTAINER_OF((item)->member.next, __typeof__(*(item)), member))

#define LIST_FOR_EACH_SAFE(item, next_item, member, head)                                          \
    for ((item) = CONTAINER_OF((head)->next, __typeof__(*(item)), member),                         \
        (next_item) = CONTAINER_OF((item)->member.next, __typeof__(*(item)), member);              \
         &(item)->member != (head); (item) = (next_item),                                          \
        (next_item) = CONTAINER_OF((item)->member.next, __typeof__(*(item)), member))

#endif
