/* SPDX-License-Identifier: MIT */
#include "child.h"

#include "fakes/delay.h"
#include "internal.h"

#include <dirent.h>
#include <fcntl.h>

/* What a child has of its parent's clock and descriptors.  The clock starts
   once in a process, so that each parent is a process of its own. */

static struct belay__seams real;
static atomic_int joins;
static int other; /* a descriptor that another thread of the child has opened */
static pid_t parent;
static int parents_timer;
static int sets_of_parents_timer;

static void count_join(pthread_t thread)
{
    (void)thread;
    ++joins;
}

static bool is_clock(const char *task)
{
    char path[300];
    char name[16] = "";
    snprintf(path, sizeof path, "/proc/self/task/%s/comm", task);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    bool has_name = fgets(name, sizeof name, file) != NULL;
    fclose(file);
    return has_name && strcmp(name, "belay-clock\n") == 0;
}

static bool has_clock(void)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *task;
    bool found = false;
    while (!found && (task = readdir(tasks)) != NULL)
        found = is_clock(task->d_name);
    closedir(tasks);
    return found;
}

static void run_clock(void *arg)
{
    (void)arg;
    belay__seams.join = count_join;
    belay_clock_run();
    belay__clock_close();
    EXPECT(joins == 0);
}

static void leave_the_clock_and_fork(void *arg)
{
    (void)arg;
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_HOUR);
    EXPECT(belay_clock_fd() >= 0);
    while (has_clock())
        sched_yield();
    EXPECT(in_child(run_clock, NULL) == 0);
    belay_end(ctx);
}

TEST(a_child_joins_no_thread_of_its_parent)
{
    CHECK(in_child(leave_the_clock_and_fork, NULL) == 0);
}

/* --- Half taken over ---------------------------------------------------- */

static void *ask_for_fd(void *arg)
{
    (void)arg;
    return (void *)(intptr_t)belay_clock_fd();
}

static void drive(void *arg)
{
    (void)arg;
    struct pollfd due = {belay_clock_fd(), POLLIN, 0};
    belay_ctx *ctx = belay_with_timeout(NULL, 1);
    EXPECT(poll(&due, 1, 10000) == 1 && due.revents == POLLIN);
    EXPECT(belay_clock_run() == 1);
    EXPECT(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
}

static void fork_while_the_clock_is_taken_over(void *arg)
{
    (void)arg;
    delay_hold("driving");
    pthread_t taker;
    EXPECT(pthread_create(&taker, NULL, ask_for_fd, NULL) == 0);
    delay_await("driving");

    EXPECT(in_child(drive, NULL) == 0);

    delay_release("driving");
    pthread_join(taker, NULL);
    drive(NULL);
}

TEST(a_child_may_drive_the_clock_that_was_about_to_be_taken_over)
{
    CHECK(in_child(fork_while_the_clock_is_taken_over, NULL) == 0);
}

static void let_a_deadline_pass(void *arg)
{
    struct pollfd due = {belay_clock_fd(), POLLIN, 0};
    EXPECT(belay_err(belay_with_timeout(arg, 1)) == 0);
    EXPECT(poll(&due, 1, 10000) == 1);
}

static void take_over_and_fork(void *arg)
{
    struct pollfd ours = {belay_clock_fd(), POLLIN, 0};
    EXPECT(in_child(let_a_deadline_pass, arg) == 0);
    EXPECT(poll(&ours, 1, 0) == 0);
}

/* A server that forks its workers, before there is any context. */
TEST(a_child_has_a_timer_of_its_own_though_there_was_no_context_yet)
{
    CHECK(in_child(take_over_and_fork, NULL) == 0);
}

/* --- Without a descriptor ----------------------------------------------- */

static int no_timer_in_a_child(void)
{
    return getpid() == parent ? real.timer() : -EMFILE;
}

static void set_and_count(int timer, belay_time when)
{
    sets_of_parents_timer += getpid() != parent && timer == parents_timer;
    real.set_timer(timer, when);
}

static void wait_for_deadline(void *ctx)
{
    belay_ctx *soon = belay_with_timeout(NULL, 1);
    EXPECT(belay_wait(soon) == BELAY_DEADLINE_EXCEEDED);
    belay_clock_run(); /* joins no thread that runs */
    EXPECT(belay_wait(ctx) == BELAY_DEADLINE_EXCEEDED);
    EXPECT(sets_of_parents_timer == 0);
}

static void fork_where_there_is_no_timer(void *arg)
{
    (void)arg;
    real = belay__seams;
    parent = getpid();
    belay__seams.timer = no_timer_in_a_child;
    belay__seams.set_timer = set_and_count;
    belay_end(belay_with_timeout(NULL, BELAY_HOUR));
    parents_timer = belay_clock_fd();
    while (has_clock())
        sched_yield();
    belay_ctx *ctx = belay_with_timeout(NULL, 20 * BELAY_MILLISECOND);

    EXPECT(in_child(wait_for_deadline, ctx) == 0);

    EXPECT(belay_wait(ctx) == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
}

TEST(a_child_without_a_timer_leaves_its_parents_alone)
{
    CHECK(in_child(fork_where_there_is_no_timer, NULL) == 0);
}

/* --- A context's descriptor --------------------------------------------- */

/* Another thread opens something, whenever a number may be free. */
static int event_after_another(void)
{
    if (other < 0)
        other = open("/dev/zero", O_RDONLY);
    return real.event();
}

static void make_anew(void *arg)
{
    belay_ctx *ctx = arg;
    char byte = 1;
    int before = ((struct cancel_ctx *)ctx)->fd;
    real = belay__seams;
    other = -1;
    belay__seams.event = event_after_another;
    EXPECT(belay_fd(ctx) == before);
    EXPECT(read(other, &byte, 1) == 1 && byte == 0);
    EXPECT(belay_cancel(ctx) && is_readable(before));
}

TEST(a_descriptor_made_anew_in_a_child_takes_nobodys_number)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    int fd = belay_fd(ctx);

    CHECK(in_child(make_anew, ctx) == 0);

    CHECK(!is_readable(fd));
    belay_end(ctx);
}

static int calls_of_event;

static int no_second_event(void)
{
    return ++calls_of_event == 1 ? -EMFILE : real.event();
}

static void make_anew_where_there_are_too_many(void *arg)
{
    belay_ctx *ctx = arg;
    int before = ((struct cancel_ctx *)ctx)->fd;
    real = belay__seams;
    belay__seams.event = no_second_event;
    EXPECT(belay_fd(ctx) == before && calls_of_event == 2);
    EXPECT(belay_cancel(ctx) && is_readable(before));
}

TEST(a_descriptor_is_made_anew_where_no_more_can_be_had)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    int fd = belay_fd(ctx);

    CHECK(in_child(make_anew_where_there_are_too_many, ctx) == 0);

    CHECK(!is_readable(fd));
    belay_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_joins_no_thread_of_its_parent),
        cmocka_unit_test(
            a_child_may_drive_the_clock_that_was_about_to_be_taken_over),
        cmocka_unit_test(
            a_child_has_a_timer_of_its_own_though_there_was_no_context_yet),
        cmocka_unit_test(a_child_without_a_timer_leaves_its_parents_alone),
        cmocka_unit_test(
            a_descriptor_made_anew_in_a_child_takes_nobodys_number),
        cmocka_unit_test(a_descriptor_is_made_anew_where_no_more_can_be_had),
    };
    watchdog();
    delay_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
