/* SPDX-License-Identifier: MIT */

/*
 * The forms: "Timeout" in gRPC's PROTOCOL-HTTP2.md, at most eight digits and a
 * unit; Envoy's router, milliseconds; and milliseconds alone.
 */

#include <belay/hop.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { GRPC_DIGITS = 8, GRPC_LIMIT = 100000000 };

static const struct unit {
    belay_duration length;
    char letter;
} units[] = {
    {BELAY_NANOSECOND, 'n'}, {BELAY_MICROSECOND, 'u'}, {BELAY_MILLISECOND, 'm'},
    {BELAY_SECOND, 'S'},     {BELAY_MINUTE, 'M'},      {BELAY_HOUR, 'H'},
};

const char *belay_hop_header(enum belay_hop hop)
{
    switch (hop) {
    case BELAY_HOP_GRPC:
        return "grpc-timeout";
    case BELAY_HOP_ENVOY:
        return "x-envoy-expected-rq-timeout-ms";
    case BELAY_HOP_PLAIN:
        break;
    }
    return "timeout-ms";
}

/* --- Writing ------------------------------------------------------------- */

/* The finest unit of which eight digits are enough; hours always are. */
static const struct unit *unit_for(belay_duration left)
{
    const struct unit *unit = units;
    while (left / unit->length >= GRPC_LIMIT)
        ++unit;
    return unit;
}

int belay_hop_format(enum belay_hop hop, belay_duration left, char *buffer,
                     size_t size)
{
    if (left <= 0)
        return BELAY_DEADLINE_EXCEEDED;
    if (left == BELAY_FOREVER)
        return snprintf(buffer, size, "%s", "");
    if (hop == BELAY_HOP_GRPC) {
        const struct unit *unit = unit_for(left);
        return snprintf(buffer, size, "%" PRId64 "%c", left / unit->length,
                        unit->letter);
    }
    belay_duration whole = left / BELAY_MILLISECOND;
    return snprintf(buffer, size, "%" PRId64, whole > 0 ? whole : 1);
}

/* --- Reading ------------------------------------------------------------- */

static const struct unit *unit_of(char letter)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; ++i)
        if (units[i].letter == letter)
            return &units[i];
    return NULL;
}

static belay_duration times(belay_duration count, belay_duration length)
{
    return count > BELAY_FOREVER / length ? BELAY_FOREVER : count * length;
}

/* Digits, as many as there are; too many are for ever. */
static belay_duration read_count(const char *text, size_t digits)
{
    belay_duration count = 0;
    for (size_t i = 0; i < digits; ++i) {
        int digit = text[i] - '0';
        if (count > (BELAY_FOREVER - digit) / 10)
            return BELAY_FOREVER;
        count = count * 10 + digit;
    }
    return count;
}

int belay_hop_parse(enum belay_hop hop, const char *text,
                    belay_duration *ret_left)
{
    size_t digits = strspn(text, "0123456789");
    const char *rest = text + digits;
    const struct unit *unit = unit_of('m');
    if (hop == BELAY_HOP_GRPC) {
        unit = digits <= GRPC_DIGITS ? unit_of(*rest) : NULL;
        rest += *rest != '\0';
    }
    if (digits == 0 || unit == NULL || *rest != '\0')
        return -EINVAL;

    *ret_left = times(read_count(text, digits), unit->length);
    return 0;
}

/* --- Deriving ------------------------------------------------------------ */

belay_ctx *belay_with_hop_at(const belay_ctx *parent, enum belay_hop hop,
                             const char *text, const char *where)
{
    const char *header = belay_hop_header(hop);
    belay_duration left = BELAY_FOREVER;
    int err = text != NULL ? belay_hop_parse(hop, text, &left) : 0;
    belay_ctx *ctx =
        belay_with_timeout_cause_at(parent, left, 0, header, where);
    if (err != 0)
        belay_cancel_cause_at(ctx, where, err, "%s is no duration", header);
    return ctx;
}

belay_ctx *(belay_with_hop)(const belay_ctx *parent, enum belay_hop hop,
                            const char *text)
{
    return belay_with_hop_at(parent, hop, text, "?");
}
