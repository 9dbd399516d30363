/* SPDX-License-Identifier: MIT */

/* s17: belay_process_spawn(), and a context that ends. */

#include "belay_node.h"
#include "questions/process.h"

#include <belay/process.h>

static belay_ctx *ctx;
static struct belay_process process;

static void start(const char *const *argv)
{
    struct belay_command command;
    memset(&command, 0, sizeof command);
    command.argv = argv;
    ctx = belay_with_cancel(NULL);
    if (belay_process_spawn(ctx, &process, &command) != 0)
        abort();
}

static void stop(void)
{
    belay_cancel(ctx);
}

static void wait_for_it(void)
{
    struct belay_process_result result;
    if (belay_process_wait(ctx, &process, &result) != 0)
        abort();
    belay_process_end(&process);
    belay_end(ctx);
}

static const struct runner runner = {start, stop, wait_for_it};

static void spawn(size_t tries)
{
    ask_spawn(&runner, tries);
}

static void stop_it(size_t tries)
{
    ask_stop(&runner, tries);
}

int main(int argc, char **argv)
{
    static const struct question questions[] = {
        {"s17.spawn", spawn, 1000},
        {"s17.stop", stop_it, 300},
    };
    return ANSWER(argc, argv, belay_version(), questions);
}
