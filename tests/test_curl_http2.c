/* SPDX-License-Identifier: MIT */
#include "curling.h"

#include <belay/curl.h>

#include <signal.h>
#include <sys/wait.h>

/*
 * Over HTTP/2, several transfers may share a connection, and libcurl 7.88 does
 * not tell the peer of one that is given up.  The server is nghttpd, which
 * says what it sees, and here waits for the rest of what is uploaded.
 */

struct server {
    pid_t pid;
    FILE *says;
    char url[64];
};

/* False at the end of what it has to say. */
static bool hear(struct server *server, const char *words)
{
    char line[512];
    while (fgets(line, sizeof line, server->says) != NULL)
        if (strstr(line, words) != NULL)
            return true;
    return false;
}

static void run_server(char *port, int out)
{
    char *words[] = {"stdbuf", "-oL",       "nghttpd",       "--no-tls", "-v",
                     "-a",     "127.0.0.1", "--echo-upload", port,       NULL};
    dup2(out, STDOUT_FILENO);
    execvp(*words, words);
    _exit(127);
}

/* False: there is no such program here. */
static bool serve(struct server *server)
{
    int out[2];
    close(listen_somewhere(-1, server->url, sizeof server->url));
    CHECK(pipe(out) == 0);
    server->pid = fork();
    if (server->pid == 0)
        run_server(strrchr(server->url, ':') + 1, out[1]);
    close(out[1]);
    server->says = fdopen(out[0], "r");
    return hear(server, "listen");
}

static void dismiss(struct server *server)
{
    kill(server->pid, SIGTERM);
    waitpid(server->pid, NULL, 0);
    fclose(server->says);
}

static size_t give_later(char *data, size_t size, size_t count, void *arg)
{
    (void)data, (void)size, (void)count, (void)arg;
    return CURL_READFUNC_PAUSE;
}

static CURL *uploader(const struct server *server, struct body *body)
{
    CURL *easy = getter(server->url, "/", body);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_later);
    return easy;
}

struct work {
    const belay_ctx *ctx;
    CURL *easy;
    struct belay_curl_multi *multi;
    CURLcode result;
    sem_t leave; /* until then, the thread keeps its connections */
};

static void *perform(void *arg)
{
    struct work *work = arg;
    work->result = belay_curl_perform(work->ctx, work->easy);
    await(&work->leave);
    return NULL;
}

TEST(a_peer_sees_that_a_transfer_is_given_up)
{
    struct server server;
    struct body body = {0};
    if (!serve(&server)) {
        dismiss(&server);
        print_message("no nghttpd here\n");
        skip();
    }
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct work work = {.ctx = ctx, .easy = uploader(&server, &body)};
    sem_init(&work.leave, 0, 0);
    pthread_t thread = start(perform, &work);
    CHECK(hear(&server, "recv HEADERS"));

    belay_cancel(ctx);

    CHECK(hear(&server, "closed"));
    sem_post(&work.leave);
    join(thread);
    CHECK(work.result == CURLE_ABORTED_BY_CALLBACK);
    belay_end(ctx);
    curl_easy_cleanup(work.easy);
    dismiss(&server);
}

static void *wait_for_one(void *arg)
{
    struct work *work = arg;
    CURL *easy;
    if (belay_curl_multi_wait(NULL, work->multi, &easy, &work->result) != 1)
        work->result = CURLE_FAILED_INIT;
    await(&work->leave);
    return NULL;
}

TEST(a_peer_sees_that_one_of_two_transfers_is_given_up)
{
    struct server server;
    struct body body = {0};
    if (!serve(&server)) {
        dismiss(&server);
        skip();
    }
    belay_ctx *ctx = belay_with_cancel(NULL);
    CURL *easies[] = {uploader(&server, &body), uploader(&server, &body)};
    struct work work = {.multi = belay_curl_multi_new()};
    sem_init(&work.leave, 0, 0);
    CHECK(belay_curl_multi_add(ctx, work.multi, easies[0]) == 0);
    CHECK(belay_curl_multi_add(NULL, work.multi, easies[1]) == 0);
    pthread_t thread = start(wait_for_one, &work);
    CHECK(hear(&server, "recv HEADERS"));
    CHECK(hear(&server, "recv HEADERS"));

    belay_cancel(ctx);

    CHECK(hear(&server, "closed"));
    sem_post(&work.leave);
    join(thread);
    CHECK(work.result == CURLE_ABORTED_BY_CALLBACK);
    belay_curl_multi_free(work.multi);
    curl_easy_cleanup(easies[0]);
    curl_easy_cleanup(easies[1]);
    belay_end(ctx);
    dismiss(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_sees_that_a_transfer_is_given_up),
        cmocka_unit_test(a_peer_sees_that_one_of_two_transfers_is_given_up),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
