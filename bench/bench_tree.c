/* SPDX-License-Identifier: MIT */

/* s4, s5, s11: many children, deep chains, two threads. */

#include "belay_node.h"
#include "questions/chain.h"
#include "questions/contended.h"
#include "questions/fan.h"

static void *million_levels(void *arg)
{
    (void)arg;
    time_chain("s5.chain.1000000.stack64k", 1000000);
    return NULL;
}

/* What recursion would not survive. */
static void ask_deep_chains(size_t n)
{
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 * 1024);
    pthread_t thread;
    if (pthread_create(&thread, &small, million_levels, NULL) == 0)
        pthread_join(thread, NULL);
    pthread_attr_destroy(&small);

    time_chain("s5.chain.10000000", n);
}

int main(int argc, char **argv)
{
    static const struct question questions[] = {
        {"s4.fan.1000", ask_fan, 1000},
        {"s4.fan.100000", ask_fan, 100000},
        {"s4.fan.1000000", ask_fan, 1000000},
        {"s5.chain.1000", ask_chain, 1000},
        {"s5.chain.100000", ask_chain, 100000},
        {"s5.deep", ask_deep_chains, 10000000},
        {"s11", ask_contended, 1000000},
    };
    return ANSWER(argc, argv, belay_version(), questions);
}
