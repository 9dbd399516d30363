# SPDX-License-Identifier: MIT
#
# gnuplot -e "data='...'; picture='...'" bench.gnuplot
#
# No background, and greys that can be read on a light one and on a dark one.

set terminal svg size 1100,480 dynamic font "sans-serif,13"
set output picture
set datafile separator "\t"
set datafile missing "?"

grey = "#808080"
set border 3 linecolor rgb grey
set tics textcolor rgb grey nomirror
set key outside top center horizontal textcolor rgb grey
set bmargin 4
set grid ytics linecolor rgb grey linewidth 0.4
set ylabel "nanoseconds per operation" textcolor rgb grey
set logscale y
set yrange [1:4000]
set xrange [-0.6:10.6]
set xtics scale 0
set style fill solid 0.9 noborder
set errorbars 0

peers = 7
width = 0.84 / peers
left(i) = -0.42 + (i + 0.5) * width
names = "Belay P2300-restated C++20 nsync GLib tokio-util Go"
colours = "#e8590c #4c6ef5 #15aabf #9c36b5 #a9a9a9 #c2a000 #2f9e44"

plot for [i = 0:peers - 1] data \
        using ($0 + left(i)):(column(i + 3)):(width) with boxes \
        linecolor rgb word(colours, i + 1) title word(names, i + 1), \
    data using 0:2:(0.45) with xerrorbars pointtype 0 \
        linewidth 3 linecolor rgb grey title "raw limit", \
    data using 0:(NaN):xtic(1) with points notitle
