# SPDX-License-Identifier: MIT
#
# From the summary, what the picture shows: a line for each key, a column for
# each peer, "?" where it has nothing.

BEGIN {
    FS = OFS = "\t"
    columns = split("raw belay inplace c++20 nsync glib tokio go", peers, " ")
    show("s1.child", "child")
    show("s2.timeout_child", "with a\\ntimeout")
    show("s4.fan.100000.cancel", "cancel\\n100,000:\\neach")
    show("s4.fan.100000.total", "make,\\ncancel,\\nfree: each")
    show("s5.chain.100000.cancel", "cancel\\na chain:\\neach")
    show("s6.callback", "callback")
    show("s6.after", "after-\\nfunction")
    show("s7.value.d100", "value,\\n100 deep")
    show("s10.arm_1M", "arm\\namong\\n1,000,000")
    show("s10.cancel_1M", "end\\namong\\n1,000,000")
    show("s11.contended", "child,\\ntwo\\nthreads")
}

function show(key, name) {
    keys[++wanted] = key
    names[wanted] = name
}

$4 != "died" { median[$1, $2] = $4 }

END {
    for (i = 1; i <= wanted; ++i) {
        row = "\"" names[i] "\""
        for (j = 1; j <= columns; ++j) {
            value = median[keys[i], peers[j]]
            row = row OFS (value == "" ? "?" : value)
        }
        print row
    }
}
