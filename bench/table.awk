# SPDX-License-Identifier: MIT
#
# Writes table.md from, in this order: a line that describes the machine,
# "peer version" lines, the summary, and the goals.

BEGIN {
    FS = "\t"
    columns = split("belay raw inplace c++20 nsync glib tokio go", peers, " ")
}

FNR == 1 { ++file }
file == 1 { machine = $0 }
file == 2 { version[$1] = $2 }
file == 3 {
    if (!($1 in unit))
        keys[++count] = $1
    unit[$1] = $3
    median[$1, $2] = $4
    spread[$1, $2] = "(" figure($5) "-" figure($6) ")"
    if ($4 == "died")
        spread[$1, $2] = ""
}
file == 4 && !/^#/ { goals[++goal_count] = $0 }

# Three digits that count, without exponents.
function figure(x) {
    if (x == "died" || x == "")
        return x
    if (x >= 99.5)
        return sprintf("%.0f", x)
    if (x >= 9.95)
        return sprintf("%.1f", x)
    return sprintf("%.2f", x)
}

function goal_row(key, peer, peer_key, limit,    ours, theirs, ratio, met) {
    ours = median[key, "belay"]
    theirs = peer == "-" ? "" : median[peer_key, peer]
    ratio = ""
    if (ours == "" || ours == "died") {
        met = "no figure"
    } else if (limit == "any") {
        met = "yes"
    } else if (peer == "-") {
        met = ours + 0 <= limit + 0 ? "yes" : "**no**"
    } else if (theirs == "" || theirs == "died") {
        met = "peer " (theirs == "" ? "missing" : theirs)
    } else {
        ratio = theirs > 0 ? ours / theirs : 0
        met = ratio <= limit + 0 ? "yes" : "**no**"
    }
    ++tally[met]
    against = peer == "-" ? "" : peer
    if (peer_key != key && peer_key != "-")
        against = against " " peer_key
    printf "| %s | %s %s | %s | %s | %s | %s | %s |\n", key, figure(ours),
        unit[key], against, figure(theirs),
        ratio == "" ? "" : sprintf("%.3f", ratio),
        (limit == "any" ? "a figure" : "<= " limit), met
}

function figures_row(key,    i, row) {
    row = "| " key " | " unit[key]
    for (i = 1; i <= columns; ++i)
        row = row " | " figure(median[key, peers[i]]) " " \
            spread[key, peers[i]]
    print row " |"
}

END {
    print "# Measured\n"
    print "Written by `bench/run`; what each key means: `bench/README.md`."
    print "Medians, with the least and the greatest in brackets.\n"
    print machine "\n"
    for (i = 1; i <= columns; ++i)
        print "- " peers[i] ": " version[peers[i]]

    print "\n## Goals\n"
    print "| key | ours | against | theirs | ours / theirs | goal | met |"
    print "| --- | --- | --- | --- | --- | --- | --- |"
    for (i = 1; i <= goal_count; ++i) {
        split(goals[i], goal, "\t")
        goal_row(goal[1], goal[2], goal[3], goal[4])
    }
    print ""
    for (met in tally)
        printf "- %s: %d\n", met, tally[met]

    print "\n## All figures\n"
    row = "| key | unit"
    line = "| --- | ---"
    for (i = 1; i <= columns; ++i) {
        row = row " | " peers[i]
        line = line " | ---"
    }
    print row " |\n" line " |"
    for (i = 1; i <= count; ++i)
        figures_row(keys[i])
}
