/* SPDX-License-Identifier: MIT */

/*
 * The end of all that a process has started.
 *
 * A group is left with setsid(), and a process whose parent has died says no
 * more whose it was; but its environment is still the one that it was started
 * with, and holds the mark of each tree that it is in.  So the processes of the
 * machine are searched for the mark.  What escapes is what has left the group
 * and replaced its environment as well, or is another user's.  Nothing escapes
 * from a cgroup.
 */

#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a killed process may take to be gone, before it is given up. */
static const belay_duration PATIENCE = BELAY_SECOND;

static int open_process(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* By number only where there is no other way: it may be somebody else's. */
static void send(pid_t pid, int fd, int number)
{
    if (fd < 0 || (syscall(SYS_pidfd_send_signal, fd, number, NULL, 0) != 0 &&
                   errno == ENOSYS))
        kill(pid, number);
}

bool belay__is_ours(const struct belay_process *process)
{
    siginfo_t info;
    return waitid(P_PID, (id_t)process->pid, &info,
                  WEXITED | WNOHANG | WNOWAIT) == 0;
}

void belay__send(const struct belay_process *process, int number)
{
    if (belay__is_ours(process))
        kill(-process->pid, number);
    else if (process->fd >= 0)
        syscall(SYS_pidfd_send_signal, process->fd, number, NULL, 0);
}

/* --- By their mark ------------------------------------------------------- */

static bool holds(int fd, const char *mark)
{
    size_t length = strlen(mark);
    char text[4096];
    size_t kept = 0; /* the end of what was read before may be a beginning */
    ssize_t got;
    while ((got = read(fd, text + kept, sizeof text - kept)) > 0) {
        size_t size = kept + (size_t)got;
        if (memmem(text, size, mark, length) != NULL)
            return true;
        kept = size < length ? size : length - 1;
        memmove(text, text + size - kept, kept);
    }
    return false;
}

/* False, too, for what is no more than a zombie. */
static bool is_marked(pid_t pid, const char *mark)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool is_found = holds(fd, mark);
    close(fd);
    return is_found;
}

/* Left to be reaped by its parent, if it is we, too: we have not started it. */
static void await_end(int fd)
{
    struct pollfd ended = {fd, POLLIN, 0};
    belay_poll(NULL, &ended, 1, 10 * BELAY_MILLISECOND);
}

/* Opened before it is looked at again, so that its number is nobody else's. */
static bool kill_marked(pid_t pid, const char *mark)
{
    if (!is_marked(pid, mark))
        return false;
    int fd = open_process(pid);
    bool is_found = is_marked(pid, mark);
    if (is_found) {
        send(pid, fd, SIGKILL);
        await_end(fd);
    }
    if (fd >= 0)
        close(fd);
    return is_found;
}

/* False: there is none left, but for the process itself. */
static bool kill_all_marked(const struct belay_process *process)
{
    DIR *all = opendir("/proc");
    struct dirent *entry;
    bool is_any = false;
    while (all != NULL && (entry = readdir(all)) != NULL) {
        pid_t pid = (pid_t)atoi(entry->d_name);
        if (pid > 1 && pid != process->pid)
            is_any |= kill_marked(pid, process->id);
    }
    if (all != NULL)
        closedir(all);
    return is_any;
}

/* --- By their cgroup ----------------------------------------------------- */

/* A file of the process's cgroup: a descriptor, or -errno. */
static int open_file(const struct belay_process *process, const char *name,
                     int flags)
{
    int directory = open(process->cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return -errno;
    int fd = openat(directory, name, flags | O_CLOEXEC);
    int err = -errno;
    close(directory);
    return fd < 0 ? err : fd;
}

int belay__make_cgroup(struct belay_process *process, const char *parent)
{
    size_t size = strlen(parent) + 1 + sizeof process->id;
    char *path = malloc(size);
    if (path == NULL)
        return -ENOMEM;
    snprintf(path, size, "%s/%s", parent, process->id);
    if (mkdir(path, 0755) != 0) {
        int err = -errno;
        free(path);
        return err;
    }
    process->cgroup = path;
    int killer = open_file(process, "cgroup.kill", O_WRONLY);
    if (killer < 0)
        return killer;
    close(killer);
    return belay__lift(open_file(process, "cgroup.procs", O_WRONLY));
}

static void kill_cgroup(const struct belay_process *process)
{
    int fd = open_file(process, "cgroup.kill", O_WRONLY);
    syscall(SYS_write, fd, "1", 1);
    if (fd >= 0)
        close(fd);
}

/* Zombies do not count. */
static bool is_populated(const struct belay_process *process)
{
    char text[200] = "";
    int fd = open_file(process, "cgroup.events", O_RDONLY);
    if (fd < 0)
        return false;
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    return length > 0 && strstr(text, "populated 1") != NULL;
}

/* False: there is none left. */
static bool kill_members(const struct belay_process *process)
{
    if (process->cgroup == NULL)
        return false;
    kill_cgroup(process);
    if (!is_populated(process))
        return false;
    belay_sleep(NULL, BELAY_MILLISECOND);
    return true;
}

/* Stays, if the process has left others behind that are alive. */
void belay__remove_cgroup(struct belay_process *process)
{
    if (process->cgroup == NULL)
        return;
    rmdir(process->cgroup);
    free(process->cgroup);
    process->cgroup = NULL;
}

/* A program that is just beginning has no environment for some microseconds:
   one search that finds nothing is not enough. */
void belay__kill_tree(const struct belay_process *process)
{
    belay_time until = belay_now() + PATIENCE;
    int in_vain = 0;
    belay__send(process, SIGKILL);
    while (in_vain < 2 && belay_now() < until) {
        bool is_any = kill_members(process);
        is_any |= kill_all_marked(process);
        in_vain = is_any ? 0 : in_vain + 1;
    }
}
