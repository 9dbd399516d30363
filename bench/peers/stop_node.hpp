/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PEERS_STOP_NODE_HPP
#define BENCH_PEERS_STOP_NODE_HPP

/*
 * A "child" for peers that have a stop source but no tree: a new source, and a
 * callback on the parent that stops it.  The peer supplies
 *
 *     stop_source              with request_stop() and stop_requested()
 *     stop_callback_for<F>     constructed from watched(source) and an F
 *     watched(stop_source &)
 */

#include "../bench.h"

#include <new>
#include <optional>

struct stop_node {
    struct stopper {
        stop_node *child;
        void operator()() const noexcept
        {
            child->source.request_stop();
        }
    };

    bool on_heap;
    stop_source source;
    std::optional<stop_callback_for<stopper>> link;

    explicit stop_node(bool on_heap) : on_heap(on_heap)
    {
    }
};

using node = stop_node;
#define PLACE_SIZE sizeof(stop_node)

static inline node *make_root()
{
    return new node(true);
}

static inline node *make_child(void *place, node *parent)
{
    node *child = new (place) node(false);
    child->link.emplace(watched(parent->source), node::stopper{child});
    return child;
}

static inline void cancel(node *self)
{
    self->source.request_stop();
}

static inline void give_back(node *self)
{
    if (self->on_heap) {
        delete self;
    } else {
        self->link.reset();
        self->~node();
    }
}

static inline void finish(node *self)
{
    cancel(self);
    give_back(self);
}

static inline bool has_ended(const node *self)
{
    return self->source.stop_requested();
}

static size_t told;

struct teller {
    void operator()() const noexcept
    {
        ++told;
    }
};

using hook = stop_callback_for<teller>;
#define HOOK_SIZE sizeof(hook)

static inline void hook_on(void *place, node *at)
{
    new (place) hook(watched(at->source), teller{});
}

static inline void hook_off(void *place)
{
    static_cast<hook *>(place)->~hook();
}

#include "../questions/callback.h"
#include "../questions/chain.h"
#include "../questions/check.h"
#include "../questions/child.h"
#include "../questions/contended.h"
#include "../questions/fan.h"
#include "../questions/memory.h"

#define STOP_NODE_QUESTIONS \
    {"s1", ask_child, 1000000}, {"s3", ask_check, 50000000}, \
        {"s4.fan.1000", ask_fan, 1000}, {"s4.fan.100000", ask_fan, 100000}, \
        {"s4.fan.1000000", ask_fan, 1000000}, \
        {"s5.chain.1000", ask_chain, 1000}, \
        {"s5.chain.100000", ask_chain, 100000}, {"s6", ask_callback, 1000000}, \
        {"s8", ask_memory, 1000000}, {"s9.inline", ask_inline, 1000}, \
    { \
        "s11", ask_contended, 1000000 \
    }

#endif
