/* SPDX-License-Identifier: MIT */
#ifndef TESTS_WEB_H
#define TESTS_WEB_H

#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

/*
 * A web server that behaves as badly as its path says, on 127.0.0.1:
 *
 *     /silent   never answers
 *     /head     stops in the middle of the header
 *     /body     stops in the middle of the body
 *     /half     as /body, and says that nothing will follow
 *     /reset    as /body, and resets the connection
 *     /flood    has a body without end
 *     /deaf     reads no body
 *     /away     redirects to /silent
 *     /gate     answers when the test posts `gate`
 *     anything else is answered with "ok" at once
 */
struct web {
    char url[64]; /* without a path */
    sem_t asked;  /* once for each request, when its header has been read */
    sem_t left;   /* once for each client that left without a whole answer */
    sem_t gate;
    atomic_int connections;
    char request[2048]; /* the last one's header; read it after `asked` */
    int listener;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct visit *visits; /* under the mutex */
};

struct visit {
    struct web *web;
    int fd;
    struct visit *next;
};

static inline void web_send(int fd, const char *text)
{
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* Reads a header, byte by byte: what follows it stays where it is. */
static inline bool web_read(struct web *web, int fd)
{
    char text[sizeof web->request];
    size_t length = 0;
    text[0] = '\0';
    while (strstr(text, "\r\n\r\n") == NULL) {
        if (length + 1 == sizeof text || recv(fd, text + length, 1, 0) != 1)
            return false;
        text[++length] = '\0';
    }
    pthread_mutex_lock(&web->mutex);
    memcpy(web->request, text, length + 1);
    pthread_mutex_unlock(&web->mutex);
    return true;
}

static inline void web_await_leave(struct web *web, int fd)
{
    struct pollfd client = {fd, POLLRDHUP, 0};
    while (poll(&client, 1, -1) != 1)
        continue;
    sem_post(&web->left);
}

static inline void web_flood(struct web *web, int fd)
{
    static const char some[4096] = {0};
    while (send(fd, some, sizeof some, MSG_NOSIGNAL) > 0)
        continue;
    sem_post(&web->left);
}

static inline void web_reset(int fd)
{
    struct linger none = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

/* Answers; false if this was the last on its connection. */
static inline bool web_answer(struct web *web, int fd, const char *path)
{
#define IS(what) (strncmp(path, what " ", sizeof what) == 0)
    if (IS("/away")) {
        web_send(fd, "HTTP/1.1 302 Found\r\nLocation: /silent\r\n"
                     "Content-Length: 0\r\n\r\n");
        return true;
    }
    if (IS("/gate"))
        await(&web->gate);
    if (IS("/head"))
        web_send(fd, "HTTP/1.1 200 OK\r\nX-Slow");
    if (IS("/body") || IS("/half") || IS("/reset"))
        web_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok");
    if (IS("/flood"))
        web_send(fd, "HTTP/1.1 200 OK\r\n\r\n");
    if (IS("/half"))
        shutdown(fd, SHUT_WR);
    if (IS("/reset"))
        web_reset(fd);
    else if (IS("/flood"))
        web_flood(web, fd);
    else if (IS("/silent") || IS("/head") || IS("/body") || IS("/half") ||
             IS("/deaf"))
        web_await_leave(web, fd);
    else {
        web_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        return true;
    }
    return false;
#undef IS
}

static inline void web_forget(struct visit *visit)
{
    struct web *web = visit->web;
    pthread_mutex_lock(&web->mutex);
    struct visit **link = &web->visits;
    while (*link != visit)
        link = &(*link)->next;
    *link = visit->next;
    close(visit->fd);
    pthread_cond_broadcast(&web->changed);
    pthread_mutex_unlock(&web->mutex);
    free(visit);
}

static inline void *web_serve(void *arg)
{
    struct visit *visit = arg;
    struct web *web = visit->web;
    while (web_read(web, visit->fd)) {
        char path[64] = "";
        pthread_mutex_lock(&web->mutex);
        sscanf(web->request, "%*s %62[^ ]", path);
        pthread_mutex_unlock(&web->mutex);
        strcat(path, " ");
        sem_post(&web->asked);
        if (!web_answer(web, visit->fd, path))
            break;
    }
    web_forget(visit);
    return NULL;
}

static inline void *web_accept(void *arg)
{
    struct web *web = arg;
    for (;;) {
        int fd = accept4(web->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0 && errno == EMFILE) /* for as long as the test wants it */
            continue;
        if (fd < 0)
            return NULL;
        struct visit *visit = calloc(1, sizeof *visit);
        pthread_t thread;
        pthread_mutex_lock(&web->mutex);
        *visit = (struct visit){web, fd, web->visits};
        web->visits = visit;
        pthread_mutex_unlock(&web->mutex);
        atomic_fetch_add(&web->connections, 1);
        if (pthread_create(&thread, NULL, web_serve, visit) != 0)
            abort();
        pthread_detach(thread);
    }
}

/* A socket that listens on a port of its own, which goes into url. */
static inline int listen_somewhere(int backlog, char *url, size_t size)
{
    struct sockaddr_in name = {.sin_family = AF_INET};
    socklen_t length = sizeof name;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(fd, (struct sockaddr *)&name, length) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&name, &length) == 0);
    CHECK(backlog < 0 || listen(fd, backlog) == 0);
    snprintf(url, size, "http://127.0.0.1:%d", ntohs(name.sin_port));
    return fd;
}

static inline struct web *web_open(void)
{
    struct web *web = calloc(1, sizeof *web);
    web->listener = listen_somewhere(128, web->url, sizeof web->url);
    sem_init(&web->asked, 0, 0);
    sem_init(&web->left, 0, 0);
    sem_init(&web->gate, 0, 0);
    pthread_mutex_init(&web->mutex, NULL);
    pthread_cond_init(&web->changed, NULL);
    web->thread = start(web_accept, web);
    return web;
}

static inline void web_close(struct web *web)
{
    shutdown(web->listener, SHUT_RDWR);
    join(web->thread);
    pthread_mutex_lock(&web->mutex);
    for (struct visit *visit = web->visits; visit; visit = visit->next)
        shutdown(visit->fd, SHUT_RDWR);
    while (web->visits != NULL)
        pthread_cond_wait(&web->changed, &web->mutex);
    pthread_mutex_unlock(&web->mutex);
    close(web->listener);
    free(web);
}

#endif
