"""What polyrpc must reach, as ratios within one run, and what it does reach."""

import math
import re

import servers

KIB, MIB = 1 << 10, 1 << 20
RAW = "raw echo, batching"
GOB, JSON, PROTOBUF, HTTP, GRPC = ("polyrpc gob", "polyrpc JSON-RPC 1.0", "polyrpc protobuf", "polyrpc JSON-RPC, HTTP",
                                   "polyrpc gRPC")
TCP = (GOB, JSON, PROTOBUF)
ROWS = {row["name"]: row for row in servers.SERVERS}


def small(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


class Results:
    """Medians by what was measured; None where something was not."""

    def __init__(self, results):
        self._results = results

    def median(self, part, metric, **key):
        for entry in self._results.get(part) or ():
            if all(entry.get(name) == value for name, value in key.items()):
                value = entry.get(metric)
                return value["median"] if isinstance(value, dict) else value
        return None

    def calls(self, server, payload=32, connections=16, in_flight=64, layout="two cores", part="calls", metric="calls_per_second"):
        return self.median(part, metric, server=server, payload=payload, connections=connections, in_flight=in_flight, layout=layout)

    def best(self, names, value):
        """(name, value) of the best of some servers."""
        found = [(value(name), name) for name in names]
        found = [pair for pair in found if pair[0] is not None]
        return max(found)[::-1] if found else (None, None)

    def entries(self, part):
        return self._results.get(part) or []


def names(matches):
    return [name for name, row in ROWS.items() if matches(row)]


# A bar that is not met is missed; without both numbers it is not measured.
def bar(what, wanted, text, reached):
    """`reached` is compared with `wanted` ("at least" unless it is a pair ("at most", number))."""
    at_most = isinstance(wanted, tuple)
    limit = wanted[1] if at_most else wanted
    if reached is None:
        return (what, limit, at_most, text, None, None)
    return (what, limit, at_most, text, reached, reached <= limit if at_most else reached >= limit)


def ratio(ours, theirs):
    return ours / theirs if ours is not None and theirs else None


def versus(ours, theirs, who, unit="/s"):
    if ours is None or theirs is None:
        return ""
    return f"{small(ours)}{unit} to {small(theirs)}{unit} of {who}"


def compute(results):
    """Every bar: (what, limit, whether it is a most, numbers, reached, met)."""
    r = Results(results)
    bars = []

    def against(what, wanted, ours, theirs, who, unit="/s", less=False):
        reached = ratio(theirs, ours) if less else ratio(ours, theirs)
        bars.append(bar(what, wanted, versus(ours, theirs, who, unit), reached))

    raw = r.calls(RAW)
    against("gob on TCP, under the generator, 16 x 64, against Go net/rpc", 25, r.calls(GOB), r.calls("Go net/rpc"), "Go net/rpc")
    against("the same against the raw batching echo", 0.25, r.calls(GOB), raw, "the raw echo")
    against("JSON-RPC on TCP, the same, against Go jsonrpc", 15, r.calls(JSON), r.calls("Go jsonrpc"), "Go jsonrpc")
    cpp = names(lambda row: row["group"] == "peer" and row["wire"] != "grpc" and "nginx" not in row["name"])
    who, best = r.best(cpp, lambda name: max(filter(None, (r.calls(name), r.calls(name, part="clients"))), default=None))
    against("protobuf on TCP, the same, against the best C++ peer", 15, r.calls(PROTOBUF), best, who or "the best C++ peer")
    nginx = next(iter(names(lambda row: "nginx" in row["name"])), "nginx")
    against("JSON-RPC by HTTP/1.1 POST, pipelined, against nginx with a fixed body", 3, r.calls(HTTP), r.calls(nginx), "nginx")

    grpc_cpp = names(lambda row: row["wire"] == "grpc" and row["group"] == "peer")
    grpc_go = names(lambda row: row["wire"] == "grpc" and row["group"] == "go")

    def h2load(name, shape):
        return r.median("grpc", "calls_per_second", server=name, scenario=f"h2load: gRPC, {shape}")

    for shape in ("1 x 256", "16 x 64"):
        for peers, label, wanted in ((grpc_cpp, "gRPC C++", 5), (grpc_go, "grpc-go", 3)):
            who, best = r.best(peers, lambda name: h2load(name, shape))
            against(f"gRPC unary, h2load, {shape}, against {label}", wanted, h2load(GRPC, shape), best, who or label)
    for scenario in ("ping-pong, 64 on the way", "server push", "client push"):
        def messages(name):
            return r.median("grpc", "calls_per_second", server=name, scenario=f"stream: {scenario}")

        who, best = r.best(grpc_cpp + grpc_go, messages)
        against(f"gRPC streaming, small messages, one stream, {scenario}", 3, messages(GRPC), best, who or "the best peer")

    def one_core(name):
        return r.calls(name, 32, 1, 1, "one core", "clients")

    for name in TCP:
        against(f"1 x 1, own blocking client, both on one core, {name}", 0.8, one_core(name), one_core(RAW), "the raw echo")
    who, best = r.best(grpc_cpp + grpc_go, one_core)
    against("the same, gRPC against the best gRPC", 3, one_core(GRPC), best, who or "the best gRPC")

    for name in (*TCP, GRPC):
        generated = r.calls(name)
        if name == GRPC:
            generated = max(filter(None, (generated, h2load(GRPC, "16 x 64"))), default=None)
        against(f"own client on the other core, 16 x 64, {name}", 0.6, r.calls(name, part="clients"), generated, "the generator")
    for name in (GOB, PROTOBUF, JSON):
        against(f"1 MiB, 1 x 4, {name}", 0.8, r.calls(name, MIB, 1, 4), r.calls(RAW, MIB, 1, 4), "the raw echo")

    for entry in r.entries("mixed"):
        if entry["slow"] and ROWS.get(entry["server"], {}).get("group") == "polyrpc" and "slice_p99_us" in entry:
            without = r.median("mixed", "slice_p99_us", server=entry["server"], rate=entry["rate"], slow=False)
            with_slow = entry["slice_p99_us"]["median"]
            if without is None:
                continue
            bars.append(bar(f"mixed load at {entry['rate']:,}/s, p99 of the fast, {entry['server']}", ("at most", 1.25),
                            f"{small(with_slow)} us to {small(without)} us without slow calls", with_slow / without))

    idle = {}
    for entry in r.entries("idle"):
        if entry["connections"] >= max(idle.get(entry["server"], (0,))[0], 1):
            idle[entry["server"]] = (entry["connections"], entry["bytes_per_connection"])
    for name, (connections, used) in idle.items():
        row = ROWS.get(name)
        if row and row["group"] == "polyrpc" and not row.get("tls") and row["wire"] != "http":
            limit = 8 if row["wire"] == "grpc" else 1
            bars.append(bar(f"memory per idle connection, KiB, {name}", ("at most", limit), f"{connections:,} connections",
                            used / 1024))

    codecs = {(entry["codec"], entry["value"]): entry for entry in r.entries("codecs")}
    values = list(dict.fromkeys(entry["value"] for entry in r.entries("codecs")))
    for metric, label in (("encode_ns", "encode"), ("decode_ns", "decode")):
        def worst(ours, theirs):
            pairs = [(codecs[theirs, value][metric] / codecs[ours, value][metric], value) for value in values
                     if (theirs, value) in codecs and (ours, value) in codecs and codecs[ours, value][metric]]
            if not pairs:
                return None, ""
            mean = math.exp(sum(math.log(pair[0]) for pair in pairs) / len(pairs))
            return min(pairs)[0], f"{min(pairs)[1]}; geometric mean of all values {small(mean)}"

        reached, value = worst("polyrpc gob", "encoding/gob")
        bars.append(bar(f"gob codec, {label}, against encoding/gob", 5, f"the smallest ratio, with {value}" if value else "", reached))
        for pattern, wanted, who in (("nlohmann.*DOM", 4, "nlohmann's DOM"), ("", 0.5, "the fastest C++ JSON library")):
            peers = [codec for codec in dict.fromkeys(codec for codec, _ in codecs) if re.search(pattern, codec, re.I) and
                     re.search("json", codec, re.I) and not re.search("polyrpc|encoding/", codec)]
            if peers and any(("polyrpc json", value) in codecs for value in values):
                pairs = [worst("polyrpc json", peer) + (peer,) for peer in peers]
                pairs = [pair for pair in pairs if pair[0] is not None]
                reached, value, peer = min(pairs) if pairs else (None, "", "")
                bars.append(bar(f"JSON codec, typed, {label}, against {who}", wanted,
                                f"the smallest ratio: {peer}, {value}" if value else "", reached))
            else:
                bars.append(bar(f"JSON codec, typed, {label}, against {who}", wanted, "", None))
    more = [codecs["polyrpc gob", value].get("encode_allocations") for value in values if ("polyrpc gob", value) in codecs]
    bars.append(bar("gob codec, allocations when encoding", ("at most", 0), "the most of all values",
                    max((count for count in more if count is not None), default=None)))

    for name in names(lambda row: row["group"] == "polyrpc" and row.get("two_threads")):
        for method, label in (("Work", "calls of 20 us"), ("Echo", "echo, generator on the same cores")):
            one, two = (r.median("threads", "calls_per_second", server=name, threads=threads, method=method) for threads in (1, 2))
            if method == "Work":
                against(f"two io threads, {label}, {name}", 1.7, two, one, "one thread")
            else:
                cpu_one, cpu_two = (r.median("threads", "server_cpu_us_per_call", server=name, threads=threads, method=method)
                                    for threads in (1, 2))
                reached = 2 * cpu_one / cpu_two if cpu_one and cpu_two else None
                bars.append(bar(f"two io threads, {label}, {name}: calls per second of processor time, times two", 1.7,
                                f"{cpu_two:.3f} us a call to {cpu_one:.3f} with one thread" if reached else "", reached))

    for entry in r.entries("footprint"):
        name = entry["server"]
        if "polyrpc" not in name:
            continue
        grpc = "grpc" in name.lower()
        if entry.get("static_bytes"):
            bars.append(bar(f"footprint, static and stripped, MB, {name}", ("at most", 5 if grpc else 2), "", entry["static_bytes"] / 1e6))
        if entry.get("own_tu_seconds") and not grpc:
            bars.append(bar(f"seconds to compile its translation unit, {name}", ("at most", 3), "", entry["own_tu_seconds"]))
        if entry.get("libraries") is not None and not grpc:
            foreign = [library for library in entry["libraries"] if not re.match(
                r"(linux-vdso|libc\.|libm\.|libstdc\+\+|libgcc_s|ld-linux|/lib64/ld-linux|libpthread|librt|libdl)", library)]
            bars.append(bar(f"shared libraries besides libc's and libstdc++'s, {name}", ("at most", 0), ", ".join(foreign), len(foreign)))
    if not r.entries("footprint"):
        bars.append(bar("footprint of the hello server, MB", ("at most", 2), "", None))
    return bars


def markdown(results):
    lines = ["| | bar | reached | | |", "|---|---:|---:|---|---|"]
    for what, limit, at_most, text, reached, met in compute(results):
        verdict = "not measured" if met is None else "met" if met else "**missed**"
        lines.append(f"| {what} | {'at most ' if at_most else ''}{limit:g} | {small(reached) if reached is not None else ''} | "
                     f"{verdict} | {text} |")
    return "\n".join(lines)
