/* SPDX-License-Identifier: MIT */

/* nsync's notes: a tree of bits, with deadlines that are seen when asked. */

#define PEER "nsync"
#include "../bench.h"

#include <nsync.h>

typedef struct nsync_note_s_ node;
#define PLACE_SIZE 0

static inline node *make_root(void)
{
    return need(nsync_note_new(NULL, nsync_time_no_deadline));
}

static inline node *make_child(void *place, node *parent)
{
    (void)place;
    return need(nsync_note_new(parent, nsync_time_no_deadline));
}

static inline node *make_timeout_child(void *place, node *parent, int64_t after)
{
    (void)place;
    nsync_time delay;
    delay.tv_sec = (time_t)(after / 1000000000);
    delay.tv_nsec = (long)(after % 1000000000);
    nsync_time when = nsync_time_add(nsync_time_now(), delay);
    return need(nsync_note_new(parent, when));
}

static inline void cancel(node *self)
{
    nsync_note_notify(self);
}

static inline void give_back(node *self)
{
    nsync_note_free(self);
}

static inline void finish(node *self)
{
    cancel(self);
    give_back(self);
}

static inline bool has_ended(const node *self)
{
    return nsync_note_is_notified((node *)self) != 0;
}

#include "../questions/chain.h"
#include "../questions/check.h"
#include "../questions/child.h"
#include "../questions/contended.h"
#include "../questions/fan.h"
#include "../questions/memory.h"
#include "../questions/timeout.h"
#include "../questions/wake.h"

static node *timeout_child(void *place, node *parent)
{
    return make_timeout_child(place, parent, HOUR);
}

static void ask_timeout_memory(size_t n)
{
    weigh("s8.mem_timeout", timeout_child, n);
}

static node *note;

static void set(void)
{
    note = make_root();
}

static void sleep_on_note(void)
{
    nsync_note_wait(note, nsync_time_no_deadline);
}

static void wake(void)
{
    nsync_note_notify(note);
}

static void clear(void)
{
    nsync_note_free(note);
}

static void ask_wake(size_t tries)
{
    static const struct sleeper sleeper = {"s9.wake", set, sleep_on_note, wake,
                                           clear};
    ask_sleeper(&sleeper, tries);
}

int main(int argc, char **argv)
{
    static const struct question questions[] = {
        {"s1", ask_child, 300000},
        {"s2", ask_timeout_child, 300000},
        {"s3", ask_check, 20000000},
        {"s4.fan.1000", ask_fan, 1000},
        {"s4.fan.100000", ask_fan, 100000},
        {"s4.fan.1000000", ask_fan, 1000000},
        {"s5.chain.1000", ask_chain, 1000},
        {"s5.chain.100000", ask_chain, 100000},
        {"s8", ask_memory, 1000000},
        {"s8.timeout", ask_timeout_memory, 1000000},
        {"s9.wake", ask_wake, 2000},
        {"s10", ask_arm, 1000000},
        {"s11", ask_contended, 300000},
    };
    return ANSWER(argc, argv, "nsync_note", questions);
}
