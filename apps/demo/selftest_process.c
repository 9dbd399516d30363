/* SPDX-License-Identifier: MIT */
#include "selftest.h"

#include "client.h"
#include "listen.h"

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { INSIDE = 50 };

extern char **environ;

/* Returns the reading end of what it prints, or a negative errno. */
static int start(int port, pid_t *ret_pid)
{
    int ends[2];
    if (pipe(ends) != 0)
        return -errno;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    char number[16];
    snprintf(number, sizeof number, "%d", port);
    char *arguments[] = {"belay-demo", "--port", number, NULL};
    int err = posix_spawn(ret_pid, "/proc/self/exe", &actions, NULL, arguments,
                          environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (err != 0)
        close(ends[0]);
    return err != 0 ? -err : ends[0];
}

/* Reads on until the end, or until there is a line with a word in it. */
static void read_until(int fd, const char *word, char *data, size_t size)
{
    size_t length = strlen(data);
    const char *found;
    while ((found = strstr(data, word)) == NULL || !strchr(found, '\n')) {
        ssize_t count = read(fd, data + length, size - 1 - length);
        if (count <= 0)
            return;
        length += (size_t)count;
        data[length] = '\0';
    }
}

static int port_in(const char *text)
{
    int port = 0;
    const char *url = strstr(text, "http://127.0.0.1:");
    if (url != NULL)
        sscanf(url, "http://127.0.0.1:%d/", &port);
    return port;
}

bool selftest_process(void)
{
    int taken = 0;
    int listener = listen_near(&taken);
    pid_t pid;
    int output = start(taken, &pid);
    if (output < 0)
        return say(false, "the program does not start");

    char data[1000] = "";
    read_until(output, "http://", data, sizeof data);
    int port = port_in(data);
    int fds[INSIDE];
    for (int i = 0; i < INSIDE; ++i) {
        fds[i] = client_connect(port);
        if (fds[i] >= 0)
            client_ask(fds[i], "GET /query?budget=30000&work=30000");
    }
    belay_sleep(NULL, 500 * BELAY_MILLISECOND);
    kill(pid, SIGTERM);
    read_until(output, "stopped: ", data, sizeof data);
    int status;
    waitpid(pid, &status, 0);

    bool is_fine = port > taken && strstr(data, "is taken") != NULL &&
                   strstr(data, "0 finished, 50 canceled, 0 left") != NULL &&
                   WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!is_fine)
        fputs(data, stdout);
    for (int i = 0; i < INSIDE; ++i) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    close(output);
    close(listener);
    return say(is_fine, "SIGTERM with %d inside: exit code %d", INSIDE,
               WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
}
