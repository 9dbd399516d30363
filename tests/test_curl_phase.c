/* SPDX-License-Identifier: MIT */
#include "curling.h"

#include <belay/curl.h>

/* The phases that a server alone cannot bring about. */

/* --- Connecting ---------------------------------------------------------- */

/* A listener whose queue is full: who connects now waits. */
struct blackhole {
    char url[64];
    int fds[8]; /* the listener, and those who fill the queue */
};

static void dig(struct blackhole *hole)
{
    struct sockaddr_in name;
    socklen_t length = sizeof name;
    hole->fds[0] = listen_somewhere(0, hole->url, sizeof hole->url);
    getsockname(hole->fds[0], (struct sockaddr *)&name, &length);
    for (size_t i = 1; i < LENGTH(hole->fds); ++i) {
        hole->fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(hole->fds[i], (struct sockaddr *)&name, length);
    }
}

static void fill_up(struct blackhole *hole)
{
    for (size_t i = 0; i < LENGTH(hole->fds); ++i)
        close(hole->fds[i]);
}

static int post_socket(void *sem, curl_socket_t fd, curlsocktype purpose)
{
    (void)fd, (void)purpose;
    sem_post(sem);
    return CURL_SOCKOPT_OK;
}

TEST(a_cancel_stops_connecting)
{
    struct blackhole hole;
    struct fixture it;
    sem_t connecting;
    dig(&hole);
    set(&it, "/");
    sem_init(&connecting, 0, 0);
    ask_for(it.easy, hole.url, "/");
    curl_easy_setopt(it.easy, CURLOPT_SOCKOPTFUNCTION, post_socket);
    curl_easy_setopt(it.easy, CURLOPT_SOCKOPTDATA, &connecting);

    CURLcode result = perform_until(&connecting, 1, it.easy);

    CHECK(result == CURLE_ABORTED_BY_CALLBACK);
    clear(&it);
    fill_up(&hole);
}

TEST(a_deadline_stops_connecting)
{
    struct blackhole hole;
    struct fixture it;
    dig(&hole);
    set(&it, "/");
    ask_for(it.easy, hole.url, "/");
    belay_ctx *late = belay_with_timeout(it.ctx, 5 * BELAY_MILLISECOND);

    CHECK(belay_curl_perform(late, it.easy) == CURLE_ABORTED_BY_CALLBACK);

    belay_end(late);
    clear(&it);
    fill_up(&hole);
}

static int cancel_at_socket(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
    (void)fd, (void)purpose;
    belay_cancel(ctx);
    return CURL_SOCKOPT_OK;
}

/* The connection is there at once, and the request must not follow it. */
TEST(what_ends_while_it_connects_sends_no_request)
{
    struct fixture it;
    set(&it, "/");
    CHECK(belay_curl_perform(NULL, it.easy) == CURLE_OK);
    await(&it.web->asked);
    belay_curl_close_idle();
    curl_easy_setopt(it.easy, CURLOPT_SOCKOPTFUNCTION, cancel_at_socket);
    curl_easy_setopt(it.easy, CURLOPT_SOCKOPTDATA, it.ctx);

    CHECK(belay_curl_perform(it.ctx, it.easy) == CURLE_ABORTED_BY_CALLBACK);

    long sent;
    curl_easy_getinfo(it.easy, CURLINFO_REQUEST_SIZE, &sent);
    CHECK(sent == 0);
    CHECK(!has_come(&it.web->asked));
    clear(&it);
}

/* --- Sending ------------------------------------------------------------- */

struct source {
    sem_t read;
    size_t result;
};

static size_t give(char *data, size_t size, size_t count, void *arg)
{
    struct source *source = arg;
    memset(data, 'x', size * count);
    sem_post(&source->read);
    return source->result != 0 ? source->result : size * count;
}

static void upload(struct fixture *it, struct source *source)
{
    sem_init(&source->read, 0, 0);
    curl_easy_setopt(it->easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(it->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)1 << 40);
    curl_easy_setopt(it->easy, CURLOPT_EXPECT_100_TIMEOUT_MS, 1L);
    curl_easy_setopt(it->easy, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(it->easy, CURLOPT_READDATA, source);
}

/* HC7.  Whoever does not read does not see the end of the stream, either. */
TEST(a_cancel_stops_an_upload_that_nobody_reads)
{
    struct fixture it;
    struct source source = {.result = 0};
    set(&it, "/deaf");
    upload(&it, &source);

    CURLcode result = perform_until(&source.read, 3, it.easy);

    CHECK(result == CURLE_ABORTED_BY_CALLBACK);
    clear(&it);
}

TEST(a_cancel_stops_an_upload_that_is_paused)
{
    struct fixture it;
    struct source source = {.result = CURL_READFUNC_PAUSE};
    set(&it, "/deaf");
    upload(&it, &source);

    CURLcode result = perform_until(&source.read, 1, it.easy);

    CHECK(result == CURLE_ABORTED_BY_CALLBACK);
    await(&it.web->left);
    clear(&it);
}

/* --- Receiving ----------------------------------------------------------- */

static size_t pause_body(char *data, size_t size, size_t count, void *sem)
{
    (void)data, (void)size, (void)count;
    sem_post(sem);
    return CURL_WRITEFUNC_PAUSE;
}

TEST(a_cancel_stops_a_download_that_is_paused)
{
    struct fixture it;
    sem_t paused;
    set(&it, "/body");
    sem_init(&paused, 0, 0);
    curl_easy_setopt(it.easy, CURLOPT_WRITEFUNCTION, pause_body);
    curl_easy_setopt(it.easy, CURLOPT_WRITEDATA, &paused);

    CURLcode result = perform_until(&paused, 1, it.easy);

    CHECK(result == CURLE_ABORTED_BY_CALLBACK);
    await(&it.web->left);
    clear(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cancel_stops_connecting),
        cmocka_unit_test(a_deadline_stops_connecting),
        cmocka_unit_test(what_ends_while_it_connects_sends_no_request),
        cmocka_unit_test(a_cancel_stops_an_upload_that_nobody_reads),
        cmocka_unit_test(a_cancel_stops_an_upload_that_is_paused),
        cmocka_unit_test(a_cancel_stops_a_download_that_is_paused),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
