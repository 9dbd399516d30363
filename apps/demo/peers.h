/* SPDX-License-Identifier: MIT */
#ifndef DEMO_PEERS_H
#define DEMO_PEERS_H

/*
 * Tells when the client of a connection goes away, while its handler works.
 *
 * One thread asks epoll for the hang-ups of all connections.  Nothing is read:
 * what the client has sent remains with the HTTP library.  A client that only
 * closes its sending side looks the same, and counts as gone.
 */

#include <stdint.h>

struct peers;

/* NULL: no descriptor, no memory, no thread. */
struct peers *peers_start(void);
void peers_stop(struct peers *peers);

/*
 * Arranges for gone(arg) to be called, once, on the watching thread.  Returns
 * what peers_unwatch() wants to have, or a negative errno.
 */
int64_t peers_watch(struct peers *peers, int fd, void (*gone)(void *arg),
                    void *arg);

/* Waits for a call in progress; afterwards the descriptor may be closed. */
void peers_unwatch(struct peers *peers, int64_t handle);

#endif
