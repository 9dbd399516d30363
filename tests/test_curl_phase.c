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

/* The end and the connection are there at once: the request does not follow. */
TEST(what_ends_while_it_connects_sends_no_request)
{
    struct fixture it;
    set(&it, "/");
    CHECK(belay_curl_perform(NULL, it.easy) == CURLE_OK);
    await(&it.web->asked);
    belay_curl_close_idle();
    cancel_when.ctx = it.ctx;
    cancel_when.easy = it.easy;
    cancel_when.is_sent = false;

    CHECK(belay_curl_perform(it.ctx, it.easy) == CURLE_ABORTED_BY_CALLBACK);

    long sent;
    curl_easy_getinfo(it.easy, CURLINFO_REQUEST_SIZE, &sent);
    CHECK(sent == 0 && !has_come(&it.web->asked));
    memset(&cancel_when, 0, sizeof cancel_when);
    clear(&it);
}

/* HC05, HC7: the end and the response are there at once: what was done wins. */
TEST(a_response_that_has_come_wins_over_a_cancel)
{
    struct fixture it;
    set(&it, "/gate");
    cancel_when.ctx = it.ctx;
    cancel_when.easy = it.easy;
    cancel_when.is_sent = true;
    cancel_when.go = &it.web->gate;

    CHECK(belay_curl_perform(it.ctx, it.easy) == CURLE_OK);

    CHECK(belay_err(it.ctx) == BELAY_CANCELED);
    CHECK(strcmp(it.body.text, "ok") == 0);
    memset(&cancel_when, 0, sizeof cancel_when);
    clear(&it);
}

/* HC6: with a server, or a proxy, that accepts and is silent. */
TEST(a_deadline_stops_each_handshake)
{
    static const char *const kinds[] = {"https", "http", "socks5"};
    for (size_t i = 0; i < LENGTH(kinds); ++i) {
        struct fixture it;
        char url[64];
        char peer[64];
        int fd = listen_somewhere(8, url, sizeof url);
        snprintf(peer, sizeof peer, "%s%s", kinds[i], strchr(url, ':'));
        set(&it, "/");
        curl_easy_setopt(it.easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
        curl_easy_setopt(it.easy, i == 0 ? CURLOPT_URL : CURLOPT_PROXY, peer);
        belay_ctx *late = belay_with_timeout(it.ctx, 5 * BELAY_MILLISECOND);

        CHECK(belay_curl_perform(late, it.easy) == CURLE_ABORTED_BY_CALLBACK);

        CHECK(belay_err(late) == BELAY_DEADLINE_EXCEEDED);
        belay_end(late);
        clear(&it);
        close(fd);
    }
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
        cmocka_unit_test(a_response_that_has_come_wins_over_a_cancel),
        cmocka_unit_test(a_deadline_stops_each_handshake),
        cmocka_unit_test(a_cancel_stops_an_upload_that_nobody_reads),
        cmocka_unit_test(a_cancel_stops_an_upload_that_is_paused),
        cmocka_unit_test(a_cancel_stops_a_download_that_is_paused),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
