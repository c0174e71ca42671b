module polyrpc/interop

go 1.19
