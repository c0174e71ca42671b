"""Who is measured: one row a server. A new peer is one more row (and a folder in peers/ if it needs one).

A row's `command` is run with {build} (the folder of the C++ programs) and {go} (of the Go programs) filled in. It must print a line
"listening ... HOST:PORT", be able to echo at once, and end on SIGTERM. `wire` is what the generator speaks to it
(generator --help; "grpc": h2load). `client` is the peer's own client, if it has one: it is given --address, --wire, --connections,
--in-flight, --payload, --warmup and --seconds, and prints "measuring" and a line of JSON, as the generator does.

`group` colours the plots: limit (no RPC at all), go, polyrpc, peer. `allocations` says how they can be counted: "preload"
(a C or C++ program: load/alloc_counter.cpp), "signal" (prints "allocations N" on SIGUSR1) or None.

All else may be left out:

    scenarios    "all", or else only those that matter
    streams      its client for streams: as `client`, with --mode ping-pong|server-push|client-push
    slow         serves Echo.Slow, which sleeps 5 ms without holding up other calls
    work         serves Echo.Work, which takes 20 us of processor time
    two_threads  what is added to `command` for two threads that serve connections
    open         is measured in the open loop too
    idle         False: idle connections are not measured
    tls          is spoken to with TLS; only idle connections are measured
    largest      the largest payload that it can answer, in bytes
    package      whose version is shown: "deb:PACKAGE", "go:MODULE"
"""

import pathlib

PEERS = pathlib.Path(__file__).resolve().parent / "peers"

POLYRPC_SERVER = ["{build}/bench_polyrpc_server", "--port", "0"]
POLYRPC_CLIENT = ["{build}/bench_polyrpc_client"]


def _raw(name, batch, **more):
    return {"name": name, "group": "limit", "wire": "raw", "allocations": "preload", "client": None,
            "command": ["{build}/bench_raw_echo", "--port", "0", "--batch", batch], **more}


def _go(name, wire, **more):
    return {"name": name, "group": "go", "wire": wire, "allocations": "signal", "client": ["{go}/echo_client"],
            "command": ["{go}/echo_server", "--wire", wire], "two_threads": ["--procs", "2"], **more}


def _polyrpc(name, wire, *arguments, **more):
    return {"name": name, "group": "polyrpc", "wire": wire, "allocations": "preload", "client": POLYRPC_CLIENT,
            "command": [*POLYRPC_SERVER, *arguments], **more}


def _asio(style):
    return {"name": f"asio, {style}", "group": "limit", "wire": "raw", "allocations": "preload", "client": None,
            "command": [f"{{build}}/bench_asio_{style}", "--port", "0"], "scenarios": "all", "package": "deb:libasio-dev"}


def _thrift(kind):
    return {"name": f"Thrift, {kind}", "group": "peer", "wire": "thrift", "allocations": "preload",
            "client": ["{build}/bench_thrift_client"], "command": ["{build}/bench_thrift_server", "--port", "0", "--server", kind],
            "scenarios": "all", "open": True, "package": "deb:libthrift-dev"}


EVERYTHING = {"scenarios": "all", "slow": True, "work": True, "open": True}
OURS = EVERYTHING | {"two_threads": ["--threads", "2"]}
ENCRYPTED = ("--tls", "{certificate}", "--key", "{key}")

SERVERS = [
    _raw("raw echo, batching", "1", scenarios="all", open=True),
    _raw("raw echo, one by one", "0", scenarios="all"),
    _asio("callbacks"),
    _asio("awaitables"),
    {"name": "nginx, a fixed body", "group": "limit", "wire": "nginx", "allocations": "preload",
     "client": [f"{PEERS}/nginx/client.py"], "command": [f"{PEERS}/nginx/server.py"], "scenarios": "all", "largest": 1024,
     "open": True, "package": "deb:nginx"},
    _go("Go net/rpc", "gob", **EVERYTHING),
    _go("Go jsonrpc", "json1", **EVERYTHING),
    _polyrpc("polyrpc gob", "gob", **OURS),
    _polyrpc("polyrpc gob, copying", "gob", "--copy", "1", idle=False),
    _polyrpc("polyrpc gob, CONNECT", "gob-connect", idle=False),
    _polyrpc("polyrpc JSON-RPC 1.0", "json1", **OURS),
    _polyrpc("polyrpc JSON-RPC 2.0", "json2", idle=False),
    _polyrpc("polyrpc protobuf", "protobuf", **OURS),
    _polyrpc("polyrpc JSON-RPC, HTTP", "http", scenarios="all", open=True),
    _polyrpc("polyrpc Connect, HTTP/1.1", "connect", idle=False),
    _polyrpc("polyrpc gRPC", "grpc", streams=["{build}/bench_polyrpc_streams"], **OURS),
    {"name": "gRPC C++", "group": "peer", "wire": "grpc", "allocations": "preload", "client": ["{build}/bench_grpc_cpp_client"],
     "streams": ["{build}/bench_grpc_cpp_client"], "command": ["{build}/bench_grpc_cpp_server", "--port", "0"],
     "slow": True, "open": True, "scenarios": "all", "package": "deb:libgrpc++-dev"},
    {"name": "gRPC C++, completion queue", "group": "peer", "wire": "grpc", "allocations": "preload",
     "client": ["{build}/bench_grpc_cpp_client"], "streams": ["{build}/bench_grpc_cpp_client"],
     "command": ["{build}/bench_grpc_cpp_queue_server", "--port", "0"], "slow": True, "package": "deb:libgrpc++-dev"},
    {"name": "Cap'n Proto", "group": "peer", "wire": "capnp", "allocations": "preload", "client": ["{build}/bench_capnp_client"],
     "command": ["{build}/bench_capnp_server", "--port", "0"], "scenarios": "all", "package": "deb:libcapnp-dev"},
    _thrift("nonblocking"),
    _thrift("threaded"),
    {"name": "grpc-go", "group": "go", "wire": "grpc", "allocations": "signal", "client": ["{go}/grpc_echo_client"],
     "streams": ["{go}/grpc_echo_client"], "command": ["{go}/grpc_echo_server", "--port", "0"],
     "slow": True, "open": True, "scenarios": "all", "package": "go:google.golang.org/grpc"},
    _polyrpc("polyrpc gob, TLS", "gob", *ENCRYPTED, tls=True),
    _polyrpc("polyrpc JSON-RPC, HTTP, TLS", "http", *ENCRYPTED, tls=True),
    _polyrpc("polyrpc gRPC, TLS", "grpc", *ENCRYPTED, tls=True),
]

# Codec programs print lines of JSON as codecs/go/main.go does.
CODECS = [
    {"name": "Go", "command": ["{go}/codecs"]},
    {"name": "polyrpc", "command": ["{build}/bench_codecs"]},
    {"name": "protobuf C++", "command": ["{build}/bench_codecs_protobuf"]},
    {"name": "nlohmann/json", "command": ["{build}/bench_codecs_nlohmann"]},
    {"name": "rapidjson and simdjson", "command": ["{build}/bench_codecs_fast_json"]},
    {"name": "Cap'n Proto", "command": ["{build}/bench_codecs_capnp"]},
    {"name": "Thrift", "command": ["{build}/bench_codecs_thrift"]},
]
