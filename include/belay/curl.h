/* SPDX-License-Identifier: MIT */
#ifndef BELAY_CURL_H
#define BELAY_CURL_H

/*
 * libcurl's transfers, each with a context in front: stopped at once, in
 * whatever phase, when it ends, and the peer sees the connection close.
 *
 *     CURLcode result = belay_curl_perform(ctx, easy);
 *     if (result == CURLE_ABORTED_BY_CALLBACK && belay_err(ctx) != 0)
 *         return belay_err(ctx);
 *
 * CURLE_ABORTED_BY_CALLBACK is for every end of a context, its deadline too:
 * CURLE_OPERATION_TIMEDOUT stays libcurl's word for its own timeouts, which
 * hold as they are set.  A transfer that is over says how it went, whatever has
 * become of the context.
 *
 * Threads: as for the handle, which serves one transfer at a time.  Contexts
 * may be ended from anywhere, from inside a callback too.  pthread_cancel() is
 * held off.  A NULL context never ends.
 *
 * A handle can be used again afterwards, with another context.  Nothing is set
 * on it for a transfer; one that was stopped leaves CURLOPT_FORBID_REUSE and
 * CURLOPT_QUICK_EXIT at their defaults, 0: libcurl cannot say what they were.
 */

#include <belay/belay.h>
#include <belay/hop.h>

#include <curl/curl.h>

/*
 * As curl_easy_perform().  An ended context starts nothing.
 *
 * Connections stay open for the next call on the same thread, with this handle
 * or any other, until the thread ends.  Those of curl_easy_perform() are not
 * shared with it.  Not for CURLOPT_CONNECT_ONLY: the connection is closed.
 */
BELAY_API CURLcode belay_curl_perform(const belay_ctx *ctx, CURL *easy);

/*
 * Closes the connections that this thread keeps for belay_curl_perform().  To
 * be called before curl_global_cleanup(); when a thread ends, it is.
 */
BELAY_API void belay_curl_close_idle(void);

/*
 * Sets in *list, for CURLOPT_HTTPHEADER, the line that tells how much time ctx
 * has left now: an earlier line of that name is exchanged, or else one is
 * appended; without a deadline, it is taken out.
 *
 * 0, -ENOMEM, or belay_err(ctx); after an error *list is as it was.  The list
 * stays the caller's, for curl_slist_free_all().  To be called again for each
 * transfer: the line says what was true at the time.
 */
BELAY_API BELAY_NONNULL(3)
int belay_curl_headers(const belay_ctx *ctx, enum belay_hop hop,
                       struct curl_slist **list);

/* --- Many at a time ------------------------------------------------------ */

/*
 * Transfers that run side by side, each until its own context ends, on
 * whichever thread waits for them: one thread at a time.  Each has a connection
 * to itself while it runs.
 */
struct belay_curl_multi;

/*
 * Gives multi back, and stops what is in it.  NULL is fine.  Not from inside a
 * callback of libcurl.
 */
BELAY_API void belay_curl_multi_free(struct belay_curl_multi *multi);

/* Returns NULL if there is no memory, or no descriptor.  The caller's. */
BELAY_API BELAY_MUST_USE struct belay_curl_multi *belay_curl_multi_new(void);

/*
 * Adds a transfer, which begins with the next wait.  ctx must be held until
 * the transfer has been returned by that, or multi is freed.
 *
 * 0, belay_err(ctx), -ENOMEM, -EBUSY (easy is in use), -EDEADLK (from inside a
 * callback of libcurl), -EINVAL (easy is NULL).
 */
BELAY_API BELAY_MUST_USE BELAY_NONNULL(2)
int belay_curl_multi_add(const belay_ctx *ctx, struct belay_curl_multi *multi,
                         CURL *easy);

/*
 * Waits until a transfer is over.  Returns 1, and tells which and with what
 * result: it is no longer in multi.  Returns 0 if there is none in multi.
 *
 * belay_err(ctx) if ctx has ended, which is the waiting's own: the transfers
 * go on with the next wait.  -ENOMEM, -EDEADLK (from inside a callback of
 * libcurl).  Then, as for 0, nothing is told.
 */
BELAY_API BELAY_MUST_USE BELAY_NONNULL(2, 3, 4)
int belay_curl_multi_wait(const belay_ctx *ctx, struct belay_curl_multi *multi,
                          CURL **ret_easy, CURLcode *ret_result);

#endif
