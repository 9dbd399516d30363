module belay/differential

go 1.25
