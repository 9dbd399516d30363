/* SPDX-License-Identifier: MIT */

/*
 * s15: a read of what is there already, from a pipe and from a socket.  The
 * peer says what a read is:
 *
 *     read_byte(fd, buffer)       a byte from any descriptor
 *     receive_byte(fd, buffer)    from a socket
 */

#include <sys/socket.h>

typedef long read_fn(int fd, char *buffer);

enum { READ_AT_ONCE = 16000 }; /* what a pipe and a socket hold for sure */

__attribute__((always_inline)) static inline void
time_reads(const char *key, read_fn *read_one, const int fds[2], size_t n)
{
    char *bytes = (char *)touched(READ_AT_ONCE, 1);
    struct lap lap = {0, 0};
    size_t done = 0;
    while (done < n) {
        if (write(fds[1], bytes, READ_AT_ONCE) != READ_AT_ONCE)
            abort();
        lap_begin(&lap);
        for (int i = 0; i < READ_AT_ONCE; ++i)
            if (read_one(fds[0], bytes) != 1)
                abort();
        lap_end(&lap);
        done += READ_AT_ONCE;
    }
    report_lap(key, &lap, done);
    free(bytes);
}

static void ask_read(size_t n)
{
    int ends[2];
    int sockets[2];
    if (pipe(ends) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0)
        abort();
    int from_socket[2] = {sockets[0], sockets[1]};
    time_reads("s15.read.pipe", read_byte, ends, unless_quick(n));
    time_reads("s15.read.socket", read_byte, from_socket, unless_quick(n));
    time_reads("s15.recv.socket", receive_byte, from_socket, unless_quick(n));
}
