/* SPDX-License-Identifier: MIT */

/*
 * How many allocations and system calls: counted, not timed.  The allocator is
 * taken over by this program; system calls are seen by tracing a child.
 */

#include "belay_node.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* --- Allocations ---------------------------------------------------------- */

static long allocations; /* of one thread, or not looked at */

#if defined(__GLIBC__)

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

void *malloc(size_t size)
{
    ++allocations;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    ++allocations;
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    ++allocations;
    return __libc_realloc(memory, size);
}

enum { CAN_COUNT = true };
#else
enum { CAN_COUNT = false };
#endif

/* --- What is counted ------------------------------------------------------ */

enum { TIMES = 1000 };

static node *root;
static node *parents[TIMES];
static node *children[TIMES];
static struct belay_watch watches[TIMES];

static void make_family(void)
{
    for (int i = 0; i < TIMES; ++i) {
        parents[i] = belay_with_cancel(root);
        children[i] = belay_with_timeout(parents[i], BELAY_HOUR);
        hook_on(&watches[i], children[i]);
    }
}

static void cancel_parents(void)
{
    for (int i = 0; i < TIMES; ++i)
        belay_cancel(parents[i]);
}

static void end_family(void)
{
    for (int i = 0; i < TIMES; ++i) {
        belay_end(children[i]);
        belay_end(parents[i]);
    }
}

static void derive_and_end(void)
{
    for (int i = 0; i < TIMES; ++i)
        belay_end(belay_with_cancel(root));
}

static void derive_and_end_timeout(void)
{
    for (int i = 0; i < TIMES; ++i)
        belay_end(belay_with_timeout(root, BELAY_HOUR));
}

static void nothing_to_do(void)
{
}

struct counted {
    const char *key;
    void (*before)(void);
    void (*act)(void); /* TIMES times */
    void (*after)(void);
};

static const struct counted all[] = {
    {"count.cancel", make_family, cancel_parents, end_family},
    {"count.derive_end", derive_and_end, derive_and_end, nothing_to_do},
    {"count.timeout_derive_end", derive_and_end_timeout, derive_and_end_timeout,
     nothing_to_do},
};

static void count_allocations(const struct counted *counted)
{
    counted->before();
    long before = allocations;
    counted->act();
    double each = (double)(allocations - before) / TIMES;
    counted->after();
    if (CAN_COUNT)
        report(key_of(counted->key, ".allocs"), "count", each);
}

/* --- System calls --------------------------------------------------------- */

/* A call that nothing else makes marks the begin and the end. */
static void act_between_marks(const struct counted *counted)
{
    root = make_root();
    counted->before();
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        _exit(1);
    raise(SIGSTOP);
    syscall(SYS_getppid);
    counted->act();
    syscall(SYS_getppid);
    _exit(0);
}

/* Lets pid run to its next entry into the kernel: the call; -1: it is gone. */
static long next_call(pid_t pid)
{
    struct __ptrace_syscall_info info;
    int status;
    do {
        if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) != 0)
            return -1;
        if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
            return -1;
        if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0)
            return -1;
    } while (info.op != PTRACE_SYSCALL_INFO_ENTRY);
    return (long)info.entry.nr;
}

/* Where tracing is not allowed there is no line. */
static void count_system_calls(const struct counted *counted)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        act_between_marks(counted);
    int status;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
        return;
    ptrace(PTRACE_SETOPTIONS, pid, NULL,
           PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);

    long calls = 0;
    long call;
    int marks = 0;
    while (marks < 2 && (call = next_call(pid)) >= 0) {
        if (call == SYS_getppid)
            ++marks;
        else if (marks == 1)
            ++calls;
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    if (marks == 2)
        report(key_of(counted->key, ".syscalls"), "count",
               (double)calls / TIMES);
}

/* The traced first: this process has not used the library until then. */
static void ask_count(size_t n)
{
    (void)n;
    size_t count = sizeof all / sizeof *all;
    for (size_t i = 0; i < count; ++i)
        count_system_calls(&all[i]);
    root = make_root();
    for (size_t i = 0; i < count; ++i)
        count_allocations(&all[i]);
    belay_end(root);
}

int main(int argc, char **argv)
{
    static const struct question questions[] = {
        {"count", ask_count, 0},
    };
    return ANSWER(argc, argv, belay_version(), questions);
}
