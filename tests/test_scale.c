/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

#include <limits.h>

/* Large numbers: the depth of a chain costs no stack, its length no time twice,
   and whatever has ended leaves nothing.  Classes K, L, M and Y. */

enum {
    LESS = SANITIZED ? 100 : 1,
    MILLION = 1000000 / LESS,
    TEN_MILLION = 10000000 / LESS,
    SMALL_STACK = 64 * 1024,
};

/* --- What has ended leaves nothing: first, while the heap is as it was made */

/* Without what is mapped from files, which comes in when it is first used. */
static long resident_bytes(void)
{
    long size;
    long resident = 0;
    long shared = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    CHECK(statm != NULL);
    CHECK(fscanf(statm, "%ld %ld %ld", &size, &resident, &shared) == 3);
    fclose(statm);
    return (resident - shared) * sysconf(_SC_PAGESIZE);
}

static void use_child(const belay_ctx *parent, int i)
{
    belay_ctx *child = i % 2 == 0 ? belay_with_cancel(parent)
                                  : belay_with_timeout(parent, BELAY_HOUR);
    if (i % 3 == 0)
        belay_cancel(child);
    belay_end(child);
}

/* AL06, rule 5, rows 86 and 87.  A sanitizer keeps freed memory for a while. */
TEST(ten_million_children_leave_nothing_under_a_live_parent)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    for (int i = 0; i < TEN_MILLION / 100; ++i)
        use_child(parent, i);
    long before = resident_bytes();

    for (int i = 0; i < TEN_MILLION; ++i)
        use_child(parent, i);

    CHECK(SANITIZED || resident_bytes() - before < 64 * 1024);
    CHECK(belay_err(parent) == 0);
    belay_end(parent);
}

static void meet(void *barrier)
{
    pthread_barrier_wait(barrier);
}

/* As many at once as there are: each needs a thread to itself. */
static void run_at_once(int count)
{
    struct belay_after *afters[100];
    pthread_barrier_t barrier;
    belay_ctx *ctx = belay_with_cancel(NULL);
    pthread_barrier_init(&barrier, NULL, (unsigned)count);
    for (int i = 0; i < count; ++i)
        afters[i] = belay_after_func(ctx, meet, &barrier);
    belay_end(ctx);
    for (int i = 0; i < count; ++i)
        CHECK(!belay_after_join(afters[i]));
    pthread_barrier_destroy(&barrier);
}

static long mapped_bytes(void)
{
    long size = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    CHECK(statm != NULL && fscanf(statm, "%ld", &size) == 1);
    fclose(statm);
    return size * sysconf(_SC_PAGESIZE);
}

/* Class M: were the stacks left, there would be gigabytes of them. */
TEST(threads_that_are_not_needed_any_more_leave_nothing)
{
    enum { AT_ONCE = 60, ROUNDS = 50 };
    for (int i = 0; i < 5; ++i)
        run_at_once(AT_ONCE);
    long before = mapped_bytes();

    for (int i = 0; i < ROUNDS; ++i)
        run_at_once(AT_ONCE);

    CHECK(SANITIZED || mapped_bytes() - before < INT64_C(1) << 30);
}

/* --- Chains ------------------------------------------------------------- */

static void *on_small_stack(void *(*run)(void *), void *arg)
{
    size_t least = (size_t)PTHREAD_STACK_MIN;
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    CHECK(pthread_attr_setstacksize(
              &attributes, least > SMALL_STACK ? least : SMALL_STACK) == 0);
    CHECK(pthread_create(&thread, &attributes, run, arg) == 0);
    pthread_attr_destroy(&attributes);
    return join(thread);
}

static belay_ctx **make_chain(int levels)
{
    belay_ctx **made = malloc((size_t)levels * sizeof *made);
    CHECK(made != NULL);
    for (int i = 0; i < levels; ++i)
        made[i] = belay_with_cancel(i == 0 ? NULL : made[i - 1]);
    return made;
}

struct job {
    belay_ctx **made;
    int levels;
    bool ended;
};

static void *cancel_and_free(void *arg)
{
    struct job *job = arg;
    job->ended = belay_cancel(job->made[0]) &&
                 belay_err(job->made[job->levels - 1]) == BELAY_CANCELED;
    for (int i = 0; i < job->levels; ++i)
        belay_end(job->made[i]);
    return NULL;
}

/* Reliability rows 81 to 85 */
TEST(a_chain_of_a_million_is_canceled_and_freed_on_64_kib_of_stack)
{
    struct job job = {make_chain(MILLION), MILLION, false};

    on_small_stack(cancel_and_free, &job);

    CHECK(job.ended);
    free(job.made);
}

TEST(a_chain_of_ten_million_is_canceled_and_freed)
{
    struct job job = {make_chain(TEN_MILLION), TEN_MILLION, false};

    cancel_and_free(&job);

    CHECK(job.ended);
    free(job.made);
}

static void count_destroyed(void *value)
{
    ++*(int *)value;
}

static const struct belay_key key = {"key", NULL};
static const struct belay_key owned = {"owned", count_destroyed};

/* All but the leaf are given back: its reference holds all that is above. */
static const belay_ctx *make_hanging_chain(int levels, int *destroyed)
{
    belay_ctx *above = belay_with_value(NULL, &owned, destroyed);
    for (int i = 0; i < levels; ++i) {
        belay_ctx *ctx = belay_with_value(above, &key, destroyed);
        belay_end(above);
        above = ctx;
    }
    return above;
}

static void *let_go(void *ctx)
{
    belay_unref(ctx);
    return NULL;
}

TEST(a_chain_is_freed_by_its_last_reference_on_64_kib_of_stack)
{
    int destroyed = 0;
    const belay_ctx *leaf = make_hanging_chain(MILLION, &destroyed);
    CHECK(destroyed == 0);

    on_small_stack(let_go, (void *)leaf);

    CHECK(destroyed == 1);
}

TEST(a_chain_of_ten_million_is_freed_by_its_last_reference)
{
    int destroyed = 0;
    const belay_ctx *leaf = make_hanging_chain(TEN_MILLION, &destroyed);

    belay_unref(leaf);

    CHECK(destroyed == 1);
}

/* As above, of contexts that can end: the leaf is held, and all have ended. */
TEST(a_chain_of_ended_contexts_is_freed_by_its_last_reference)
{
    struct job job = {make_chain(MILLION), MILLION, false};
    const belay_ctx *leaf = belay_ref(job.made[MILLION - 1]);

    cancel_and_free(&job);
    CHECK(belay_err(leaf) == BELAY_CANCELED);
    on_small_stack(let_go, (void *)leaf);

    CHECK(job.ended);
    free(job.made);
}

/* --- Siblings ----------------------------------------------------------- */

struct siblings {
    belay_ctx *parent;
    belay_ctx **made;
    struct belay_watch *watches;
    int told;
};

static void *cancel_parent(void *arg)
{
    struct siblings *all = arg;
    belay_cancel(all->parent);
    return NULL;
}

TEST(a_million_siblings_with_watches_are_canceled_at_once)
{
    struct siblings all = {.parent = belay_with_cancel(NULL)};
    all.made = malloc(MILLION * sizeof *all.made);
    all.watches = calloc(MILLION, sizeof *all.watches);
    for (int i = 0; i < MILLION; ++i) {
        all.made[i] = belay_with_cancel(all.parent);
        belay_watch(all.made[i], &all.watches[i], count_call, &all.told);
    }

    on_small_stack(cancel_parent, &all);

    CHECK(all.told == MILLION);
    for (int i = 0; i < MILLION; ++i)
        belay_end(all.made[i]);
    belay_end(all.parent);
    free(all.watches);
    free(all.made);
}

/* --- Deadlines, and the order of ending --------------------------------- */

/* Reliability figure 18 */
TEST(a_million_deadlines_are_armed_and_ended_and_leave_nothing)
{
    belay_ctx *parent = belay_with_timeout(NULL, BELAY_HOUR * 2);
    belay_ctx **made = malloc(MILLION * sizeof *made);
    long first = 0;
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < MILLION; ++i)
            made[i] = belay_with_timeout(parent, BELAY_HOUR + i * 1000);
        for (int i = 0; i < MILLION; ++i)
            belay_end(made[i]);
        if (round == 0)
            first = resident_bytes();
    }

    CHECK(SANITIZED || resident_bytes() - first < 64 * 1024);
    free(made);
    belay_end(parent);
}

/* Class Y: were it a walk over the others, this would not end within the day.
 */
TEST(the_oldest_and_the_newest_of_a_million_are_ended_alike)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx **made = malloc(MILLION * sizeof *made);
    for (int i = 0; i < MILLION; ++i)
        made[i] = belay_with_cancel(parent);

    for (int i = 0; i < MILLION / 2; ++i) {
        belay_end(made[i]);
        belay_end(made[MILLION - 1 - i]);
    }

    CHECK(belay_cancel(parent));
    free(made);
    belay_end(parent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            ten_million_children_leave_nothing_under_a_live_parent),
        cmocka_unit_test(threads_that_are_not_needed_any_more_leave_nothing),
        cmocka_unit_test(
            a_chain_of_a_million_is_canceled_and_freed_on_64_kib_of_stack),
        cmocka_unit_test(a_chain_of_ten_million_is_canceled_and_freed),
        cmocka_unit_test(
            a_chain_is_freed_by_its_last_reference_on_64_kib_of_stack),
        cmocka_unit_test(a_chain_of_ten_million_is_freed_by_its_last_reference),
        cmocka_unit_test(
            a_chain_of_ended_contexts_is_freed_by_its_last_reference),
        cmocka_unit_test(a_million_siblings_with_watches_are_canceled_at_once),
        cmocka_unit_test(
            a_million_deadlines_are_armed_and_ended_and_leave_nothing),
        cmocka_unit_test(
            the_oldest_and_the_newest_of_a_million_are_ended_alike),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
