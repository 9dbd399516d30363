/* SPDX-License-Identifier: MIT */
#ifndef DEMO_LISTEN_H
#define DEMO_LISTEN_H

/*
 * Returns a socket that listens on the loopback, at *port or at the next free
 * one, which is then in *port; 0 is any.  Or a negative errno.
 */
int listen_near(int *port);

#endif
