/* SPDX-License-Identifier: MIT */

/* s11: two threads, children of one parent, and of parents of their own. */

#include "peer.h"

struct contender {
    pthread_barrier_t *gate;
    node *parent;
    size_t n;
    int cpu;
    int64_t ns;
};

static void *contend(void *arg)
{
    struct contender *self = (struct contender *)arg;
    char *place = new_arena(1);
    pin(self->cpu);

    pthread_barrier_wait(self->gate);
    int64_t begin = wall_ns();
    for (size_t i = 0; i < self->n; ++i)
        finish(make_child(place, self->parent));
    self->ns = wall_ns() - begin;

    free(place);
    return NULL;
}

/* Wall time, since whoever waits for the other loses it, asleep or not. */
static void time_two_threads(const char *key, node *one, node *other, size_t n)
{
    pthread_barrier_t gate;
    pthread_barrier_init(&gate, NULL, 2);
    struct contender both[2] = {{&gate, one, n, 0, 0}, {&gate, other, n, 1, 0}};
    pthread_t threads[2];
    for (int i = 0; i < 2; ++i)
        pthread_create(&threads[i], NULL, contend, &both[i]);
    for (int i = 0; i < 2; ++i)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&gate);
    report(key, "ns", (double)(both[0].ns + both[1].ns) / 2 / (double)n);
}

static void ask_contended(size_t n)
{
    n = unless_quick(n);
    node *one = make_root();
    void *apart = need(malloc(4096)); /* no cache line for the two */
    node *other = make_root();
    time_two_threads("s11.contended", one, one, n);
    time_two_threads("s11.own", one, other, n);
    finish(one);
    finish(other);
    free(apart);
}
