"""Who is measured: one row a server. A new peer is one more row (and a folder in peers/ if it needs one).

A row's `command` is run with {build} (the folder of the C++ programs) and {go} (of the Go programs) filled in. It must print a line
"listening ... HOST:PORT", be able to echo at once, and end on SIGTERM. `wire` is what the generator speaks to it
(generator --help). `client` is the peer's own client, if it has one: it is given --address, --wire, --connections,
--in-flight, --payload, --warmup and --seconds, and prints "measuring" and a line of JSON, as the generator does.

`group` colours the plots: limit (no RPC at all), go, polyrpc. `allocations` says how they can be counted: "preload"
(a C or C++ program: load/alloc_counter.cpp), "signal" (prints "allocations N" on SIGUSR1) or None.
"""

POLYRPC_SERVER = ["{build}/bench_polyrpc_server", "--port", "0"]
POLYRPC_CLIENT = ["{build}/bench_polyrpc_client"]


def _raw(name, batch):
    return {"name": name, "group": "limit", "wire": "raw", "allocations": "preload", "client": None,
            "command": ["{build}/bench_raw_echo", "--port", "0", "--batch", batch]}


def _go(name, wire):
    return {"name": name, "group": "go", "wire": wire, "allocations": "signal", "client": ["{go}/echo_client"],
            "command": ["{go}/echo_server", "--wire", wire]}


def _polyrpc(name, wire, *more):
    return {"name": name, "group": "polyrpc", "wire": wire, "allocations": "preload", "client": POLYRPC_CLIENT,
            "command": [*POLYRPC_SERVER, *more]}


SERVERS = [
    _raw("raw echo, batching", "1"),
    _raw("raw echo, one by one", "0"),
    _go("Go net/rpc", "gob"),
    _go("Go net/rpc, CONNECT", "gob-connect"),
    _go("Go jsonrpc", "json1"),
    _polyrpc("polyrpc gob", "gob"),
    _polyrpc("polyrpc gob, copying", "gob", "--copy", "1"),
    _polyrpc("polyrpc gob, CONNECT", "gob-connect"),
    _polyrpc("polyrpc JSON-RPC 1.0", "json1"),
    _polyrpc("polyrpc JSON-RPC 2.0", "json2"),
    _polyrpc("polyrpc JSON-RPC, HTTP", "http"),
]

# Codec programs print lines of JSON as codecs/go/main.go does.
CODECS = [
    {"name": "Go", "command": ["{go}/codecs"]},
    {"name": "polyrpc", "command": ["{build}/bench_codecs"]},
]

# What is compared with what: (ours, theirs, the limit).
RATIOS = [
    ("polyrpc gob", "Go net/rpc", "raw echo, batching"),
    ("polyrpc JSON-RPC 1.0", "Go jsonrpc", "raw echo, batching"),
]
