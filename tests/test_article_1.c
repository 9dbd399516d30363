/* SPDX-License-Identifier: MIT */
#include "child.h"
#include "sockets.h"

#include <belay/mhd.h>

#include <fcntl.h>
#include <spawn.h>

/* The example article_1_listen, as a program: what it prints, and what its
   clients get.  EXAMPLE is where it is. */

extern char **environ;

struct program {
    pid_t process;
    int output, errors;
    struct sockaddr_in address;
};

/* Connects as soon as somebody listens there. */
static int dial(const struct program *program)
{
    int client;
    int err;
    do {
        client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        err = connect(client, (const struct sockaddr *)&program->address,
                      sizeof program->address);
        if (err != 0)
            close(client);
        sched_yield();
    } while (err != 0);
    return client;
}

static struct program start_program(void)
{
    struct program program;
    int output[2];
    int errors[2];
    if (getenv("EXAMPLE") == NULL)
        skip();
    close(listen_somewhere(&program.address)); /* a port that is free */
    char port[8];
    snprintf(port, sizeof port, "%d", ntohs(program.address.sin_port));
    CHECK(pipe2(output, O_CLOEXEC) == 0 && pipe2(errors, O_CLOEXEC) == 0);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, output[1], 1);
    posix_spawn_file_actions_adddup2(&files, errors[1], 2);
    char *const argv[] = {getenv("EXAMPLE"), port, NULL};
    CHECK(posix_spawn(&program.process, argv[0], &files, NULL, argv, environ) ==
          0);
    posix_spawn_file_actions_destroy(&files);
    close(output[1]);
    close(errors[1]);
    program.output = output[0];
    program.errors = errors[0];
    return program;
}

static void stop_program(const struct program *program)
{
    kill(program->process, SIGKILL);
    CHECK(status_of(program->process) == -SIGKILL);
    close(program->output);
    close(program->errors);
}

/* Reads until that has come, or the other side has closed. */
static bool says(int fd, const char *what)
{
    char data[1000] = "";
    size_t length = 0;
    while (strstr(data, what) == NULL) {
        ssize_t count = read(fd, data + length, sizeof data - 1 - length);
        if (count <= 0)
            return false;
        length += (size_t)count;
        data[length] = '\0';
    }
    return true;
}

static int request(const struct program *program)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";
    int client = dial(program);
    CHECK(write(client, text, strlen(text)) == (ssize_t)strlen(text));
    return client;
}

TEST(a_client_that_waits_is_answered)
{
    struct program program = start_program();
    int client = request(&program);

    CHECK(says(program.output, "processing request\n"));
    CHECK(says(client, "request processed"));

    close(client);
    stop_program(&program);
}

TEST(a_client_that_leaves_cancels_its_request)
{
    struct program program = start_program();
    int client = request(&program);
    CHECK(says(program.output, "processing request\n"));

    close(client);

    CHECK(says(program.errors, "request canceled\n"));
    client = request(&program);
    CHECK(says(client, "request processed"));
    close(client);
    stop_program(&program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_that_waits_is_answered),
        cmocka_unit_test(a_client_that_leaves_cancels_its_request),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
