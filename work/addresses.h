/* SPDX-License-Identifier: MIT */
#ifndef WORK_ADDRESSES_H
#define WORK_ADDRESSES_H

struct addrinfo;

/* A copy in one block, for free(): 0, -ENOMEM. */
int belay__copy_addresses(const struct addrinfo *list,
                          struct addrinfo **ret_list);

/* getaddrinfo(3) itself: 0 or a negative errno; errno is left alone. */
int belay__look_up(const char *host, const char *service,
                   const struct addrinfo *hints, struct addrinfo **ret_list);

#endif
