# SPDX-License-Identifier: MIT
#
# From lines "key peer unit value", sorted by key, peer and value, one line for
# each key and peer: "key peer unit median minimum maximum".

BEGIN { FS = OFS = "\t" }

function flush() {
    if (n > 0) {
        middle = n % 2 ? value[(n + 1) / 2] \
                       : (value[n / 2] + value[n / 2 + 1]) / 2
        print key, peer, unit, middle, value[1], value[n]
    } else if (died) {
        print key, peer, "-", "died", "died", "died"
    }
    n = died = 0
}

$1 != key || $2 != peer {
    flush()
    key = $1
    peer = $2
}
$4 == "died" { died = 1; next }
{ unit = $3; value[++n] = $4 }
END { flush() }
