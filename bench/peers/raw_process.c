/* SPDX-License-Identifier: MIT */

/* The floor for processes: posix_spawn(), kill() and waitid(). */

#define PEER "raw"
#include "../bench.h"
#include "../questions/process.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

static pid_t pid;

static void start(const char *const *argv)
{
    if (posix_spawn(&pid, argv[0], NULL, NULL, (char *const *)argv, environ))
        abort();
}

static void stop(void)
{
    kill(pid, SIGTERM);
}

static void wait_for_it(void)
{
    siginfo_t info;
    if (waitid(P_PID, (id_t)pid, &info, WEXITED) != 0)
        abort();
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
    return ANSWER(argc, argv, "raw limits, gcc " __VERSION__, questions);
}
