/* SPDX-License-Identifier: MIT */
#ifndef TESTS_POSTGRES_SERVER_H
#define TESTS_POSTGRES_SERVER_H

/*
 * A PostgreSQL for one program, by tests/postgres, which is gone with the
 * program, however that ends.
 */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct postgres {
    pid_t script;
    int input; /* the server lives as long as this is open */
    pid_t pid;
    char conninfo[256];
    char dir[64];
};

static void run_script(const char *mode, const int *input, const int *output)
{
    char path[] = __FILE__;
    strcpy(strrchr(path, '/'), "/postgres");
    dup2(input[0], 0);
    dup2(output[1], 1);
    execl("/bin/sh", "sh", path, mode, (char *)NULL);
    _exit(127);
}

static void read_line(FILE *file, char *line, int size)
{
    if (fgets(line, size, file) == NULL)
        *line = '\0';
    line[strcspn(line, "\n")] = '\0';
}

/* Returns what the script has to say: 77 if there is no PostgreSQL. */
static int stop_server(struct postgres *server)
{
    int status = 0;
    close(server->input);
    waitpid(server->script, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* `mode` is for the script: "tls", or anything else. */
static int start_server(struct postgres *server, const char *mode)
{
    int input[2], output[2];
    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0)
        abort();
    server->script = fork();
    if (server->script == 0)
        run_script(mode, input, output);
    close(input[0]);
    close(output[1]);
    server->input = input[1];

    char pid[32];
    FILE *file = fdopen(output[0], "r");
    read_line(file, server->conninfo, sizeof server->conninfo);
    read_line(file, pid, sizeof pid);
    read_line(file, server->dir, sizeof server->dir);
    fclose(file);
    server->pid = (pid_t)atol(pid);
    return *server->dir != '\0' ? 0 : stop_server(server);
}

#endif
