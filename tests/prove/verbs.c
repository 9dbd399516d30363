/* SPDX-License-Identifier: MIT */
#include "verbs.h"

static void nothing(const struct op *op)
{
    (void)op;
}

static const struct verb {
    char letter;
    const char *name;
    void (*run)(const struct op *op);
} verbs[] = {
    {'D', "DERIVE", derive},
    {'O', "ROOT", derive},
    {'T', "DEADLINE", derive},
    {'V', "VALUE", derive},
    {'N', "DETACH", derive},
    {'C', "CANCEL", cancel},
    {'K', "CAUSE", cancel},
    {'E', "END", end},
    {'R', "REF", ref},
    {'U', "UNREF", unref},
    {'X', "CROWD", crowd},
    {'?', "ASK", ask},
    {'W', "WAIT", wait_long},
    {'S', "SLEEP", wait_shortly},
    {'P', "POLL", poll_events},
    {'F', "FD", ask_fd},
    {'G', "DRIVE", start_driving},
    {'w', "WATCH", register_watch},
    {'u', "UNWATCH", take_back},
    {'t', "TRY", try_to_take_back},
    {'f', "FREE", take_back_and_free},
    {'a', "AFTER", register_after},
    {'s', "STOP", stop_after},
    {'j', "JOIN", join_after},
    {'g', "TAKE OVER", take_over},
    {'\0', "?", nothing},
};

void perform(const struct op *op)
{
    const struct verb *verb = verbs;
    while (verb->letter != '\0' && verb->letter != op->verb)
        ++verb;
    schedule_pass(verb->name, op->number);
    verb->run(op);
}

void perform_inside(const struct op *op)
{
    for (unsigned i = 0; i < INSIDE && op->inside[i] != '\0'; ++i) {
        struct op inner = *op;
        inner.verb = op->inside[i];
        inner.a = op->a / 7 + i;
        inner.b = op->b / 7 + (i == 0 ? 0 : op->a + i);
        inner.inside[0] = '\0';
        perform(&inner);
    }
}
