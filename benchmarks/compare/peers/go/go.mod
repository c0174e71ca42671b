module polyrpc/benchmarks/go

go 1.19
