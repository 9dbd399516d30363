/* SPDX-License-Identifier: MIT */
#ifndef BELAY_IO_H
#define BELAY_IO_H

/*
 * read(2), write(2) and their kin, each with a context in front: when it ends,
 * the call returns.
 *
 *     ssize_t count = belay_read(ctx, fd, buffer, sizeof buffer);
 *     if (count < 0)
 *         return (int)count;
 *
 * They wait whether the descriptor is a blocking one or not, and leave that as
 * it is: others may share it.  Sockets, pipes, FIFOs, terminals, event
 * descriptors and devices are all the same to them.
 *
 * Results are the system call's, but for a negative errno in place of -1.  An
 * ended context is refused before anything is done, with belay_err(ctx).  What
 * moved wins over what ended: a count is returned as soon as there is one, and
 * the next call reports the end.  So nothing is lost, and a negative result
 * says that nothing has moved.
 *
 * EINTR does not come out: a signal does not end a call, unless its handler
 * cancels.  pthread_cancel() is held off inside.
 *
 * Files on disks, block devices and directories wait for the disk and know no
 * end while they do; no system can take that back.  One call moves at most
 * 1 MiB there when it has to wait, so that the end is seen between two.
 *
 * What one has to know of blocking descriptors (O_NONBLOCK not set):
 *
 * - A listening socket, a device, and a terminal or FIFO that this process may
 *   not open: any number of threads may wait for one of these with Belay.  But
 *   if someone else (another process, a duplicate of the descriptor, a plain
 *   read() or accept()) takes, in the wrong moment, what poll(2) has just
 *   announced, then the call waits for the next of it, and does not see the
 *   end before.  Set O_NONBLOCK on what is shared so.  On Linux before 6.5,
 *   pipes are as FIFOs.
 * - Much written at once to the master of a terminal, or more than there is
 *   room for to an event descriptor, waits as it does in write(2).
 *
 * Any thread may call any of this at any time, also several on one descriptor.
 * None is for signal handlers.  Closing a descriptor that another thread waits
 * for is the mistake that it is everywhere.
 */

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <belay/belay.h>

/* --- Reading and writing ------------------------------------------------- */

/* As read(2): a count, 0 at the end of what there is, or a negative errno. */
BELAY_API BELAY_FILLS(3, 4)
ssize_t belay_read(const belay_ctx *ctx, int fd, void *buffer, size_t size);

/* As readv(2). */
BELAY_API BELAY_READS(3, 4)
ssize_t belay_readv(const belay_ctx *ctx, int fd, const struct iovec *vectors,
                    int count);

/*
 * As write(2): a count, which may be less than `size`, or a negative errno.
 *
 * A socket whose peer is gone gives -EPIPE and no signal.  A pipe without a
 * reader raises SIGPIPE first, as in write(2): ignore that signal.
 */
BELAY_API BELAY_READS(3, 4)
ssize_t belay_write(const belay_ctx *ctx, int fd, const void *bytes,
                    size_t size);

/* As writev(2); the signal as with belay_write(). */
BELAY_API BELAY_READS(3, 4)
ssize_t belay_writev(const belay_ctx *ctx, int fd, const struct iovec *vectors,
                     int count);

/*
 * Reads until the buffer is full: 0, or a negative errno, -ENODATA if what
 * there is ends before that.  *ret_moved (may be NULL) is how much was read,
 * also when it is not all.
 */
BELAY_API BELAY_FILLS(3, 4)
int belay_read_full(const belay_ctx *ctx, int fd, void *buffer, size_t size,
                    size_t *ret_moved);

/*
 * Writes all bytes: 0, or a negative errno.  *ret_moved (may be NULL) is how
 * many were written, also when it is not all.
 */
BELAY_API BELAY_READS(3, 4)
int belay_write_full(const belay_ctx *ctx, int fd, const void *bytes,
                     size_t size, size_t *ret_moved);

/* --- Messages ------------------------------------------------------------ */

/*
 * As recv(2) and recvmsg(2).  With MSG_DONTWAIT or MSG_ERRQUEUE they do not
 * wait, and give -EAGAIN.  MSG_WAITALL is -EINVAL: what has come is returned;
 * belay_read_full() waits for all.
 */
BELAY_API BELAY_FILLS(3, 4)
ssize_t belay_recv(const belay_ctx *ctx, int fd, void *buffer, size_t size,
                   int flags);
BELAY_API BELAY_NONNULL(3)
ssize_t belay_recvmsg(const belay_ctx *ctx, int fd, struct msghdr *message,
                      int flags);

/*
 * As send(2) and sendmsg(2), always with MSG_NOSIGNAL.  With MSG_DONTWAIT they
 * do not wait, and give -EAGAIN.
 */
BELAY_API BELAY_READS(3, 4)
ssize_t belay_send(const belay_ctx *ctx, int fd, const void *bytes, size_t size,
                   int flags);
BELAY_API BELAY_NONNULL(3)
ssize_t belay_sendmsg(const belay_ctx *ctx, int fd,
                      const struct msghdr *message, int flags);

/* --- Connections --------------------------------------------------------- */

/*
 * As accept4(2): a new descriptor, yours to close, or a negative errno.  A
 * connection that is given up while it waits (ECONNABORTED) is passed over.
 */
BELAY_API
int belay_accept(const belay_ctx *ctx, int listener, struct sockaddr *address,
                 socklen_t *length, int flags);

/*
 * As connect(2), but that it also takes up a connection that is on its way: 0,
 * or a negative errno.  After a negative one the socket is for close().
 *
 * A blocking stream socket is non-blocking for the moment in which the
 * connection is begun (connect(2) takes no flags), and as before for the wait.
 * Who shares it can do nothing else with it until it is connected.
 */
BELAY_API BELAY_NONNULL(3)
int belay_connect(const belay_ctx *ctx, int fd, const struct sockaddr *address,
                  socklen_t length);

#endif
