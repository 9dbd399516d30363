/* SPDX-License-Identifier: MIT */
#include "child.h"
#include "http.h"

#include <belay/mhd.h>

#include <fcntl.h>
#include <spawn.h>

/* Under TLS: rules HS4 and HS15 of Go's server.  The client is openssl's, and
   so is the certificate, which is made here. */

extern char **environ;

/* Returns its process id, or a negative errno. */
static pid_t run(const char *const argv[], int input)
{
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    if (input >= 0)
        posix_spawn_file_actions_adddup2(&files, input, 0);
    pid_t child;
    int err = posix_spawnp(&child, argv[0], &files, NULL, (char *const *)argv,
                           environ);
    posix_spawn_file_actions_destroy(&files);
    return err == 0 ? child : -err;
}

static void read_file(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
    unlink(path);
}

static struct {
    char key[8000], certificate[8000];
} secrets;

static bool make_secrets(void)
{
    char key[] = "/tmp/belay-key-XXXXXX";
    char certificate[] = "/tmp/belay-cert-XXXXXX";
    close(mkstemp(key));
    close(mkstemp(certificate));
    const char *const argv[] = {"openssl",  "req",       "-x509",   "-newkey",
                                "rsa:2048", "-nodes",    "-subj",   "/CN=test",
                                "-days",    "1",         "-keyout", key,
                                "-out",     certificate, NULL};
    pid_t child = run(argv, -1);
    bool is_fine = child > 0 && status_of(child) == 0;
    read_file(key, secrets.key, sizeof secrets.key);
    read_file(certificate, secrets.certificate, sizeof secrets.certificate);
    return is_fine;
}

static struct belay_mhd *serve_with_tls(struct stage *stage, unsigned flags)
{
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_HTTPS_MEM_KEY, 0, secrets.key},
        {MHD_OPTION_HTTPS_MEM_CERT, 0, secrets.certificate},
        {MHD_OPTION_END, 0, NULL}};
    set_stage(stage);
    struct belay_mhd_settings settings =
        settings_for(stage, flags | MHD_USE_TLS);
    settings.options = options;
    return start_server(NULL, &settings);
}

struct client {
    pid_t process;
    int input;
};

static struct client dial_with_tls(struct belay_mhd *server)
{
    char address[40];
    snprintf(address, sizeof address, "127.0.0.1:%u", port_of(server));
    const char *const argv[] = {"openssl",  "s_client", "-quiet",
                                "-connect", address,    NULL};
    int ends[2];
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    struct client client = {run(argv, ends[0]), ends[1]};
    CHECK(client.process > 0);
    close(ends[0]);
    return client;
}

static void write_to(struct client client, const char *text)
{
    CHECK(write(client.input, text, strlen(text)) == (ssize_t)strlen(text));
}

static void kill_it(struct client client)
{
    kill(client.process, SIGKILL);
    CHECK(status_of(client.process) == -SIGKILL);
    close(client.input);
}

/* HS4; with what it has sent unread, better than Go */
TEST(a_client_that_dies_under_tls_is_noticed)
{
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\nHost: test\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: test\r\n\r\nGET / HTTP/1.1\r\n",
        "POST /head HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello"};
    for (size_t i = 0; i < LENGTH(ways_to_serve); ++i)
        for (size_t n = 0; n < LENGTH(requests); ++n) {
            struct stage stage;
            struct belay_mhd *server = serve_with_tls(&stage, ways_to_serve[i]);
            struct client client = dial_with_tls(server);
            write_to(client, requests[n]);
            await(&stage.entered);

            kill_it(client);

            await(&stage.ended);
            CHECK(stage.code == -EPIPE || stage.code == -ECONNRESET);
            await(&stage.done);
            stop_server(server);
        }
}

/* HS15 */
TEST(a_handshake_that_stalls_holds_up_neither_others_nor_the_end)
{
    for (size_t i = 0; i < LENGTH(ways_to_serve); ++i) {
        struct stage stage;
        struct belay_mhd *server = serve_with_tls(&stage, ways_to_serve[i]);
        int silent = dial(server);
        int slow = dial(server);
        say(slow, "\x16\x03\x01");
        struct client client = dial_with_tls(server);
        write_to(client, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        await(&stage.entered);

        stop_server(server);

        CHECK(stage.code == -ESHUTDOWN);
        close(silent);
        close(slow);
        kill(client.process, SIGKILL);
        status_of(client.process);
        close(client.input);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_that_dies_under_tls_is_noticed),
        cmocka_unit_test(
            a_handshake_that_stalls_holds_up_neither_others_nor_the_end),
    };
    watchdog();
    if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES) {
        puts("this libmicrohttpd has no TLS");
        return 77;
    }
    if (!make_secrets()) {
        puts("no openssl here to make a certificate with");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
