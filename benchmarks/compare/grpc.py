"""What only gRPC has: h2load, which loads every server of HTTP/2 alike, and streams with each peer's own client."""

import copy
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time

import measure
import parts
from parts import MIB, say

# What h2load does: name, content type, payload, connections, streams on each, whether in the quick mode too.
UNARY = [
    ("gRPC, 1 x 1", "application/grpc", 32, 1, 1, False),
    ("gRPC, 1 x 256", "application/grpc", 32, 1, 256, True),
    ("gRPC, 16 x 64", "application/grpc", 32, 16, 64, True),
    ("gRPC, 1 MiB, 1 x 4", "application/grpc", MIB, 1, 4, False),
]
# Of polyrpc's alone: JSON's base64 cannot be read into a view of the text, so that server copies.
CONNECT = [
    ("Connect, protobuf, 16 x 64", "application/proto", 32, 16, 64, False),
    ("Connect, JSON, 16 x 64", "application/json", 32, 16, 64, False),
]
# Streams: name, mode, payload, messages on the way, both ends on one core, whether in the quick mode too.
STREAMS = [
    ("ping-pong, 1 on the way", "ping-pong", 32, 1, False, False),
    ("ping-pong, 1 on the way, one core", "ping-pong", 32, 1, True, False),
    ("ping-pong, 64 on the way", "ping-pong", 32, 64, False, True),
    ("server push", "server-push", 32, 1, False, True),
    ("server push, 1 MiB", "server-push", MIB, 1, False, False),
    ("client push", "client-push", 32, 1, False, True),
    ("client push, 1 MiB", "client-push", MIB, 1, False, False),
]


def varint(value):
    data = bytearray()
    while value >= 128:
        data.append(value & 127 | 128)
        value >>= 7
    data.append(value)
    return bytes(data)


def request_body(content_type, payload):
    import base64
    import json

    content = bytes(65 + i % 26 for i in range(payload))
    if content_type == "application/json":
        return json.dumps({"A": 1, "B": 2, "S": base64.b64encode(content).decode()}).encode()
    message = b"\x08\x01\x10\x02\x1a" + varint(payload) + content
    return message if content_type == "application/proto" else b"\0" + len(message).to_bytes(4, "big") + message


def run_h2load(server, content_type, payload, connections, streams, options):
    """What h2load counts as a success is checked by the size of the replies."""
    body = request_body(content_type, payload)
    with tempfile.NamedTemporaryFile() as data, tempfile.TemporaryDirectory() as logs:
        data.write(body)
        data.flush()
        command = [*measure.REAL_TIME, "h2load", "-t1", f"-c{connections}", f"-m{streams}", f"-D{options.seconds * 1000:.0f}ms",
                   f"--warm-up-time={options.warmup * 1000:.0f}ms", "-w24", "-W24", "-d", data.name,
                   "-H", f"content-type: {content_type}", "-H", "te: trailers"]
        if connections * streams == 1:
            command.append(f"--log-file={logs}/log")
        client = measure.start([*command, f"http://{server.address}/bench.Echo/Echo"], options.client_core,
                               stderr=subprocess.STDOUT)
        # h2load does not say when it begins to measure.
        time.sleep(options.warmup + 0.15)
        meter = measure.Meter(server.pid, client.pid)
        client_before = measure.cpu_seconds(client.pid)
        time.sleep(options.seconds - 0.25)
        meter.stop()
        client_share = (measure.cpu_seconds(client.pid) - client_before) / (options.seconds - 0.25)
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
        result = {"calls_per_second": float(rate[1]), "client_cpu_share": client_share}
        if connections * streams == 1:
            with open(f"{logs}/log", encoding="ascii") as log:
                result["p50_us"] = statistics.median(int(line.split()[2]) for line in log)
    meter.add_to(result)
    return result


def plan(context, options):
    """Every measurement: scenario, payload, row, what to do with the running server."""
    rows = [row for row in context.plain() if row["wire"] == "grpc"]
    steps = []
    if shutil.which("h2load"):
        ours = next((row for row in rows if row["group"] == "polyrpc"), None)
        copying = dict(ours, command=[*ours["command"], "--copy", "1"]) if ours else None
        unary = [(scenario, row) for scenario in UNARY for row in rows]
        unary += [(scenario, copying if "JSON" in scenario[0] else ours) for scenario in CONNECT if ours]
        for (name, content_type, payload, connections, streams, quick), row in unary:
            if quick or not options.quick:
                steps.append((f"h2load: {name}", payload, row, lambda server, c=content_type, p=payload, n=connections, m=streams:
                              parts.run_undisturbed(options, lambda: run_h2load(server, c, p, n, m, options))))
    else:
        say("there is no h2load here (Debian: nghttp2-client): left out")
    for name, mode, payload, in_flight, one_core, quick in STREAMS:
        if options.quick and not quick:
            continue
        core = options.server_core if one_core else options.client_core
        for row in rows:
            if not row.get("streams") or not os.access(context.program(row["streams"])[0], os.X_OK):
                continue

            def run(server, row=row, core=core, arguments=(payload, 1, in_flight, "--mode", mode)):
                command = parts.client_command(context.program(row["streams"]), row, server, options, *arguments)
                return parts.run_undisturbed(options, lambda: measure.run_client(command, core, server.pid))

            steps.append((f"stream: {name}", payload, row, run))
    return steps


def measure_grpc(context):
    options = copy.copy(context.options)
    options.seconds, options.warmup = max(options.seconds, 0.5), max(options.warmup, 0.2)
    collection = parts.Collection()
    for repetition in range(options.repetitions):
        for name, payload, row, action in plan(context, options):
            say(f"gRPC: {repetition + 1} of {options.repetitions}, {name}, {row['name']}")

            def run(row=row, action=action):
                with measure.Server(row, context.folders, options.server_core) as server:
                    return action(server)

            collection.add((name, payload, row["name"]), run)
    return collection.entries(("scenario", "payload", "server"))
