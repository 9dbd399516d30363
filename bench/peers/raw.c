/* SPDX-License-Identifier: MIT */

/*
 * The floor: what the operations cost that nobody can do without.  A "child"
 * is a node that is linked into and unlinked from its parent's list, each time
 * under a bit lock, without heap, reference or cause; canceling is a walk.
 */

#define PEER "raw"
#include "../bench.h"

#include <linux/futex.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

typedef struct node {
    int ended;
    int locked;
    struct node *parent;
    struct node *next, **link; /* in parent's children; link NULL: not */
    struct node *children;
} node;
#define PLACE_SIZE sizeof(node)

static inline void lock(node *self)
{
    int free = 0;
    while (!__atomic_compare_exchange_n(&self->locked, &free, 1, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        free = 0;
        while (__atomic_load_n(&self->locked, __ATOMIC_RELAXED) != 0)
            ;
    }
}

static inline void unlock(node *self)
{
    __atomic_store_n(&self->locked, 0, __ATOMIC_RELEASE);
}

static inline node *make_root(void)
{
    return need(calloc(1, sizeof(node)));
}

static inline void link_in(node *self, node *parent)
{
    self->next = parent->children;
    self->link = &parent->children;
    if (self->next != NULL)
        self->next->link = &self->next;
    parent->children = self;
}

static inline void unlink_from(node *self)
{
    *self->link = self->next;
    if (self->next != NULL)
        self->next->link = self->link;
}

static inline node *make_child(void *place, node *parent)
{
    node *child = place;
    child->ended = 0;
    child->locked = 0;
    child->parent = parent;
    child->children = NULL;
    lock(parent);
    link_in(child, parent);
    unlock(parent);
    return child;
}

/* Marks self and all below, without recursion, and takes the tree apart. */
static inline void cancel(node *self)
{
    __atomic_store_n(&self->ended, 1, __ATOMIC_RELEASE);
    node *at = self;
    for (;;) {
        node *child = at->children;
        if (child != NULL) {
            at->children = child->next;
            child->link = NULL;
            __atomic_store_n(&child->ended, 1, __ATOMIC_RELEASE);
            if (child->children != NULL)
                at = child;
        } else if (at == self) {
            return;
        } else {
            at = at->parent;
        }
    }
}

/* What was marked by its parent is not linked any more; nothing to lock. */
static inline void give_back(node *self)
{
    if (self->parent == NULL)
        free(self);
}

static inline void finish(node *self)
{
    __atomic_store_n(&self->ended, 1, __ATOMIC_RELEASE);
    if (self->parent != NULL) {
        lock(self->parent);
        unlink_from(self);
        unlock(self->parent);
    }
    give_back(self);
}

static inline bool has_ended(const node *self)
{
    return __atomic_load_n(&self->ended, __ATOMIC_ACQUIRE) != 0;
}

/* The shape of the hooks by which other libraries ask: int (*)(void *). */
__attribute__((noipa)) static int stopped(void *self)
{
    return has_ended((const node *)self);
}

static inline bool has_ended_by_call(const node *self)
{
    return stopped((void *)self) != 0;
}

#include "../questions/chain.h"
#include "../questions/check.h"
#include "../questions/child.h"
#include "../questions/contended.h"
#include "../questions/fan.h"

static double run_check_calls(const node *at, size_t n)
{
    return time_checks(has_ended_by_call, at, n);
}

static void ask_checks(size_t n)
{
    ask_check(n);
    time_at_depth("s3.check_call", run_check_calls, 1, unless_quick(n));
    time_at_depth("s3.check_call", run_check_calls, 10, unless_quick(n));
}

/* --- Single operations --------------------------------------------------- */

static int word;
static int event;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static node list;
static node item;

static void allocate_64(void)
{
    void *memory = malloc(64);
    __asm__ volatile("" : : "r"(memory) : "memory");
    free(memory);
}

static void lock_mutex(void)
{
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
}

static void lock_bit(void)
{
    lock(&list);
    unlock(&list);
}

static void link_and_unlink(void)
{
    link_in(&item, &list);
    __asm__ volatile("" : : : "memory");
    unlink_from(&item);
    __asm__ volatile("" : : : "memory");
}

static void link_under_lock(void)
{
    lock(&list);
    link_in(&item, &list);
    unlock(&list);
    lock(&list);
    unlink_from(&item);
    unlock(&list);
}

static void wake_nobody(void)
{
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void write_event(void)
{
    uint64_t one = 1;
    if (write(event, &one, sizeof one) != sizeof one)
        abort();
}

static void read_monotonic(void)
{
    wall_ns();
}

ALWAYS_INLINE void time_operation(const char *key, void (*fn)(void), size_t n)
{
    struct lap lap = {0, 0};
    lap_begin(&lap);
    for (size_t i = 0; i < n; ++i)
        fn();
    lap_end(&lap);
    report_lap(key, &lap, n);
}

static void ask_raw(size_t n)
{
    n = unless_quick(n);
    event = eventfd(0, EFD_CLOEXEC);
    time_operation("r.malloc_free_64", allocate_64, n);
    time_operation("r.mutex", lock_mutex, n);
    time_operation("r.bit_lock", lock_bit, n);
    time_operation("r.link", link_and_unlink, n);
    time_operation("r.link_locked", link_under_lock, n);
    time_operation("r.clock", read_monotonic, n);
    time_operation("r.futex_wake_nobody", wake_nobody, n / 4);
    time_operation("r.eventfd_write", write_event, n / 4);
    close(event);
}

/* What a callback and a deadline cannot do without. */
static void ask_callback(size_t n)
{
    time_operation("s6.callback", link_under_lock, unless_quick(n));
}

static void link_with_clock(void)
{
    read_monotonic();
    link_under_lock();
}

static void ask_timeout(size_t n)
{
    time_operation("s2.timeout_child", link_with_clock, unless_quick(n));
}

int main(int argc, char **argv)
{
    static const struct question questions[] = {
        {"raw", ask_raw, 4000000},
        {"s1", ask_child, 1000000},
        {"s2", ask_timeout, 1000000},
        {"s3", ask_checks, 50000000},
        {"s4.fan.1000", ask_fan, 1000},
        {"s4.fan.100000", ask_fan, 100000},
        {"s4.fan.1000000", ask_fan, 1000000},
        {"s5.chain.1000", ask_chain, 1000},
        {"s5.chain.100000", ask_chain, 100000},
        {"s6", ask_callback, 1000000},
        {"s11", ask_contended, 1000000},
    };
    return ANSWER(argc, argv, "raw limits, gcc " __VERSION__, questions);
}
