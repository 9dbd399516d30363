/* SPDX-License-Identifier: MIT */

/*
 * h1: transfers from a server on this machine, a process of its own.
 *
 * h1.get: one after the other on a kept connection, wall and CPU time.
 * h1.cancel: from the cancel until the transfer that waits for its answer has
 * returned.
 */

#include <curl/curl.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>

struct client {
    void (*set)(CURL *easy); /* before each transfer */
    CURLcode (*perform)(CURL *easy);
    void (*cancel)(void); /* from another thread */
    void (*clear)(void);  /* after each transfer */
};

/* --- The server: answers at once, or, for HEAD, never ------------------- */

static inline void answer_visitor(int fd)
{
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    char request[1024];
    ssize_t got;
    while ((got = recv(fd, request, sizeof request, 0)) > 0)
        if (request[0] == 'G' && send(fd, ok, sizeof ok - 1, MSG_NOSIGNAL) < 0)
            break;
    close(fd);
}

static inline void *serve_visitor(void *fd)
{
    answer_visitor((int)(intptr_t)fd);
    return NULL;
}

static inline void serve(int listener)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        pthread_t thread;
        intptr_t fd = accept(listener, NULL, NULL);
        if (pthread_create(&thread, NULL, serve_visitor, (void *)fd) == 0)
            pthread_detach(thread);
    }
}

/* Returns a handle for that server's page. */
static inline CURL *visit(void)
{
    struct sockaddr_in name;
    socklen_t length = sizeof name;
    memset(&name, 0, sizeof name);
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&name, length) != 0 ||
        getsockname(listener, (struct sockaddr *)&name, &length) != 0 ||
        listen(listener, 16) != 0)
        abort();
    if (fork() == 0)
        serve(listener);
    close(listener);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(name.sin_port));
    CURL *easy = (CURL *)need(curl_easy_init());
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    return easy;
}

/* --- Getting ------------------------------------------------------------- */

static inline size_t drop(char *data, size_t size, size_t count, void *arg)
{
    (void)data, (void)arg;
    return size * count;
}

static inline void perform_one(const struct client *client, CURL *easy)
{
    client->set(easy);
    if (client->perform(easy) != CURLE_OK)
        abort();
    client->clear();
}

static inline void ask_get_of(const struct client *client, size_t n)
{
    size_t tries = unless_quick(n);
    int64_t *took = (int64_t *)touched(tries, sizeof *took);
    struct lap lap = {0, 0};
    CURL *easy = visit();
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
    perform_one(client, easy);
    for (size_t i = 0; i < tries; ++i) {
        int64_t begin = wall_ns();
        lap_begin(&lap);
        perform_one(client, easy);
        lap_end(&lap);
        took[i] = wall_ns() - begin;
    }
    report_spread("h1.get", "us", took, tries, 1e3);
    report("h1.get.cpu", "us", (double)lap.total / (double)tries / 1e3);
    curl_easy_cleanup(easy);
    free(took);
}

/* --- Canceling ----------------------------------------------------------- */

struct canceling {
    const struct client *client;
    size_t tries;
    sem_t go;
    int64_t began;
};

static inline void *cancel_each(void *arg)
{
    struct canceling *canceling = (struct canceling *)arg;
    for (size_t i = 0; i < canceling->tries; ++i) {
        while (sem_wait(&canceling->go) != 0)
            ;
        sleep_for(5000000); /* surely waiting by then */
        canceling->began = wall_ns();
        canceling->client->cancel();
    }
    return NULL;
}

static inline void ask_cancel_of(const struct client *client, size_t n)
{
    struct canceling canceling;
    memset(&canceling, 0, sizeof canceling);
    canceling.client = client;
    canceling.tries = unless_quick(n);
    sem_init(&canceling.go, 0, 0);
    int64_t *took = (int64_t *)touched(canceling.tries, sizeof *took);
    CURL *easy = visit();
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    pthread_t thread;
    pthread_create(&thread, NULL, cancel_each, &canceling);
    for (size_t i = 0; i < canceling.tries; ++i) {
        client->set(easy);
        sem_post(&canceling.go);
        if (client->perform(easy) != CURLE_ABORTED_BY_CALLBACK)
            abort();
        took[i] = wall_ns() - canceling.began;
        client->clear();
    }
    pthread_join(thread, NULL);
    report_spread("h1.cancel", "us", took, canceling.tries, 1e3);
    curl_easy_cleanup(easy);
    free(took);
}
