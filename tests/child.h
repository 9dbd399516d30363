/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CHILD_H
#define TESTS_CHILD_H

/* Child processes, which must not use cmocka: they say what they saw by the
   status that they leave with. */

#include "check.h"

#include <signal.h>
#include <sys/wait.h>

/* In a child: leaves, with the line of a claim that is not true. */
#define EXPECT(claim) ((claim) ? (void)0 : disappoint(#claim, __LINE__))

static inline void disappoint(const char *claim, int line)
{
    dprintf(STDERR_FILENO, "not true in the child, line %d: %s\n", line, claim);
    _exit(1);
}

#ifdef WITH_COVERAGE
void __gcov_dump(void); /* what _exit() would lose */
#else
#define __gcov_dump() ((void)0)
#endif

static inline _Noreturn void leave_child(int status)
{
    __gcov_dump();
    _exit(status);
}

/* The status of a child: negative, if a signal has ended it. */
static inline int status_of(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Dies of what cmocka would catch, and of not coming to an end. */
static inline void become_a_child(void)
{
    const int caught[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS};
    for (size_t i = 0; i < LENGTH(caught); ++i)
        signal(caught[i], SIG_DFL);
    alarm(60);
}

/* Forks, runs a function in the child, and leaves it with 0: its status. */
static inline int in_child(void (*run)(void *arg), void *arg)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        become_a_child();
        run(arg);
        leave_child(0);
    }
    return status_of(child);
}

#if WITH_TSAN
/* It would end a child of a process with threads that starts one itself; and a
   process that leaves while a callback is running leaves its threads. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "die_after_fork=0:report_thread_leaks=0:atexit_sleep_ms=0";
}
#endif

#endif
