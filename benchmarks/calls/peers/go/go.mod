module polyrpc/benchmarks/calls

go 1.19
