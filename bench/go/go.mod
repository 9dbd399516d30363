module belay/bench

go 1.23
