#!/usr/bin/env python3
"""Measures gRPC, and the other wires that carry protobuf, next to gRPC C++ and grpc-go. See README.md.

    grpc.py                  everything, about 10 minutes; writes benchmarks/results/grpc.md and grpc.json
    grpc.py --quick          once, shorter
    grpc.py --no-build --build build/release

It needs h2load (Debian: nghttp2-client), and for the peers libgrpc++-dev, protobuf-compiler-grpc and Go.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import measure

HERE = pathlib.Path(__file__).resolve().parent
MIB = 1 << 20
PRIORITY = 10

POLYRPC, GRPC_CPP, GRPC_GO = "polyrpc", "gRPC C++", "grpc-go"
COPYING = POLYRPC + ", copying"

SERVERS = {
    POLYRPC: ["{build}/bench_polyrpc_server", "--port", "0"],
    # JSON's base64 cannot be read into a view of the text.
    COPYING: ["{build}/bench_polyrpc_server", "--port", "0", "--copy", "1"],
    GRPC_CPP: ["{build}/bench_grpc_cpp_server", "--port", "0"],
    GRPC_GO: ["{go}/grpc_echo_server", "--port", "0"],
}
UNARY_CLIENTS = {
    POLYRPC: ["{build}/bench_polyrpc_client", "--wire", "grpc"],
    GRPC_CPP: ["{build}/bench_grpc_cpp_client", "--mode", "unary"],
    GRPC_GO: ["{go}/grpc_echo_client", "--mode", "unary"],
}
STREAM_CLIENTS = {
    POLYRPC: ["{build}/bench_polyrpc_streams"],
    GRPC_CPP: ["{build}/bench_grpc_cpp_client"],
    GRPC_GO: ["{go}/grpc_echo_client"],
}

# What h2load does: name, content type, payload, connections, streams on each, servers.
ALL = (POLYRPC, GRPC_CPP, GRPC_GO)
GENERATED = [
    ("gRPC, 1 x 1", "application/grpc", 32, 1, 1, ALL),
    ("gRPC, 1 x 256", "application/grpc", 32, 1, 256, ALL),
    ("gRPC, 16 x 64", "application/grpc", 32, 16, 64, ALL),
    ("gRPC, 1 MiB, 1 x 4", "application/grpc", MIB, 1, 4, ALL),
    ("Connect, protobuf, HTTP/2, 16 x 64", "application/proto", 32, 16, 64, (POLYRPC,)),
    ("Connect, JSON, HTTP/2, 16 x 64", "application/json", 32, 16, 64, (COPYING,)),
]
# The servers with their own clients: name, kind, mode, payload, connections, in flight, both ends on one core.
OWN = [
    ("unary, 1 x 1", "unary", None, 32, 1, 1, False),
    ("unary, 1 x 1, one core", "unary", None, 32, 1, 1, True),
    ("unary, 16 x 64", "unary", None, 32, 16, 64, False),
    ("unary, 1 MiB, 1 x 1", "unary", None, MIB, 1, 1, False),
    ("unary, 1 MiB, 1 x 4", "unary", None, MIB, 1, 4, False),
    ("ping-pong, 1 on the way", "stream", "ping-pong", 32, 1, 1, False),
    ("ping-pong, 1 on the way, one core", "stream", "ping-pong", 32, 1, 1, True),
    ("ping-pong, 64 on the way", "stream", "ping-pong", 32, 1, 64, False),
    ("server push", "stream", "server-push", 32, 1, 1, False),
    ("server push, 1 MiB", "stream", "server-push", MIB, 1, 1, False),
    ("client push", "stream", "client-push", 32, 1, 1, False),
    ("client push, 1 MiB", "stream", "client-push", MIB, 1, 1, False),
]
# Protobuf on TCP, with bench_generator: name, connections, in flight.
ON_TCP = [("protobuf on TCP, 1 x 1", 1, 1), ("protobuf on TCP, 1 x 256", 1, 256), ("protobuf on TCP, 16 x 64", 16, 64)]


def say(text):
    print(text, file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--repetitions", type=int)
    parser.add_argument("--seconds", type=float, help="length of one run")
    parser.add_argument("--server-core", type=int)
    parser.add_argument("--client-core", type=int)
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent.parent / "build" / "benchmarks", help="build folder")
    parser.add_argument("--no-build", action="store_true", help="take the programs that are there")
    parser.add_argument("--only", default="", help="only what matches this expression")
    parser.add_argument("--out", type=pathlib.Path, default=HERE.parent / "results")
    options = parser.parse_args()
    options.repetitions = options.repetitions or (1 if options.quick else 3)
    options.seconds = options.seconds or (0.8 if options.quick else 2.0)
    options.warmup = 0.3
    cores = sorted(os.sched_getaffinity(0))
    if options.server_core is None:
        options.server_core = cores[0]
    if options.client_core is None:
        options.client_core = cores[-1]
    return options


def build(options):
    folders = {"build": str(options.build / "benchmarks"), "go": str(options.build / "go")}
    if options.no_build:
        return folders
    import run

    return run.build(options)


def real_time():
    """Makes this process, and those it starts, real-time ones. Returns whether that is allowed."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY + 10))  # above them, as it reads their counters
    except (OSError, AttributeError):
        return False
    return True


def prefix(options):
    return ["chrt", "-f", str(PRIORITY)] if options.real_time else []


def varint(value):
    data = bytearray()
    while value >= 128:
        data.append(value & 127 | 128)
        value >>= 7
    data.append(value)
    return bytes(data)


def request_body(content_type, payload):
    import base64

    content = bytes(65 + i % 26 for i in range(payload))
    if content_type == "application/json":
        return json.dumps({"A": 1, "B": 2, "S": base64.b64encode(content).decode()}).encode()
    message = b"\x08\x01\x10\x02\x1a" + varint(payload) + content
    return message if content_type == "application/proto" else b"\0" + len(message).to_bytes(4, "big") + message


def cpu_seconds(pid):
    """Of all threads, as exactly as the scheduler knows."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as stat:
            total += int(stat.read().split()[0])
    return total * 1e-9


def run_h2load(server, content_type, payload, connections, streams, options):
    """h2load on one server. What it counts as a success is checked by the size of the replies."""
    body = request_body(content_type, payload)
    with tempfile.NamedTemporaryFile() as data, tempfile.TemporaryDirectory() as logs:
        data.write(body)
        data.flush()
        command = [*prefix(options), "h2load", "-t1", f"-c{connections}", f"-m{streams}", f"-D{options.seconds * 1000:.0f}ms",
                   f"--warm-up-time={options.warmup * 1000:.0f}ms", "-w24", "-W24", "-d", data.name,
                   "-H", f"content-type: {content_type}", "-H", "te: trailers"]
        if connections * streams == 1:
            command.append(f"--log-file={logs}/log")
        command.append(f"http://{server.address}/bench.Echo/Echo")
        client = measure.start(command, options.client_core, stderr=subprocess.STDOUT)
        time.sleep(options.warmup + 0.15)
        before, began = cpu_seconds(server.pid), time.monotonic()
        time.sleep(options.seconds - 0.25)
        used, took = cpu_seconds(server.pid) - before, time.monotonic() - began
        text = client.stdout.read()
        client.wait(30)
        measure.stop(client)
        rate = re.search(r"finished in [\d.]+m?s, ([\d.]+) req/s", text)
        codes = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", text)
        traffic = re.search(r"traffic: .*\((\d+)\) data", text)
        if not rate or not codes or not traffic or int(codes[1]) == 0:
            raise measure.Failure(f"h2load: {text}")
        if any(int(codes[i]) for i in (2, 3, 4)) or int(traffic[1]) < 0.95 * int(codes[1]) * (len(body) - 2):
            raise measure.Failure(f"h2load got bad replies: {codes[0]}, {traffic[0]}")
        result = {"calls_per_second": float(rate[1])}
        if connections * streams == 1:
            with open(f"{logs}/log", encoding="ascii") as log:
                result["p50_us"] = statistics.median(int(line.split()[2]) for line in log)
    result["server_cpu_us_per_call"] = used / took / result["calls_per_second"] * 1e6
    result["server_cpu_share"] = used / took
    return result


def run_own(server, program, arguments_, core, options):
    command = [*prefix(options), *program, "--address", server.address, *arguments_, "--warmup", str(options.warmup),
               "--seconds", str(options.seconds)]
    client = measure.start(command, core, stderr=subprocess.PIPE)
    watchdog = threading.Timer(options.warmup + options.seconds + 15, client.kill)
    watchdog.start()
    try:
        line = client.stdout.readline()
        if line != "measuring\n":
            raise measure.Failure(f"{program[0]}: {line}{client.stderr.read().strip()}")
        before, began = cpu_seconds(server.pid), time.monotonic()
        line = client.stdout.readline()
        used, took = cpu_seconds(server.pid) - before, time.monotonic() - began
        if not line.startswith("{"):
            raise measure.Failure(f"{program[0]}: {line}{client.stderr.read().strip()}")
    finally:
        watchdog.cancel()
        measure.stop(client)
    result = json.loads(line)
    result["server_cpu_us_per_call"] = used / took / result["calls_per_second"] * 1e6
    result["server_cpu_share"] = used / took
    return result


def plan(folders, options):
    """Every measurement: (name, payload, server, what to do with it)."""
    def client(kind, who, mode, payload, connections, in_flight, one_core):
        program = [part.format(**folders) for part in (UNARY_CLIENTS if kind == "unary" else STREAM_CLIENTS)[who]]
        rest = ["--payload", str(payload), "--connections", str(connections), "--in-flight", str(in_flight)]
        if mode:
            rest += ["--mode", mode]
        core = options.server_core if one_core else options.client_core
        return lambda server: run_own(server, program, rest, core, options)

    steps = []
    for name, content_type, payload, connections, streams, who in GENERATED:
        for server in who:
            steps.append((f"h2load: {name}", payload, server, lambda running, c=content_type, p=payload, n=connections,
                          m=streams: run_h2load(running, c, p, n, m, options)))
    for name, connections, in_flight in ON_TCP:
        rest = ["--connections", str(connections), "--in-flight", str(in_flight), "--payload", "32", "--wire", "protobuf"]
        for label, program in (("generator", "bench_generator"), ("own client", "bench_polyrpc_client")):
            steps.append((f"{label}: {name}", 32, POLYRPC, lambda running, p=program, r=rest: run_own(
                running, [f"{folders['build']}/{p}"], r, options.client_core, options)))
    for name, kind, mode, payload, connections, in_flight, one_core in OWN:
        for who in ALL:
            action = client(kind, who, mode, payload, connections, in_flight, one_core)
            steps.append((f"own client: {name}", payload, who, action))
    return [step for step in steps if re.search(options.only, f"{step[0]}, {step[2]}")]


def measure_all(folders, options):
    runs = {}
    for repetition in range(options.repetitions):
        for name, payload, who, action in plan(folders, options):
            row = {"name": who, "command": [*prefix(options), *SERVERS[who]]}
            key = (name, payload, who)
            if not os.access(SERVERS[who][0].format(**folders), os.X_OK):
                continue
            try:
                environment = {"GOMAXPROCS": "1"}
                with measure.Server(row, folders, options.server_core, environment=environment) as server:
                    result = action(server)
                runs.setdefault(key, []).append(result)
                say(f"{repetition + 1}/{options.repetitions} {name}, {who}: {result['calls_per_second']:.0f}/s, "
                    f"{result['server_cpu_us_per_call']:.2f} us, p50 {result.get('p50_us', 0):.1f}")
            except (measure.Failure, OSError) as failure:
                say(f"{name}, {who}: {failure}")
                runs.setdefault(key, []).append(None)
    results = []
    for (name, payload, who), each in runs.items():
        good = [run for run in each if run is not None]
        entry = {"scenario": name, "payload": payload, "server": who, "failed": len(each) - len(good)}
        for metric in sorted({metric for run in good for metric in run}):
            values = [run[metric] for run in good if metric in run]
            entry[metric] = {"median": statistics.median(values), "low": min(values), "high": max(values)}
        results.append(entry)
    return results


# The bars: what, how many times better at least, scenario, metric, whether less is better.
BARS = [
    ("server calls per second per core, 1 x 256, h2load", 4, "h2load: gRPC, 1 x 256", "server_cpu_us_per_call", True),
    ("server calls per second per core, 16 x 64, h2load", 4, "h2load: gRPC, 16 x 64", "server_cpu_us_per_call", True),
    ("calls per second as measured, 1 x 256, h2load", None, "h2load: gRPC, 1 x 256", "calls_per_second", False),
    ("calls per second as measured, 16 x 64, h2load", None, "h2load: gRPC, 16 x 64", "calls_per_second", False),
    ("unary p50, 1 x 1, h2load", 2, "h2load: gRPC, 1 x 1", "p50_us", True),
    ("unary p50, 1 x 1, own clients", 2, "own client: unary, 1 x 1", "p50_us", True),
    ("unary p50, 1 x 1, own clients, one core", 2, "own client: unary, 1 x 1, one core", "p50_us", True),
    ("messages per second, ping-pong, 1 on the way", 5, "own client: ping-pong, 1 on the way", "calls_per_second", False),
    ("the same on one core", 5, "own client: ping-pong, 1 on the way, one core", "calls_per_second", False),
    ("messages per second, ping-pong, 64 on the way", 5, "own client: ping-pong, 64 on the way", "calls_per_second", False),
    ("messages per second, server push", 5, "own client: server push", "calls_per_second", False),
    ("messages per second, client push", 5, "own client: client push", "calls_per_second", False),
    ("1 MiB unary, 1 x 1, own clients", 1.5, "own client: unary, 1 MiB, 1 x 1", "calls_per_second", False),
    ("1 MiB unary, 1 x 4, own clients", 1.5, "own client: unary, 1 MiB, 1 x 4", "calls_per_second", False),
    ("1 MiB unary, 1 x 4, h2load", 1.5, "h2load: gRPC, 1 MiB, 1 x 4", "calls_per_second", False),
    ("1 MiB, server push", 1.5, "own client: server push, 1 MiB", "calls_per_second", False),
    ("1 MiB, client push", 1.5, "own client: client push, 1 MiB", "calls_per_second", False),
]


def markdown(results, environment):
    found = {(entry["scenario"], entry["server"]): entry for entry in results}

    def value(scenario, server, metric):
        return found.get((scenario, server), {}).get(metric, {}).get("median")

    def ratio(scenario, metric, peer, less):
        ours, theirs = value(scenario, POLYRPC, metric), value(scenario, peer, metric)
        if not ours or not theirs:
            return None
        return theirs / ours if less else ours / theirs

    lines = ["# gRPC, and protobuf on other wires", "",
             "Written by `benchmarks/compare/grpc.py`; what is measured and how is in `benchmarks/README.md`. "
             f"{environment['date']}, commit {environment['commit']}, {environment['processor']} "
             f"({environment['virtualisation']}), {environment['kernel']}, {environment['compiler']}, nghttp2 "
             f"{environment['nghttp2']}, gRPC C++ {environment['grpc_cpp']}, grpc-go {environment['grpc_go']} with "
             f"{environment['go']}, {environment['h2load']}.", "",
             f"Medians of {environment['repetitions']} interleaved repetitions of {environment['seconds']:g} s, every run "
             f"with a fresh server. Server on core {environment['server_core']}, client on core "
             f"{environment['client_core']}, both " +
             (f"with real-time priority (`chrt -f {PRIORITY}`), because other processes were using this machine: they get no "
              "processor meanwhile, but share its caches and memory." if environment["real_time"] else
              "with ordinary priority.") +
             " 32-byte payloads unless 1 MiB is said. No TLS. *\u00b5s a call* is the server's processor time, so that a "
             "generator that is the slower one does not flatter it: 1,000,000 divided by it is the calls per second of a "
             "whole core.", "", "## The bars", "",
             "How many times better polyrpc is; latency and processor time: how many times less.", "",
             "| | bar | of gRPC C++'s | | of grpc-go's |", "|---|---:|---:|---|---:|"]
    for what, bar, scenario, metric, less in BARS:
        cpp, go = (ratio(scenario, metric, peer, less) for peer in (GRPC_CPP, GRPC_GO))
        verdict = "" if bar is None or cpp is None else "met" if cpp >= bar else "**missed**"
        lines.append(f"| {what} | {f'{bar:g}' if bar else ''} | {f'{cpp:.2f}' if cpp else '-'} | {verdict} | "
                     f"{f'{go:.2f}' if go else '-'} |")
    for title, start, note in (
            ("Servers under the same generator", "h2load: ",
             "h2load, one thread. One call (1 x 1) leaves the server waiting most of the time."),
            ("Servers with their own clients", "own client: ",
             "In streaming scenarios a call is a message, and there is one stream. gRPC C++: callback API, but where one call "
             "or message is on the way the client's blocking one. 64 on the way: its client and server keep one write and one read under way, as its API allows. "
             "The latency of pushes is the time between two messages."),
            ("Protobuf on TCP", "generator: ", "With `bench_generator`, whose limits are in README.md.")):
        rows = [entry for entry in results if entry["scenario"].startswith(start)]
        if not rows:
            continue
        lines += ["", f"## {title}", "", note, "",
                  "| | | calls/s | low to high | MiB/s | p50 \u00b5s | \u00b5s a call | server busy |",
                  "|---|---|---:|---:|---:|---:|---:|---:|"]
        last = None
        for entry in sorted(rows, key=lambda e: [r["scenario"] for r in rows].index(e["scenario"])):
            scenario = entry["scenario"].removeprefix(start)
            rate = entry.get("calls_per_second")
            if rate is None:
                lines.append(f"| {scenario} | {entry['server']} | failed | | | | | |")
                continue
            median = lambda metric: entry[metric]["median"]
            size = f"{median('calls_per_second') * entry['payload'] / MIB:,.0f}" if entry["payload"] >= MIB else ""
            latency = f"{median('p50_us'):.1f}" if entry.get("p50_us") else ""
            lines.append(f"| {scenario if scenario != last else ''} | {entry['server']} | {rate['median']:,.0f} | "
                         f"{rate['low']:,.0f} to {rate['high']:,.0f} | {size} | {latency} | "
                         f"{median('server_cpu_us_per_call'):.2f} | {100 * median('server_cpu_share'):.0f} % |")
            last = scenario
    failed = [f"{entry['server']}, {entry['scenario']} ({entry['failed']})" for entry in results if entry["failed"]]
    if failed:
        lines += ["", "Runs that failed: " + "; ".join(failed) + "."]
    return "\n".join(lines) + "\n"


def environment(options):
    import run

    environment_ = run.environment(options)
    version = lambda *package: run.output_of("dpkg-query", "-W", "-f=${Version}", *package) or "unknown"
    module = (HERE / "peers" / "go_grpc" / "go.mod").read_text()
    environment_ |= {"nghttp2": version("libnghttp2-14"), "grpc_cpp": version("libgrpc++1.51"),
                     "grpc_go": re.search(r"google.golang.org/grpc (\S+)", module)[1],
                     "h2load": run.output_of("h2load", "--version"), "real_time": options.real_time}
    return environment_


def measure_and_write(options):
    """For run.py, too."""
    if not shutil.which("h2load"):
        say("there is no h2load here: gRPC is left out")
        return
    measure.raise_descriptor_limit()
    folders = build(options)
    options.warmup = max(options.warmup, 0.3)
    options.real_time = bool(shutil.which("chrt")) and real_time()
    results = {"environment": environment(options), "results": measure_all(folders, options)}
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "grpc.json").write_text(json.dumps(results, indent=1) + "\n")
    (options.out / "grpc.md").write_text(markdown(results["results"], results["environment"]))
    say(f"written to {options.out}")


if __name__ == "__main__":
    try:
        measure_and_write(arguments())
    except measure.Failure as failure:
        sys.exit(f"grpc.py: {failure}")
