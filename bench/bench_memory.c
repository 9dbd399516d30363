/* SPDX-License-Identifier: MIT */

/* s8: what a context weighs, and what ten million of them leave behind. */

#include "belay_node.h"
#include "questions/memory.h"

static const struct belay_key key;
static int stored;

static node *timeout_child(void *place, node *parent)
{
    return make_timeout_child(place, parent, BELAY_HOUR);
}

static node *value_child(void *place, node *parent)
{
    (void)place;
    return belay_with_value(parent, &key, &stored);
}

static void ask_timeout_memory(size_t n)
{
    weigh("s8.mem_timeout", timeout_child, n);
}

static void ask_value_memory(size_t n)
{
    weigh("s8.mem_value", value_child, n);
}

/* Not fewer in a quick run: the number is the question. */
static void ask_churn(size_t n)
{
    node *root = make_root();
    for (size_t i = 0; i < 1000; ++i)
        finish(make_child(NULL, root));

    resident_bytes(); /* reading it once brings in code that stays */
    size_t before = resident_bytes();
    for (size_t i = 0; i < n; ++i)
        finish(make_child(NULL, root));
    double grown = (double)resident_bytes() - (double)before;

    report("s8.churn_10M.growth", "KiB", grown / 1024);
    finish(root);
}

int main(int argc, char **argv)
{
    static const struct question questions[] = {
        {"s8", ask_memory, 1000000},
        {"s8.timeout", ask_timeout_memory, 1000000},
        {"s8.value", ask_value_memory, 1000000},
        {"s8.churn", ask_churn, 10000000},
    };
    return ANSWER(argc, argv, belay_version(), questions);
}
