module polyrpc/benchmarks/codecs

go 1.19
