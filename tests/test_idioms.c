/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

#include <sys/socket.h>

/* How what knows nothing of contexts is made to end with one: AF12, AF13, and
   what Go calls user-defined contexts, which in C are a watch in, or a cancel
   out. */

/* --- Out: a context ends what blocks ------------------------------------ */

struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
};

static void broadcast(void *arg)
{
    struct queue *queue = arg;
    pthread_mutex_lock(&queue->mutex);
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->mutex);
}

static int wait_for_item(struct queue *queue, const belay_ctx *ctx)
{
    struct belay_after *after = belay_after_func(ctx, broadcast, queue);
    pthread_mutex_lock(&queue->mutex);
    while (belay_err(ctx) == 0)
        pthread_cond_wait(&queue->changed, &queue->mutex);
    pthread_mutex_unlock(&queue->mutex);
    belay_after_join(after);
    return belay_err(ctx);
}

/* AF12 */
TEST(a_wait_on_a_condition_ends_with_a_context)
{
    struct queue queue = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER};
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);

    CHECK(wait_for_item(&queue, ctx) == BELAY_DEADLINE_EXCEEDED);

    belay_end(ctx);
}

static void shut(void *arg)
{
    shutdown(*(int *)arg, SHUT_RDWR);
}

/* AF13: the read was cut off; the registration says so. */
TEST(a_read_ends_with_a_context)
{
    int ends[2];
    char byte;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
    struct belay_after *after = belay_after_func(ctx, shut, &ends[0]);

    CHECK(read(ends[0], &byte, 1) == 0);

    CHECK(!belay_after_join(after));
    CHECK(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
    close(ends[0]);
    close(ends[1]);
}

/* AF13: the read was served; the connection is as it was. */
TEST(a_read_that_was_served_leaves_the_connection_alone)
{
    int ends[2];
    char byte = 0;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_after *after = belay_after_func(ctx, shut, &ends[0]);
    CHECK(write(ends[1], "x", 1) == 1);

    CHECK(read(ends[0], &byte, 1) == 1);
    CHECK(belay_after_stop(after));
    belay_end(ctx);

    CHECK(write(ends[1], "y", 1) == 1 && read(ends[0], &byte, 1) == 1);
    CHECK(byte == 'y');
    close(ends[0]);
    close(ends[1]);
}

/* --- In: something foreign ends a context ------------------------------- */

/* Stands for any library that tells its users when it stops. */
struct foreign {
    void (*told)(void *arg);
    void *arg;
};

static void stop(struct foreign *foreign)
{
    foreign->told(foreign->arg);
}

static void cancel_it(void *ctx)
{
    belay_cancel_cause(ctx, -ESHUTDOWN, "the foreign thing stopped");
}

/* CC05, CU25 */
TEST(what_is_derived_from_a_bridge_ends_with_the_foreign_thing)
{
    belay_ctx *bridge = belay_with_cancel(NULL);
    struct foreign foreign = {cancel_it, bridge};
    belay_ctx *child = belay_with_cancel(bridge);

    stop(&foreign);

    CHECK(belay_err(child) == BELAY_CANCELED);
    CHECK(belay_cause(child)->code == -ESHUTDOWN);
    belay_end(child);
    belay_end(bridge);
}

/* CC07 */
TEST(an_after_function_of_a_bridge_runs_when_the_foreign_thing_stops)
{
    belay_ctx *bridge = belay_with_cancel(NULL);
    struct foreign foreign = {cancel_it, bridge};
    sem_t ran;
    sem_init(&ran, 0, 0);
    struct belay_after *after = belay_after_func(bridge, post, &ran);

    stop(&foreign);

    await(&ran);
    CHECK(!belay_after_join(after));
    belay_end(bridge);
}

/* CU21 */
TEST(a_bridge_that_ends_leaves_its_ancestor_live)
{
    belay_ctx *ancestor = belay_with_cancel(NULL);
    belay_ctx *bridge = belay_with_cancel(ancestor);
    struct foreign foreign = {cancel_it, bridge};

    stop(&foreign);

    CHECK(belay_err(bridge) == BELAY_CANCELED);
    CHECK(belay_err(ancestor) == 0);
    belay_end(bridge);
    belay_end(ancestor);
}

/* CU22 */
TEST(a_bridge_has_the_cause_of_whoever_came_first)
{
    belay_ctx *ancestor = belay_with_cancel(NULL);
    belay_ctx *bridge = belay_with_cancel(ancestor);
    struct foreign foreign = {cancel_it, bridge};

    belay_cancel_cause(ancestor, -EPIPE, "client left");
    stop(&foreign);

    CHECK(belay_err(bridge) == BELAY_CANCELED);
    CHECK(belay_cause(bridge)->code == -EPIPE);
    belay_end(bridge);
    belay_end(ancestor);
}

static void cancel_back(void *ctx, int err)
{
    (void)err;
    belay_cancel(ctx);
}

/* CU27, CC11: a bridge that calls back at once, on the same thread. */
TEST(two_bridges_that_cancel_each_other_do_not_wait_for_each_other)
{
    belay_ctx *left = belay_with_cancel(NULL);
    belay_ctx *right = belay_with_cancel(NULL);
    struct belay_watch watches[2];
    CHECK(belay_watch(left, &watches[0], cancel_back, right));
    CHECK(belay_watch(right, &watches[1], cancel_back, left));

    CHECK(belay_cancel(left));

    CHECK(belay_err(left) == BELAY_CANCELED);
    CHECK(belay_err(right) == BELAY_CANCELED);
    CHECK(belay_cause(left)->code == BELAY_CANCELED);
    CHECK(belay_cause(right)->code == BELAY_CANCELED);
    belay_end(right);
    belay_end(left);
}

/* CC08, CC10: a merge of two, of which nothing is left once it has ended. */
TEST(an_end_merged_from_two_contexts_comes_with_the_first)
{
    belay_ctx *primary = belay_with_cancel(NULL);
    belay_ctx *other = belay_with_cancel(NULL);
    belay_ctx *merged = belay_with_cancel(primary);
    struct belay_watch edge;
    CHECK(belay_watch(other, &edge, cancel_back, merged));

    belay_end(other);

    CHECK(belay_err(merged) == BELAY_CANCELED);
    CHECK(belay_err(primary) == 0);
    CHECK(!belay_unwatch(&edge));
    belay_end(merged);
    belay_end(primary);
}

TEST(an_end_merged_from_two_contexts_leaves_nothing_in_the_other)
{
    belay_ctx *primary = belay_with_cancel(NULL);
    belay_ctx *other = belay_with_cancel(NULL);
    belay_ctx *merged = belay_with_cancel(primary);
    struct belay_watch edge;
    CHECK(belay_watch(other, &edge, cancel_back, merged));

    belay_cancel(primary);
    CHECK(belay_unwatch(&edge));
    belay_end(merged);

    CHECK(belay_cancel(other));
    belay_end(other);
    belay_end(primary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_on_a_condition_ends_with_a_context),
        cmocka_unit_test(a_read_ends_with_a_context),
        cmocka_unit_test(a_read_that_was_served_leaves_the_connection_alone),
        cmocka_unit_test(
            what_is_derived_from_a_bridge_ends_with_the_foreign_thing),
        cmocka_unit_test(
            an_after_function_of_a_bridge_runs_when_the_foreign_thing_stops),
        cmocka_unit_test(a_bridge_that_ends_leaves_its_ancestor_live),
        cmocka_unit_test(a_bridge_has_the_cause_of_whoever_came_first),
        cmocka_unit_test(
            two_bridges_that_cancel_each_other_do_not_wait_for_each_other),
        cmocka_unit_test(an_end_merged_from_two_contexts_comes_with_the_first),
        cmocka_unit_test(
            an_end_merged_from_two_contexts_leaves_nothing_in_the_other),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
