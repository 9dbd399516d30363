/* SPDX-License-Identifier: MIT */
#ifndef TESTS_HTTP_H
#define TESTS_HTTP_H

/* A server with the adapter, clients that are plain sockets, and handlers that
   leave what they saw where the test finds it. */

#include "sockets.h"

#include <belay/mhd.h>

#include <stdlib.h>

enum {
    A_THREAD_EACH = MHD_USE_THREAD_PER_CONNECTION |
                    MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL,
    ONE_THREAD = MHD_USE_POLL_INTERNAL_THREAD,
    WITH_EPOLL = MHD_USE_EPOLL_INTERNAL_THREAD
};

static const unsigned ways_to_serve[] = {A_THREAD_EACH, ONE_THREAD, WITH_EPOLL};

/* --- Clients -------------------------------------------------------------- */

static inline uint16_t port_of(struct belay_mhd *server)
{
    return MHD_get_daemon_info(belay_mhd_daemon(server),
                               MHD_DAEMON_INFO_BIND_PORT)
        ->port;
}

static inline struct sockaddr_in address_of(struct belay_mhd *server)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons(port_of(server))};
}

static inline int dial(struct belay_mhd *server)
{
    const struct sockaddr_in address = address_of(server);
    return connect_to(&address);
}

static inline void say(int client, const char *text)
{
    CHECK(send(client, text, strlen(text), MSG_NOSIGNAL) ==
          (ssize_t)strlen(text));
}

static inline void ask(int client, const char *what)
{
    char head[200];
    snprintf(head, sizeof head, "%s HTTP/1.1\r\nHost: test\r\n\r\n", what);
    say(client, head);
}

/* Dials, and asks. */
static inline int request(struct belay_mhd *server, const char *what)
{
    int client = dial(server);
    ask(client, what);
    return client;
}

/* Reads one reply, whole.  Returns its status; 0: none came. */
static inline int reply_to(int client)
{
    char data[2000];
    size_t length = 0;
    const char *body = NULL;
    size_t expected = sizeof data - 1;
    while (length < expected) {
        ssize_t count =
            recv(client, data + length, sizeof data - 1 - length, 0);
        if (count <= 0)
            break;
        length += (size_t)count;
        data[length] = '\0';
        body = strstr(data, "\r\n\r\n");
        const char *size = strcasestr(data, "content-length: ");
        if (body != NULL && size != NULL)
            expected = (size_t)(body + 4 - data) + strtoul(size + 16, NULL, 10);
    }
    int status = 0;
    return length > 0 && sscanf(data, "HTTP/1.1 %d", &status) == 1 ? status : 0;
}

/* Nothing more comes from the server. */
static inline bool is_closed(int client)
{
    char data;
    return recv(client, &data, 1, 0) <= 0;
}

static inline void leave(int client)
{
    close(client);
}

static inline void reset(int client)
{
    struct linger at_once = {1, 0};
    CHECK(setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) ==
          0);
    close(client);
}

/* --- Handlers ------------------------------------------------------------- */

static inline enum MHD_Result answer(struct MHD_Connection *connection,
                                     unsigned status, const char *text)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

/* What a handler leaves. */
struct stage {
    sem_t entered; /* a handler is about to wait */
    sem_t ended;   /* its context has ended, and `code` and `text` are there */
    sem_t go_on;   /* for a handler that asks no context */
    sem_t done;    /* MHD is done with a request */
    int code;
    char text[100];
    belay_ctx *derived;       /* for the next derive() */
    const belay_ctx *seen[4]; /* contexts, with a reference */
    int calls;
};

static inline void set_stage(struct stage *stage)
{
    *stage = (struct stage){.code = 0};
    sem_init(&stage->entered, 0, 0);
    sem_init(&stage->ended, 0, 0);
    sem_init(&stage->go_on, 0, 0);
    sem_init(&stage->done, 0, 0);
}

static inline void note_end(const belay_ctx *ctx, struct stage *stage)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    stage->code = code_of(ctx);
    snprintf(stage->text, sizeof stage->text, "%s", belay_cause(ctx)->text);
    pthread_mutex_unlock(&lock);
    sem_post(&stage->ended);
}

static inline void await_end(const belay_ctx *ctx, struct stage *stage)
{
    sem_post(&stage->entered);
    belay_wait(ctx);
    note_end(ctx, stage);
}

/*
 * "/quick" is answered at once, "/later" when the test says so.  "/head" waits
 * for the end of its context before any of its body is read, anything else when
 * all of it has been.
 */
static inline enum MHD_Result serve(const belay_ctx *ctx, void *arg,
                                    struct MHD_Connection *connection,
                                    const char *url, const char *method,
                                    const char *version, const char *data,
                                    size_t *data_size, void **state)
{
    (void)method;
    (void)version;
    (void)data;
    struct stage *stage = arg;
    bool is_head = *state == NULL;
    *state = stage;
    if (is_head && strcmp(url, "/head") != 0)
        return MHD_YES;
    if (*data_size > 0) {
        *data_size = 0;
        return MHD_YES;
    }
    if (strcmp(url, "/quick") == 0)
        return answer(connection, 200, "done");
    if (strcmp(url, "/later") == 0) {
        sem_post(&stage->entered);
        await(&stage->go_on);
        return answer(connection, belay_err(ctx) == 0 ? 200 : 500, "later");
    }
    await_end(ctx, stage);
    return answer(connection, 503, "stopped");
}

static inline void note_completion(void *arg, struct MHD_Connection *connection,
                                   void **state,
                                   enum MHD_RequestTerminationCode how)
{
    (void)connection;
    (void)state;
    (void)how;
    sem_post(&((struct stage *)arg)->done);
}

/* --- Servers -------------------------------------------------------------- */

static inline struct belay_mhd_settings settings_for(struct stage *stage,
                                                     unsigned flags)
{
    return (struct belay_mhd_settings){.flags = flags,
                                       .handler = serve,
                                       .completed = note_completion,
                                       .arg = stage};
}

static inline struct belay_mhd *
start_server(const belay_ctx *parent, const struct belay_mhd_settings *settings)
{
    struct belay_mhd *server;
    CHECK(belay_mhd_start(parent, settings, &server) == 0);
    return server;
}

static inline struct belay_mhd *serve_with(struct stage *stage, unsigned flags)
{
    set_stage(stage);
    struct belay_mhd_settings settings = settings_for(stage, flags);
    return start_server(NULL, &settings);
}

static inline void stop_server(struct belay_mhd *server)
{
    CHECK(belay_mhd_stop(NULL, server) == 0);
}

#endif
