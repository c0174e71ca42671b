module polyrpc/interop/protorpc

go 1.21

require (
	github.com/golang/snappy v1.0.0
	google.golang.org/protobuf v1.36.5
	polyrpc/interop v0.0.0
)

replace polyrpc/interop => ../
