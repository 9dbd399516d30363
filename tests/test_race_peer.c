/* SPDX-License-Identifier: MIT */
#include "race.h"
#include "sockets.h"

/* The peer leaves, the context ends, the number of the socket is used again:
   each before the other. */

struct blocker {
    struct belay_watch watch;
    sem_t entered;
    sem_t go_on;
};

static void block(void *arg, int err)
{
    struct blocker *blocker = arg;
    (void)err;
    sem_post(&blocker->entered);
    await(&blocker->go_on);
}

static void *cancel(void *arg)
{
    belay_cancel(arg);
    return NULL;
}

/* Whoever gives back a context that another thread is ending does not wait for
   its watches: here, the socket is closed and its number used again before the
   library learns of the end. */
TEST(a_number_may_be_used_again_before_the_loser_of_a_race_is_told)
{
    struct ends first = tcp_ends();
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *around[2];
    struct blocker blocker;
    sem_init(&blocker.entered, 0, 0);
    sem_init(&blocker.go_on, 0, 0);
    around[0] = belay_with_cancel(parent);
    belay_ctx *loser = belay_with_peer(parent, first.ours, BELAY_FIN_ENDS);
    around[1] = belay_with_cancel(parent);
    struct belay_watch watches[2];
    CHECK(belay_watch(around[0], &watches[0], block, &blocker));
    CHECK(belay_watch(around[1], &watches[1], block, &blocker));

    pthread_t canceler = start(cancel, parent);
    await(&blocker.entered);
    belay_end(loser);
    close_ends(first);
    struct ends second = tcp_ends();
    CHECK(second.ours == first.ours);
    belay_ctx *ctx = belay_with_peer(NULL, second.ours, BELAY_FIN_ENDS);
    sem_post(&blocker.go_on);
    sem_post(&blocker.go_on);
    join(canceler);

    hang_up(&second);
    CHECK(belay_wait(ctx) == BELAY_CANCELED);
    CHECK(code_of(ctx) == -EPIPE);
    belay_end(ctx);
    belay_end(around[0]);
    belay_end(around[1]);
    belay_end(parent);
    close_ends(second);
}

struct parting {
    struct ends ends;
    struct ends alive;
    belay_ctx *of_alive;
    belay_ctx *ctx;
    struct belay_watch watch;
    atomic_int calls;
};

static void count_one(void *arg, int err)
{
    (void)err;
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void meet(void *arg)
{
    struct parting *parting = arg;
    parting->ends = unix_ends();
    parting->ctx = belay_with_peer(NULL, parting->ends.ours, BELAY_FIN_ENDS);
    atomic_store(&parting->calls, 0);
    CHECK(
        belay_watch(parting->ctx, &parting->watch, count_one, &parting->calls));
}

/* The number goes to a connection that lives on. */
static void end_and_reuse(void *arg)
{
    struct parting *parting = arg;
    belay_end(parting->ctx);
    parting->alive = unix_ends();
    dup2(parting->alive.ours, parting->ends.ours);
    parting->of_alive =
        belay_with_peer(NULL, parting->ends.ours, BELAY_FIN_ENDS);
}

static void peer_leaves(void *arg)
{
    struct parting *parting = arg;
    hang_up(&parting->ends);
}

static void nobody_else_was_told(void *arg)
{
    struct parting *parting = arg;
    bool taken_back = belay_unwatch(&parting->watch);
    CHECK(atomic_load(&parting->calls) == !taken_back);
    CHECK(belay_err(parting->of_alive) == 0);
    belay_end(parting->of_alive);
    close_ends(parting->ends);
    close_ends(parting->alive);
}

TEST(the_peer_leaves_while_the_context_ends_and_the_number_is_used_again)
{
    struct parting parting;
    struct race race = {meet, end_and_reuse, peer_leaves, nobody_else_was_told,
                        &parting};
    run_race(race, RACES / 4);
}

static void cancel_it(void *arg)
{
    struct parting *parting = arg;
    belay_cancel_cause(parting->ctx, -ESHUTDOWN, "server stopping");
}

static void one_of_them_ended_it(void *arg)
{
    struct parting *parting = arg;
    CHECK(belay_wait(parting->ctx) == BELAY_CANCELED);
    bool taken_back = belay_unwatch(&parting->watch);
    CHECK(atomic_load(&parting->calls) == !taken_back);
    CHECK(code_of(parting->ctx) == -EPIPE ||
          code_of(parting->ctx) == -ESHUTDOWN);
    belay_end(parting->ctx);
    close_ends(parting->ends);
}

TEST(the_peer_leaves_while_the_context_is_canceled)
{
    struct parting parting;
    struct race race = {meet, cancel_it, peer_leaves, one_of_them_ended_it,
                        &parting};
    run_race(race, RACES / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_number_may_be_used_again_before_the_loser_of_a_race_is_told),
        cmocka_unit_test(
            the_peer_leaves_while_the_context_ends_and_the_number_is_used_again),
        cmocka_unit_test(the_peer_leaves_while_the_context_is_canceled),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
