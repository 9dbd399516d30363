/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "fakes/fake_clock.h"

/* Many deadlines at once, compared with the simplest thing that could be
   right: each has fired exactly if it is due and was not canceled before. */

enum { MANY = 500, STEPS = 200 };

struct model {
    const belay_ctx *parent;
    belay_ctx *made[MANY];
    belay_time due[MANY];
    bool canceled[MANY];
    bool fired[MANY];
};

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* As likely to be small as large: a random number of random bits. */
static belay_duration some_time(uint64_t *seed, int bits)
{
    uint64_t kept = next_random(seed) % (uint64_t)bits + 1;
    return (belay_duration)(next_random(seed) >> (64 - kept)) + 1;
}

static void make(struct model *model, int i, uint64_t *seed)
{
    belay_duration after = some_time(seed, 46);
    model->made[i] = belay_with_timeout(model->parent, after);
    model->due[i] = belay_now() + after;
    model->canceled[i] = false;
    model->fired[i] = false;
}

/* Counts those that fire when it is `now`. */
static int fire(struct model *model, belay_time now)
{
    int fired = 0;
    for (int i = 0; i < MANY; ++i)
        if (!model->canceled[i] && !model->fired[i] && model->due[i] <= now) {
            model->fired[i] = true;
            ++fired;
        }
    return fired;
}

static void check(const struct model *model)
{
    for (int i = 0; i < MANY; ++i) {
        int expected = model->fired[i]      ? BELAY_DEADLINE_EXCEEDED
                       : model->canceled[i] ? BELAY_CANCELED
                                            : 0;
        CHECK(belay_err(model->made[i]) == expected);
    }
}

static void cancel_or_replace(struct model *model, uint64_t *seed)
{
    int i = (int)(next_random(seed) % MANY);
    if (next_random(seed) % 2 == 0) {
        bool was_live = !model->fired[i] && !model->canceled[i];
        CHECK(belay_cancel(model->made[i]) == was_live);
        model->canceled[i] |= was_live;
    } else {
        belay_end(model->made[i]);
        make(model, i, seed);
    }
}

static void run_model(const belay_ctx *parent, uint64_t seed)
{
    static struct model model;
    model.parent = parent;
    for (int i = 0; i < MANY; ++i)
        make(&model, i, &seed);
    for (int step = 0; step < STEPS; ++step) {
        for (int change = 0; change < 20; ++change)
            cancel_or_replace(&model, &seed);
        belay_duration by = some_time(&seed, 44);
        CHECK(fake_clock_advance(by) == fire(&model, belay_now()));
        check(&model);
    }
    for (int i = 0; i < MANY; ++i)
        belay_end(model.made[i]);
    CHECK(fake_clock_advance(BELAY_HOUR) == 0);
}

TEST(deadlines_fire_as_their_model)
{
    fake_clock_start();
    belay_ctx *parent = belay_with_cancel(NULL);
    for (uint64_t seed = 1; seed <= (SANITIZED ? 5 : 40); ++seed) {
        run_model(NULL, seed * UINT64_C(0x9E3779B97F4A7C15));
        run_model(parent, seed * UINT64_C(0x9E3779B97F4A7C15));
    }
    belay_end(parent);
    fake_clock_stop();
}

/* Nobody is woken for nothing more often than the deadlines are sorted anew:
   a few times for each, not once per tick. */
TEST(a_far_deadline_costs_a_few_looks_at_the_clock)
{
    fake_clock_start();
    belay_time when = belay_now() + 1000 * BELAY_HOUR;
    belay_ctx *ctx = belay_with_deadline(NULL, when);
    int looks = 0;
    while (belay_err(ctx) == 0) {
        belay_duration next = fake_clock_alarm() - belay_now();
        CHECK(next > 0 && belay_now() + next <= when);
        fake_clock_advance(next);
        CHECK(++looks < 64);
    }

    CHECK(belay_now() == when);
    belay_end(ctx);
    fake_clock_stop();
}

/* Following the alarm alone, every deadline fires in its very instant. */
TEST(whoever_follows_the_alarm_is_never_late)
{
    fake_clock_start();
    uint64_t seed = 4711;
    belay_ctx *made[MANY];
    int fired = 0;
    for (int i = 0; i < MANY; ++i)
        made[i] = belay_with_timeout(NULL, some_time(&seed, 46));
    while (fired < MANY)
        fired += fake_clock_advance(fake_clock_alarm() - belay_now());

    for (int i = 0; i < MANY; ++i) {
        belay_time when;
        CHECK(belay_deadline(made[i], &when));
        CHECK(belay_cause(made[i])->when == when);
        belay_end(made[i]);
    }
    fake_clock_stop();
}

/* --- Slack -------------------------------------------------------------- */

TEST(slack_lets_a_deadline_be_late_and_never_early)
{
    fake_clock_start();
    uint64_t seed = 17;
    belay_clock_slack(BELAY_MILLISECOND);
    for (int i = 0; i < MANY; ++i) {
        belay_ctx *ctx = belay_with_timeout(NULL, some_time(&seed, 36));
        belay_time when;
        CHECK(belay_deadline(ctx, &when));
        while (belay_err(ctx) == 0)
            fake_clock_advance(fake_clock_alarm() - belay_now());

        CHECK(belay_cause(ctx)->when >= when);
        CHECK(belay_cause(ctx)->when <= when + BELAY_MILLISECOND);
        belay_end(ctx);
    }
    belay_clock_slack(0);
    fake_clock_stop();
}

TEST(slack_gathers_deadlines)
{
    enum { NEAR = 10 };
    fake_clock_start();
    belay_ctx *made[NEAR];
    belay_clock_slack(BELAY_MILLISECOND);
    for (int i = 0; i < NEAR; ++i)
        made[i] =
            belay_with_timeout(NULL, BELAY_SECOND + i * 10 * BELAY_MICROSECOND);
    int looks = 0;
    for (int fired = 0; fired < NEAR; ++looks)
        fired += fake_clock_advance(fake_clock_alarm() - belay_now());
    belay_clock_slack(0);

    CHECK(looks < NEAR);
    for (int i = 0; i < NEAR; ++i)
        belay_end(made[i]);
    fake_clock_stop();
}

TEST(without_slack_the_clock_is_exact_again)
{
    fake_clock_start();
    belay_clock_slack(BELAY_HOUR);
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_SECOND);
    belay_clock_slack(0);

    CHECK(fake_clock_advance(BELAY_SECOND) == 1);

    CHECK(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
    fake_clock_stop();
}

TEST(a_negative_or_endless_slack_does_no_harm)
{
    fake_clock_start();
    const belay_duration slacks[] = {-1, INT64_MIN, BELAY_FOREVER};
    for (size_t i = 0; i < LENGTH(slacks); ++i) {
        belay_clock_slack(slacks[i]);
        belay_ctx *ctx = belay_with_timeout(NULL, BELAY_SECOND);

        CHECK(fake_clock_advance(BELAY_SECOND - 1) == 0);
        CHECK(fake_clock_advance(1) == 1);

        belay_end(ctx);
    }
    belay_clock_slack(0);
    fake_clock_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deadlines_fire_as_their_model),
        cmocka_unit_test(a_far_deadline_costs_a_few_looks_at_the_clock),
        cmocka_unit_test(whoever_follows_the_alarm_is_never_late),
        cmocka_unit_test(slack_lets_a_deadline_be_late_and_never_early),
        cmocka_unit_test(slack_gathers_deadlines),
        cmocka_unit_test(without_slack_the_clock_is_exact_again),
        cmocka_unit_test(a_negative_or_endless_slack_does_no_harm),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
