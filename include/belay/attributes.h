/* SPDX-License-Identifier: MIT */
#ifndef BELAY_ATTRIBUTES_H
#define BELAY_ATTRIBUTES_H

/* What the words in front of Belay's declarations mean to the compiler. */

/* Exported from the shared library, and callable from C++. */
#ifdef __cplusplus
#define BELAY_EXTERN extern "C"
#else
#define BELAY_EXTERN extern
#endif
#if defined(__GNUC__)
#define BELAY_API BELAY_EXTERN __attribute__((visibility("default")))
#else
#define BELAY_API BELAY_EXTERN
#endif

/* Ignoring the result is a bug. */
#if defined(__GNUC__)
#define BELAY_MUST_USE __attribute__((warn_unused_result))
#else
#define BELAY_MUST_USE
#endif

/*
 * The caller owns the result and gives it back, once, with `giver_back`.
 *
 * With BELAY_ANALYZE, gcc is told so, and its -fanalyzer finds contexts that
 * are never given back.  Not by default: it takes giving back for free(), and
 * warns of a context that is used afterwards by right of a belay_ref().
 */
#if defined(BELAY_ANALYZE) && defined(__GNUC__) && !defined(__clang__) && \
    __GNUC__ >= 11
#define BELAY_OWNED(giver_back) \
    BELAY_MUST_USE __attribute__((returns_nonnull, malloc(giver_back, 1)))
#elif defined(__GNUC__)
#define BELAY_OWNED(giver_back) BELAY_MUST_USE __attribute__((returns_nonnull))
#else
#define BELAY_OWNED(giver_back)
#endif

/* Arguments at these places, counted from 1, are never NULL. */
#if defined(__GNUC__)
#define BELAY_NONNULL(...) __attribute__((nonnull(__VA_ARGS__)))
#else
#define BELAY_NONNULL(...)
#endif

/* A printf(3) format and where its arguments begin. */
#if defined(__GNUC__)
#define BELAY_PRINTF(at, first) \
    __attribute__((__format__(__printf__, at, first)))
#else
#define BELAY_PRINTF(at, first)
#endif

/* Fills, or reads, the memory at this place, as long as that one says. */
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 10
#define BELAY_FILLS(at, size) __attribute__((access(write_only, at, size)))
#define BELAY_READS(at, size) __attribute__((access(read_only, at, size)))
#else
#define BELAY_FILLS(at, size)
#define BELAY_READS(at, size)
#endif

/* The place in the source, as "file.c:line": a literal, nothing at run time. */
#define BELAY__TEXT(x) #x
#define BELAY__LINE(x) BELAY__TEXT(x)
#if defined(__FILE_NAME__)
#define BELAY_HERE __FILE_NAME__ ":" BELAY__LINE(__LINE__)
#elif defined(__GNUC__)
#define BELAY_HERE \
    (__builtin_strrchr("/" __FILE__ ":" BELAY__LINE(__LINE__), '/') + 1)
#else
#define BELAY_HERE __FILE__ ":" BELAY__LINE(__LINE__)
#endif

#endif
