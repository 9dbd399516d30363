/* SPDX-License-Identifier: MIT */
#include "pq.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_MAX_IDLE = 2 }; /* as in Go */

/*
 * A place is the right to have a connection: it is idle, out, or being
 * connected.  Nobody waits while there is something idle or a free place, for
 * whatever becomes free is handed to whoever has waited longest.
 */
struct belay_pq_pool {
    pthread_mutex_t lock; /* guards all that follows, but for limits */
    int holders;          /* the opener, who waits or connects, who has one */
    int places;           /* taken */
    bool is_closed;
    struct waiter *first;
    struct waiter **last; /* where the next one's address goes */
    int idle_count;
    PGconn **idle; /* the latest at the end */
    char *conninfo;
    struct belay_pq_limits limits;
};

/* On the stack of whoever waits. */
struct waiter {
    struct waiter *next;
    belay_ctx *turn; /* canceled when served, or when the pool is closed */
    bool is_served;
    PGconn *conn; /* NULL: a place */
};

/* --- Opening and closing ------------------------------------------------- */

struct belay_pq_pool *belay_pq_pool_open(const char *conninfo,
                                         const struct belay_pq_limits *limits)
{
    struct belay_pq_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL)
        return NULL;
    pool->limits = *limits;
    int *max_idle = &pool->limits.max_idle;
    if (*max_idle == 0)
        *max_idle = DEFAULT_MAX_IDLE;
    if (limits->max_open > 0 && *max_idle > limits->max_open)
        *max_idle = limits->max_open;
    if (*max_idle < 0)
        *max_idle = 0;
    pool->idle = calloc((size_t)*max_idle + 1, sizeof(PGconn *));
    pool->conninfo = strdup(conninfo);
    pool->holders = 1;
    pool->last = &pool->first;
    pthread_mutex_init(&pool->lock, NULL);
    if (pool->idle != NULL && pool->conninfo != NULL)
        return pool;
    belay_pq_pool_close(pool);
    return NULL;
}

/* Unlocks.  The last one to hold the pool frees it. */
static void unlock_and_let_go(struct belay_pq_pool *pool)
{
    bool is_last = --pool->holders == 0;
    pthread_mutex_unlock(&pool->lock);
    if (!is_last)
        return;
    pthread_mutex_destroy(&pool->lock);
    free(pool->conninfo);
    free(pool->idle);
    free(pool);
}

void belay_pq_pool_close(struct belay_pq_pool *pool)
{
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->is_closed = true;
    for (struct waiter *waiter = pool->first; waiter; waiter = waiter->next)
        belay_cancel(waiter->turn);
    int count = pool->idle_count;
    pool->idle_count = 0;
    pool->places -= count;
    pthread_mutex_unlock(&pool->lock);

    while (count > 0) /* nothing becomes idle any more */
        PQfinish(pool->idle[--count]);
    pthread_mutex_lock(&pool->lock);
    unlock_and_let_go(pool);
}

/* --- Giving back --------------------------------------------------------- */

static bool is_fit(const struct belay_pq_pool *pool, PGconn *conn)
{
    const struct belay__pq_link *link = belay__pq_link_of(conn);
    belay_duration lifetime = pool->limits.max_lifetime;
    return PQtransactionStatus(conn) == PQTRANS_IDLE && link != NULL &&
           (lifetime <= 0 || belay_now() - link->born < lifetime) &&
           belay__pq_is_alive(conn);
}

/*
 * Passes on a connection, or a place, under the lock.  What is returned is not
 * wanted, and is to be finished without it.
 */
static PGconn *pass_on(struct belay_pq_pool *pool, PGconn *conn)
{
    struct waiter *waiter = pool->first;
    if (waiter != NULL && !pool->is_closed) {
        pool->first = waiter->next;
        if (pool->first == NULL)
            pool->last = &pool->first;
        waiter->conn = conn;
        waiter->is_served = true;
        belay_cancel(waiter->turn);
        return NULL;
    }
    if (conn != NULL && !pool->is_closed &&
        pool->idle_count < pool->limits.max_idle) {
        pool->idle[pool->idle_count++] = conn;
        return NULL;
    }
    --pool->places;
    return conn;
}

static void put(struct belay_pq_pool *pool, PGconn *conn)
{
    pthread_mutex_lock(&pool->lock);
    PGconn *unwanted = pass_on(pool, conn);
    unlock_and_let_go(pool);
    PQfinish(unwanted);
}

void belay_pq_pool_release(struct belay_pq_pool *pool, PGconn *conn)
{
    if (conn == NULL)
        return;
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    belay_pq_rollback(conn);
    if (!is_fit(pool, conn)) {
        PQfinish(conn);
        conn = NULL;
    }
    put(pool, conn);
    pthread_setcancelstate(cancel_state, NULL);
}

/* --- Getting ------------------------------------------------------------- */

static void leave_queue(struct belay_pq_pool *pool,
                        const struct waiter *leaving)
{
    struct waiter **link = &pool->first;
    while (*link != leaving)
        link = &(*link)->next;
    *link = leaving->next;
    if (*link == NULL)
        pool->last = link;
}

/* Under the lock, which is released while it waits.  0: a place, or a
   connection, too, is the caller's. */
static int queue_up(struct belay_pq_pool *pool, const belay_ctx *ctx,
                    PGconn **ret_conn)
{
    struct waiter waiter = {.turn = belay_with_cancel(ctx)};
    *pool->last = &waiter;
    pool->last = &waiter.next;
    pthread_mutex_unlock(&pool->lock);
    int err = belay_wait(waiter.turn);
    pthread_mutex_lock(&pool->lock);

    if (waiter.is_served) {
        *ret_conn = waiter.conn;
        err = 0;
    } else {
        leave_queue(pool, &waiter);
        if (pool->is_closed && belay_err(ctx) == 0)
            err = -ESHUTDOWN;
    }
    belay_end(waiter.turn);
    return err;
}

/* Under the lock.  0: the caller has a place, maybe with a connection. */
static int find_place(struct belay_pq_pool *pool, const belay_ctx *ctx,
                      PGconn **ret_conn)
{
    if (pool->is_closed)
        return -ESHUTDOWN;
    if (pool->idle_count > 0) {
        *ret_conn = pool->idle[--pool->idle_count];
        return 0;
    }
    if (pool->limits.max_open <= 0 || pool->places < pool->limits.max_open) {
        ++pool->places;
        return 0;
    }
    return queue_up(pool, ctx, ret_conn);
}

/* With a place.  What was handed over to an ended context is handed on. */
static int settle(struct belay_pq_pool *pool, const belay_ctx *ctx,
                  PGconn *conn, PGconn **ret_conn)
{
    int err = belay_err(ctx);
    if (err == 0 && conn != NULL && !is_fit(pool, conn)) {
        PQfinish(conn);
        conn = NULL;
    }
    if (err == 0 && conn == NULL)
        err = belay_pq_connect(ctx, pool->conninfo, &conn);
    if (err != 0)
        put(pool, conn);
    else
        *ret_conn = conn;
    return err;
}

int belay_pq_pool_acquire(const belay_ctx *ctx, struct belay_pq_pool *pool,
                          PGconn **ret_conn)
{
    *ret_conn = NULL;
    int err = belay_err(ctx);
    if (err != 0)
        return err;
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    PGconn *conn = NULL;
    pthread_mutex_lock(&pool->lock);
    ++pool->holders;
    err = find_place(pool, ctx, &conn);
    if (err != 0) {
        unlock_and_let_go(pool);
    } else {
        pthread_mutex_unlock(&pool->lock);
        err = settle(pool, ctx, conn, ret_conn);
    }
    pthread_setcancelstate(cancel_state, NULL);
    return err;
}
