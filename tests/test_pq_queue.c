/* SPDX-License-Identifier: MIT */
#include "postgres_pool.h"

#include <belay/pq.h>

/* Waiting for a connection. */

struct visitor {
    struct belay_pq_pool *pool;
    const belay_ctx *ctx;
    int result;
    atomic_int *turns; /* how many were served before */
    int turn;
    _Atomic pid_t tid;
    pthread_t thread;
};

static void *visit_once(void *arg)
{
    struct visitor *visitor = arg;
    PGconn *conn;
    atomic_store(&visitor->tid, gettid());
    visitor->result = belay_pq_pool_acquire(visitor->ctx, visitor->pool, &conn);
    if (visitor->turns != NULL)
        visitor->turn = atomic_fetch_add(visitor->turns, 1);
    belay_pq_pool_release(visitor->pool, conn);
    return NULL;
}

static bool sleeps(pid_t tid)
{
    char path[64];
    char state = ' ';
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid);
    FILE *stat = fopen(path, "r");
    if (stat != NULL) {
        if (fscanf(stat, "%*d %*s %c", &state) != 1)
            state = ' ';
        fclose(stat);
    }
    return state == 'S';
}

/* Returns when it sleeps, which it does in the queue only. */
static void send_to_queue(struct visitor *visitor)
{
    visitor->thread = start(visit_once, visitor);
    while (atomic_load(&visitor->tid) == 0 ||
           !sleeps(atomic_load(&visitor->tid)))
        sched_yield();
}

/* SQ05 */
TEST(those_who_leave_the_queue_take_nothing_with_them)
{
    enum { MANY = 8 };
    struct belay_pq_pool *pool = open_pool(1, 1);
    PGconn *conn = acquire(pool);
    struct visitor visitors[MANY];
    belay_ctx *ctx = belay_with_cancel(NULL);
    for (size_t i = 0; i < MANY; ++i) {
        visitors[i] = (struct visitor){.pool = pool, .ctx = ctx};
        send_to_queue(&visitors[i]);
    }

    belay_cancel(ctx);

    for (size_t i = 0; i < MANY; ++i) {
        join(visitors[i].thread);
        CHECK(visitors[i].result == BELAY_CANCELED);
    }
    belay_pq_pool_release(pool, conn);
    visit(pool);
    belay_end(ctx);
    belay_pq_pool_close(pool);
}

TEST(who_has_waited_longest_is_served_first)
{
    enum { MANY = 5 };
    struct belay_pq_pool *pool = open_pool(1, 1);
    PGconn *conn = acquire(pool);
    struct visitor visitors[MANY];
    atomic_int turns = 0;
    for (size_t i = 0; i < MANY; ++i) {
        visitors[i] = (struct visitor){.pool = pool, .turns = &turns};
        send_to_queue(&visitors[i]);
    }

    belay_pq_pool_release(pool, conn);

    for (size_t i = 0; i < MANY; ++i) {
        join(visitors[i].thread);
        CHECK(visitors[i].result == 0);
        CHECK(visitors[i].turn == (int)i);
    }
    belay_pq_pool_close(pool);
}

TEST(one_who_leaves_the_middle_of_the_queue_is_passed_over)
{
    struct belay_pq_pool *pool = open_pool(1, 1);
    PGconn *conn = acquire(pool);
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct visitor visitors[3] = {
        {.pool = pool}, {.pool = pool, .ctx = ctx}, {.pool = pool}};
    for (size_t i = 0; i < 3; ++i)
        send_to_queue(&visitors[i]);

    belay_cancel(ctx);
    join(visitors[1].thread);
    CHECK(visitors[1].result == BELAY_CANCELED);

    belay_pq_pool_release(pool, conn);
    join(visitors[0].thread);
    join(visitors[2].thread);
    CHECK(visitors[0].result == 0 && visitors[2].result == 0);
    belay_end(ctx);
    belay_pq_pool_close(pool);
}

TEST(a_place_that_became_free_is_handed_on_too)
{
    struct belay_pq_pool *pool = open_pool(1, 1);
    PGconn *conn = acquire(pool);
    struct visitor visitor = {.pool = pool};
    send_to_queue(&visitor);
    terminate(PQbackendPID(conn));

    belay_pq_pool_release(pool, conn);

    join(visitor.thread);
    CHECK(visitor.result == 0);
    belay_pq_pool_close(pool);
}

static void *cancel(void *ctx)
{
    belay_cancel(ctx);
    return NULL;
}

/* D2: what is handed over while its context ends is not lost. */
TEST(a_handover_races_with_an_end_and_nothing_is_lost)
{
    enum { ROUNDS = SANITIZED ? 100 : 500 };
    struct belay_pq_pool *pool = open_pool(1, 1);
    for (int i = 0; i < ROUNDS; ++i) {
        PGconn *conn = acquire(pool);
        belay_ctx *ctx = belay_with_cancel(NULL);
        struct visitor visitor = {.pool = pool, .ctx = ctx};
        send_to_queue(&visitor);
        pthread_t releaser = start(cancel, ctx);
        belay_pq_pool_release(pool, conn);
        join(releaser);
        join(visitor.thread);
        CHECK(visitor.result == 0 || visitor.result == BELAY_CANCELED);
        visit(pool); /* would wait for ever */
        belay_end(ctx);
    }
    belay_pq_pool_close(pool);
}

TEST(a_closed_pool_turns_away_who_waits_and_who_comes)
{
    struct belay_pq_pool *pool = open_pool(1, 1);
    PGconn *conn = acquire(pool);
    PGconn *none;
    struct visitor visitors[2] = {{.pool = pool}, {.pool = pool}};
    send_to_queue(&visitors[0]);
    send_to_queue(&visitors[1]);

    belay_pq_pool_close(pool);

    for (size_t i = 0; i < 2; ++i) {
        join(visitors[i].thread);
        CHECK(visitors[i].result == -ESHUTDOWN);
    }
    CHECK(belay_pq_pool_acquire(NULL, pool, &none) == -ESHUTDOWN);
    CHECK(is_as_good_as_new(conn)); /* it is out, and can be used */
    belay_pq_pool_release(pool, conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_who_leave_the_queue_take_nothing_with_them),
        cmocka_unit_test(who_has_waited_longest_is_served_first),
        cmocka_unit_test(one_who_leaves_the_middle_of_the_queue_is_passed_over),
        cmocka_unit_test(a_place_that_became_free_is_handed_on_too),
        cmocka_unit_test(a_handover_races_with_an_end_and_nothing_is_lost),
        cmocka_unit_test(a_closed_pool_turns_away_who_waits_and_who_comes),
    };
    RUN_WITH_POSTGRES("plain", tests);
}
