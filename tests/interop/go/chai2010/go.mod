module polyrpc/interop/chai2010

go 1.21

require (
	github.com/chai2010/protorpc v1.1.4
	polyrpc/interop/protorpc v0.0.0
)

require (
	github.com/golang/protobuf v1.5.4 // indirect
	github.com/golang/snappy v1.0.0 // indirect
	google.golang.org/protobuf v1.36.5 // indirect
	polyrpc/interop v0.0.0 // indirect
)

replace (
	polyrpc/interop => ../
	polyrpc/interop/protorpc => ../protorpc
)
