/* SPDX-License-Identifier: MIT */

/*
 * s17: a process from its start until it has been waited for, and from the word
 * that it is to stop until the wait is over.
 */

struct runner {
    void (*start)(const char *const *argv);
    void (*stop)(void);
    void (*wait)(void); /* and gives back */
};

static void ask_spawn(const struct runner *runner, size_t tries)
{
    static const char *const argv[] = {"/bin/true", NULL};
    tries = unless_quick(tries);
    int64_t *took = (int64_t *)touched(tries, sizeof *took);
    for (size_t i = 0; i < tries; ++i) {
        int64_t begin = wall_ns();
        runner->start(argv);
        runner->wait();
        took[i] = wall_ns() - begin;
    }
    report_spread("s17.spawn", "us", took, tries, 1000);
    free(took);
}

static void ask_stop(const struct runner *runner, size_t tries)
{
    static const char *const argv[] = {"/bin/sleep", "60", NULL};
    tries = unless_quick(tries);
    int64_t *took = (int64_t *)touched(tries, sizeof *took);
    for (size_t i = 0; i < tries; ++i) {
        runner->start(argv);
        sleep_for(2000000); /* surely asleep by then */
        int64_t begin = wall_ns();
        runner->stop();
        runner->wait();
        took[i] = wall_ns() - begin;
    }
    report_spread("s17.stop", "us", took, tries, 1000);
    free(took);
}
