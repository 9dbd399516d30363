/* SPDX-License-Identifier: MIT */
#include "race.h"

#include <belay/belay.h>

/* The clock against a cancel, at about the instant of the deadline; and what
   whoever sees an end sees beside it. */

struct timed {
    belay_ctx *ctx;
    struct belay_watch watch;
    int told;
    int calls;
    bool won;
    int round;
};

static void note(void *arg, int err)
{
    struct timed *t = arg;
    t->told = err;
    ++t->calls;
}

static void prepare(void *arg)
{
    struct timed *t = arg;
    t->calls = 0;
    t->told = 0;
    belay_duration soon = (t->round++ % 60) * BELAY_MICROSECOND;
    t->ctx = belay_with_timeout_cause(NULL, soon, -EIO, "too slow");
    if (!belay_watch(t->ctx, &t->watch, note, t))
        note(t, belay_err(t->ctx));
}

static void cancel(void *arg)
{
    struct timed *t = arg;
    t->won = belay_cancel_cause(t->ctx, -EPIPE, "left");
}

static void sleep_a_little(void *arg)
{
    belay_sleep(((struct timed *)arg)->ctx, 30 * BELAY_MICROSECOND);
}

/* Class T: the error, the cause, the result and the watch say the same. */
static void check(void *arg)
{
    struct timed *t = arg;
    int err = t->won ? BELAY_CANCELED : BELAY_DEADLINE_EXCEEDED;
    bool was_taken = belay_unwatch(&t->watch); /* marked, and not yet told */
    CHECK(belay_err(t->ctx) == err);
    CHECK(belay_cause(t->ctx)->code == (t->won ? -EPIPE : -EIO));
    CHECK(was_taken ? t->calls == 0 : t->calls == 1 && t->told == err);
    belay_end(t->ctx);
}

/* S44, class I */
TEST(a_context_ends_by_its_deadline_or_by_a_cancel)
{
    struct timed timed = {.round = 0};
    run_race((struct race){prepare, cancel, sleep_a_little, check, &timed},
             RACES);
}

static void end(void *arg)
{
    struct timed *t = arg;
    belay_end(t->ctx);
}

static void check_told(void *arg)
{
    struct timed *t = arg;
    bool was_taken = belay_unwatch(&t->watch);
    CHECK(t->calls == (was_taken ? 0 : 1));
}

static void nothing(void *arg)
{
    (void)arg;
}

/* Reliability row 15 */
TEST(a_context_may_be_given_back_at_about_its_deadline)
{
    struct timed timed = {.round = 0};
    run_race((struct race){prepare, end, nothing, check_told, &timed}, RACES);
}

/* --- Rule 8: what was written before the cancel is visible -------------- */

struct letter {
    belay_ctx *ctx;
    int written; /* plain, on purpose */
    int read;
    int (*see)(struct letter *letter);
    sem_t ran;
};

static int see_by_err(struct letter *letter)
{
    while (belay_err(letter->ctx) == 0)
        sched_yield();
    return letter->written;
}

/* CU24 */
static int see_by_cause(struct letter *letter)
{
    const struct belay_cause *cause;
    while ((cause = belay_cause(letter->ctx)) == NULL)
        sched_yield();
    bool is_right = cause->code == -EPIPE && strcmp(cause->text, "sent") == 0;
    return is_right ? letter->written : 0;
}

static int see_by_stopped(struct letter *letter)
{
    while (!belay_stopped(letter->ctx))
        sched_yield();
    return letter->written;
}

static int see_by_wait(struct letter *letter)
{
    belay_wait(letter->ctx);
    return letter->written;
}

static int see_by_sleep(struct letter *letter)
{
    belay_sleep(letter->ctx, BELAY_HOUR);
    return letter->written;
}

static int see_by_poll(struct letter *letter)
{
    struct pollfd none = {-1, POLLIN, 0};
    belay_poll(letter->ctx, &none, 1, -1);
    return letter->written;
}

static int see_by_refused_watch(struct letter *letter)
{
    struct belay_watch watch;
    int calls = 0;
    while (belay_watch(letter->ctx, &watch, count_call, &calls) &&
           belay_unwatch(&watch))
        continue;
    return letter->written;
}

static int see_by_deriving(struct letter *letter)
{
    int err = 0;
    while (err == 0) {
        belay_ctx *child = belay_with_cancel(letter->ctx);
        err = belay_err(child);
        belay_end(child);
    }
    return letter->written;
}

static int see_by_losing(struct letter *letter)
{
    while (belay_err(letter->ctx) == 0)
        sched_yield();
    belay_cancel(letter->ctx);
    return letter->written;
}

static void prepare_letter(void *arg)
{
    struct letter *letter = arg;
    letter->ctx = belay_with_cancel(NULL);
    letter->written = 0;
}

static void send(void *arg)
{
    struct letter *letter = arg;
    letter->written = 17;
    belay_cancel_cause(letter->ctx, -EPIPE, "sent");
}

static void receive(void *arg)
{
    struct letter *letter = arg;
    letter->read = letter->see(letter);
}

static void check_letter(void *arg)
{
    struct letter *letter = arg;
    CHECK(letter->read == 17);
    belay_end(letter->ctx);
}

/* CU24, rule 8 */
TEST(whoever_sees_an_end_sees_what_was_written_before_it)
{
    int (*ways[])(struct letter *) = {
        see_by_err,           see_by_cause,    see_by_stopped,
        see_by_wait,          see_by_sleep,    see_by_poll,
        see_by_refused_watch, see_by_deriving, see_by_losing};
    for (size_t i = 0; i < LENGTH(ways); ++i) {
        struct letter letter = {.see = ways[i]};
        run_race(
            (struct race){prepare_letter, receive, send, check_letter, &letter},
            RACES / 5);
    }
}

static void read_letter(void *arg)
{
    struct letter *letter = arg;
    letter->read = letter->written;
    sem_post(&letter->ran);
}

/* Rule 8 */
TEST(an_after_function_sees_what_was_written_before_the_end)
{
    for (int round = 0; round < RACES / 5; ++round) {
        struct letter letter = {.ctx = belay_with_cancel(NULL)};
        sem_init(&letter.ran, 0, 0);
        struct belay_after *after =
            belay_after_func(letter.ctx, read_letter, &letter);

        send(&letter);
        await(&letter.ran);

        CHECK(letter.read == 17);
        belay_after_stop(after);
        belay_end(letter.ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_context_ends_by_its_deadline_or_by_a_cancel),
        cmocka_unit_test(a_context_may_be_given_back_at_about_its_deadline),
        cmocka_unit_test(whoever_sees_an_end_sees_what_was_written_before_it),
        cmocka_unit_test(
            an_after_function_sees_what_was_written_before_the_end),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
