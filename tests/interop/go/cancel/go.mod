module polyrpc/interop/cancel

go 1.19

require (
	github.com/keegancsmith/rpc v1.3.0
	polyrpc/interop v0.0.0
)

replace polyrpc/interop => ../
