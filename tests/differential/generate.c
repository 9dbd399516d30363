/* SPDX-License-Identifier: MIT */

/*
 * Writes random programs, one for each seed: generate FIRST COUNT.
 *
 * README.md says what the lines mean.  One about a handle that has been given
 * back is skipped by whoever runs it, so only time has to be known here.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK INT64_C(10000000) /* of most deadlines, so that some are equal */
#define SECOND (100 * TICK)
#define HOUR (3600 * SECOND)
#define NONE INT64_MAX
#define LENGTH(array) ((int)(sizeof(array) / sizeof *(array)))

enum { MOST_HANDLES = 64, MOST_STEPS = 200 };

struct limit {
    int64_t when; /* since the start; or NONE */
    int code;     /* the cause it has; 0: none of its own */
};

/*
 * A seed is to mean the same program whatever the compiler: no two calls of
 * below() stand where C leaves their order open.
 */
static uint64_t random_state;
static int64_t now;
static struct limit limits[MOST_HANDLES]; /* of each handle, the earliest */
static int handles;
static int afters;
static bool is_deep, is_full_of_values;

static int below(int end)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    uint64_t high = random_state * UINT64_C(0x2545F4914F6CDD1D) >> 32;
    return (int)(high % (uint64_t)end);
}

static bool one_in(int count)
{
    return below(count) == 0;
}

/* A handle to name, more often a late one; there is one. */
static int choose(void)
{
    if (is_deep && !one_in(8))
        return handles - 1;
    return handles - 1 - (one_in(2) ? below(handles) : below(handles) / 8);
}

static int choose_code(void)
{
    static const int codes[] = {0, 0, 0, 1, 2, 3, 4, -ECANCELED, -ETIME};
    return codes[below(LENGTH(codes))];
}

/* An instant worth trying: near, tied, past, far, or none at all. */
static int64_t choose_instant(int64_t inherited)
{
    static const int64_t units[] = {1,    1000,      1000000,     SECOND,
                                    HOUR, 60 * HOUR, 60 * SECOND, -HOUR};
    int64_t when = now + (below(48) - 4) * TICK;
    int kind = below(12);
    if (kind == 0)
        when = now;
    else if (kind == 1)
        when = now + units[below(LENGTH(units))];
    else if (kind < 4 && inherited != NONE)
        when = inherited;
    else if (kind == 4)
        return one_in(3) ? INT64_C(1) << 62 : NONE;
    return one_in(3) ? when + below(3) - 1 : when;
}

/*
 * Where an ancestor's deadline is the same instant, Go fires the two in any
 * order; with one cause for both, that cannot be told.
 */
static struct limit choose_limit(struct limit above)
{
    struct limit limit = above;
    limit.when = choose_instant(above.when);
    if (limit.when != above.when)
        limit.code = choose_code();
    return limit;
}

static void make(void)
{
    static const char *const roots[] = {"nil", "background", "todo"};
    static const char *const verbs[] = {
        "with_cancel",   "with_cancel",   "with_cancel",  "with_value",
        "with_value",    "with_timeout",  "with_timeout", "with_deadline",
        "with_deadline", "without_cancel"};
    const char *verb = verbs[below(LENGTH(verbs))];
    if (is_full_of_values && one_in(2))
        verb = "with_value";
    char kind = verb[5]; /* c, v, t, d, u */
    int from = handles > 0 && !one_in(10) ? choose() : -1;
    struct limit above = from >= 0 ? limits[from] : (struct limit){NONE, 0};
    struct limit own = choose_limit(above);
    bool is_limited = kind == 't' || kind == 'd';

    printf("%s%s %d ", verb,
           is_limited && (own.code != 0 || one_in(2)) ? "_cause" : "", handles);
    if (from >= 0)
        printf("%d", from);
    else
        printf("%s", roots[below(LENGTH(roots))]);
    if (is_limited)
        printf(" %" PRId64 " %d",
               kind == 't' && own.when != NONE ? own.when - now : own.when,
               own.code);
    if (kind == 'v')
        printf(" %d", below(10));
    if (kind == 'v')
        printf(" %d", below(12));
    printf("\n");

    limits[handles] = is_limited && own.when <= above.when ? own : above;
    if (kind == 'u')
        limits[handles].when = NONE;
    ++handles;
}

static void use(int id)
{
    static const char *const verbs[] = {
        "see", "see", "see",   "see", "cancel_now", "cause_now", "cause_now",
        "ref", "ref", "unref", "end", "after",      "after",     "crowd"};
    const char *verb = verbs[below(LENGTH(verbs))];
    if (verb[0] == 'a')
        printf("after %d %d\n", id, afters++);
    else if (strcmp(verb, "cause_now") == 0)
        printf("cause_now %d %d\n", id, choose_code());
    else
        printf("%s %d\n", verb, id);
}

/* Mostly a little, often to the very instant at which something is due. */
static void advance(const char *verb)
{
    int64_t by = below(6) * TICK;
    int64_t left = limits[choose()].when - now;
    if (left > 0 && left <= 2 * HOUR && one_in(2))
        by = left - one_in(4);
    now += by;
    printf("%s %" PRId64 "\n", verb, by);
}

static void step(void)
{
    int kind = below(40);
    if (handles == 0 || (kind < 16 && handles < MOST_HANDLES))
        make();
    else if (kind < 30)
        use(choose());
    else if (kind < 34 && afters > 0)
        printf("%s %d\n", kind < 33 ? "stop" : "join", below(afters));
    else if (kind < 38)
        advance(kind < 37 ? "advance" : "jump");
    else
        printf("observe\n");
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    for (; count > 0; --count, ++seed) {
        random_state = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15);
        now = 0;
        handles = 0;
        afters = 0;
        is_deep = one_in(4);
        is_full_of_values = one_in(4);
        printf("program %" PRIu64 "\n", seed);
        for (int steps = 1 + below(MOST_STEPS); steps > 0; --steps)
            step();
        printf("observe\nfinish\n");
    }
    return fflush(stdout) != 0;
}
