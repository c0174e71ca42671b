"""What is measured: a function a part, each of which returns what belongs into results.json."""

import contextlib
import dataclasses
import json
import os
import re
import shutil
import statistics
import subprocess
import sys

import measure
import servers

KIB, MIB = 1 << 10, 1 << 20

ALL = ("calls", "clients", "grpc", "open", "mixed", "threads", "cost", "idle", "codecs", "footprint")

# (payload, connections, calls in flight on each). A MiB is not sent 1,024 times at once: that would measure how 1 GiB
# is allotted and collected.
FEW = [(32, 1, 1), (32, 16, 64), (KIB, 16, 64), (MIB, 1, 4)]
CLIENTS = [(32, 1, 1), (32, 16, 64), (MIB, 1, 4)]
QUICK, QUICK_CLIENTS = [(32, 1, 1), (32, 16, 64), (MIB, 1, 4)], [(32, 16, 64)]
FULL = [(32, *shape) for shape in ((1, 1), (1, 64), (1, 256), (16, 64), (64, 1))]
FULL += [(KIB, *shape) for shape in ((1, 1), (1, 256), (16, 64))] + [(MIB, 1, 4)]
ON_ONE_CORE = [(32, 1, 1)]
BUSY = (32, 16, 64)

# A run in which something else took more than this share of a core is made again.
DISTURBED = 0.05

MIXED_RATES, SLOW_ONE_IN, MIXED_LENGTHS = (10_000, 50_000), 100, 4
OPEN_FRACTIONS, OPEN_STEPS = (0.3, 0.6, 0.8, 0.9), (10_000, 50_000, 100_000, 500_000)


@dataclasses.dataclass
class Context:
    rows: list
    folders: dict
    options: object
    descriptors: int
    results: dict

    def program(self, command):
        return [part.format(**self.folders) for part in command]

    def generator(self, row):
        return self.program(["{build}/bench_pacer" if row["wire"] == "grpc" else "{build}/bench_generator"])

    def plain(self):
        return [row for row in self.rows if not row.get("tls")]


def say(text):
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def unless_it_fails(what):
    """A server that fails is left out, and the run goes on."""
    try:
        yield
    except (measure.Failure, OSError, subprocess.SubprocessError) as failure:
        say(f"  {what}: {failure}")


def client_command(program, row, server, options, payload, connections, in_flight, *more):
    return [*program, "--address", server.address, "--wire", row["wire"], "--payload", str(payload), "--connections",
            str(connections), "--in-flight", str(in_flight), "--warmup", str(options.warmup), "--seconds", str(options.seconds),
            *more]


def run_undisturbed(options, run):
    """One run, made again while others disturb it; the least disturbed one counts."""
    best = None
    for _ in range(options.again):
        result = run()
        if best is None or result["disturbed_share"] < best["disturbed_share"]:
            best = result
        if best["disturbed_share"] <= DISTURBED:
            break
    return best


class Collection:
    """Runs by key, and what they have in common."""

    def __init__(self):
        self._runs = {}

    def add(self, key, run):
        """`run` returns the numbers of a run, or fails."""
        name = ", ".join(str(part) for part in key)
        try:
            result = run()
        except (measure.Failure, OSError, subprocess.SubprocessError) as failure:
            say(f"  {name}: {failure}")
            result = None
        self._runs.setdefault(key, []).append(result)
        return result

    def entries(self, names):
        results = []
        for key, each in self._runs.items():
            good = [run for run in each if run is not None]
            entry = dict(zip(names, key)) | {"failed": len(each) - len(good),
                                             "disturbed": sum(run.get("disturbed_share", 0) > DISTURBED for run in good)}
            for metric in sorted({metric for run in good for metric in run}):
                values = [run[metric] for run in good if metric in run]
                entry[metric] = {"median": statistics.median(values), "low": min(values), "high": max(values)}
            results.append(entry)
        return results


def closed_loops(context, rows, scenarios_of, program_of, what):
    """Repetitions are interleaved: each goes through all scenarios and, within one, through all servers."""
    options, collection = context.options, Collection()
    everything = list(dict.fromkeys(scenario for row in rows for scenario in scenarios_of(row)))
    for repetition in range(options.repetitions):
        for scenario, layout in everything:
            say(f"{what}: {repetition + 1} of {options.repetitions}, {scenario}, {layout}")
            for row in rows:
                if (scenario, layout) not in scenarios_of(row):
                    continue
                core = options.client_core if layout == "two cores" else options.server_core

                def run(row=row, scenario=scenario, core=core):
                    with measure.Server(row, context.folders, options.server_core) as server:
                        command = client_command(program_of(row), row, server, options, *scenario)
                        return run_undisturbed(options, lambda: measure.run_client(command, core, server.pid))

                collection.add((row["name"], *scenario, layout), run)
    return collection.entries(("server", "payload", "connections", "in_flight", "layout"))


def measure_calls(context):
    """Servers under the generator."""
    def scenarios_of(row):
        chosen = QUICK if context.options.quick else FULL if row.get("scenarios") == "all" else FEW
        # bench_pacer does not wait for a stream's window, as a MiB would need.
        chosen = [scenario for scenario in chosen
                  if (row["wire"] != "grpc" or scenario[0] < MIB) and scenario[0] <= row.get("largest", MIB)]
        with_one_core = row["wire"] != "grpc" and not context.options.quick
        return [(s, "two cores") for s in chosen] + [(s, "one core") for s in ON_ONE_CORE if with_one_core]

    return closed_loops(context, context.plain(), scenarios_of, context.generator, "calls")


def measure_clients(context):
    """Servers with their own clients; what has none, with the generator."""
    rows = [row for row in context.plain()
            if row["group"] == "limit" or (row["client"] and os.access(context.program(row["client"])[0], os.X_OK))]

    def scenarios_of(row):
        chosen = QUICK_CLIENTS if context.options.quick else CLIENTS
        return [(s, layout) for s, layout in [*((s, "two cores") for s in chosen), *((s, "one core") for s in ON_ONE_CORE)]
                if s[0] <= row.get("largest", MIB)]

    return closed_loops(context, rows, scenarios_of,
                        lambda row: context.program(row["client"]) if row["client"] else context.generator(row), "own clients")


def measure_grpc(context):
    import grpc

    return grpc.measure_grpc(context)


def busy_rate(context, row, server):
    """Calls per second in the closed loop, from the part `calls` or measured now."""
    for entry in context.results.get("calls") or ():
        if (entry["server"], entry["payload"], entry["connections"], entry["in_flight"]) == (row["name"], *BUSY) \
                and "calls_per_second" in entry:
            return entry["calls_per_second"]["median"]
    command = client_command(context.generator(row), row, server, context.options, *BUSY)
    return measure.run_client(command, context.options.client_core, server.pid)["calls_per_second"]


def paced(context, row, server, rate, *more):
    """Options in `more` come after the ordinary ones, and so in their place."""
    pacer = context.program(["{build}/bench_pacer"])
    command = client_command(pacer, row, server, context.options, 32, 16, 1, "--rate", f"{rate:.0f}", *more)
    return run_undisturbed(context.options, lambda: measure.run_client(command, context.options.client_core, server.pid))


def measure_open(context):
    """Open loop: latency against load, at shares of what the server reached in the closed loop and at rates that all share."""
    options, collection = context.options, Collection()
    fractions, steps = ((0.5, 0.9), (10_000,)) if options.quick else (OPEN_FRACTIONS, OPEN_STEPS)
    for repetition in range(min(options.repetitions, 2)):
        for row in context.plain():
            if not row.get("open"):
                continue
            say(f"open loop: {repetition + 1}, {row['name']}")
            with unless_it_fails(row["name"]), measure.Server(row, context.folders, options.server_core) as server:
                most = busy_rate(context, row, server)
                rates = {float(f"{most * fraction:.2g}"): fraction for fraction in fractions}
                rates |= {float(step): None for step in steps if step < 0.9 * most and float(step) not in rates}
                for rate in sorted(rates):
                    collection.add((row["name"], rate), lambda rate=rate: paced(context, row, server, rate))
    return collection.entries(("server", "rate"))


def measure_mixed(context):
    """One call in a hundred sleeps 5 ms: what happens to the others."""
    options, collection = context.options, Collection()
    for repetition in range(options.repetitions):
        for row in context.plain():
            if not row.get("slow"):
                continue
            say(f"mixed load: {repetition + 1} of {options.repetitions}, {row['name']}")
            with unless_it_fails(row["name"]), measure.Server(row, context.folders, options.server_core) as server:
                for rate in MIXED_RATES[:1] if options.quick else MIXED_RATES:
                    if rate > MIXED_RATES[0] and rate > 0.5 * busy_rate(context, row, server):
                        continue
                    for slow in (False, True):
                        more = ["--seconds", str(MIXED_LENGTHS * options.seconds)] + (["--other", str(SLOW_ONE_IN)] if slow else [])
                        collection.add((row["name"], rate, slow), lambda: paced(context, row, server, rate, *more))
    return collection.entries(("server", "rate", "slow"))


def measure_threads(context):
    """One and two threads that serve connections, server and generator sharing both cores."""
    options, collection = context.options, Collection()
    cores = {options.server_core, options.client_core}
    for repetition in range(options.repetitions):
        for row in context.plain():
            if not row.get("two_threads"):
                continue
            say(f"threads: {repetition + 1} of {options.repetitions}, {row['name']}")
            for threads in (1, 2):
                command = dict(row, command=row["command"] + (row["two_threads"] if threads == 2 else []))
                methods = ("Echo", "Work") if row.get("work") else ("Echo",)
                for method in methods[-1:] if options.quick else methods:
                    more = [] if method == "Echo" else ["--method", method]
                    if more and row["wire"] == "grpc":
                        more += ["--other", "1"]
                    shape = (32, 16, 64) if method == "Echo" else (32, 16, 4)

                    def run(row=row, command=command, more=more, shape=shape):
                        with measure.Server(command, context.folders, cores) as server:
                            client = client_command(context.generator(row), row, server, options, *shape, *more)
                            return run_undisturbed(options, lambda: measure.run_client(client, cores, server.pid))

                    collection.add((row["name"], threads, method), run)
    return collection.entries(("server", "threads", "method"))


def fixed_calls(context, row, server, connections, in_flight, calls):
    """Makes exactly so many calls, or a few more: those that were in flight at the end. Returns the generator's line."""
    command = [*context.generator(row), "--address", server.address, "--wire", row["wire"], "--connections",
               str(connections), "--in-flight", str(in_flight), "--calls", str(calls)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode != 0:
        raise measure.Failure(done.stderr.strip())
    return json.loads(done.stdout.splitlines()[-1])


def measure_cost(context):
    """System calls, allocations, instructions and bytes on the wire per call."""
    options = context.options
    with_perf = measure.can_count_with_perf()
    with_valgrind = bool(shutil.which("valgrind") and shutil.which("callgrind_annotate"))
    if not with_perf and not shutil.which("strace"):
        say("neither perf (with tracepoints) nor strace is here: no system calls are counted")
    if not with_valgrind:
        say("there is no valgrind here: no instructions are counted")
    results = []
    scenarios = ((16, 64, 30_000),) if options.quick else ((1, 1, 5_000), (16, 64, 100_000))
    for row in context.plain():
        if options.quick and row.get("scenarios") != "all":
            continue
        for connections, in_flight, calls in scenarios:
            say(f"cost per call: {row['name']}, {connections} x {in_flight}")
            entry = {"server": row["name"], "connections": connections, "in_flight": in_flight,
                     "system_calls_counted_with": "perf" if with_perf else "strace"}
            with unless_it_fails(row["name"]):
                if with_perf or shutil.which("strace"):
                    with measure.Server(row, context.folders, options.server_core) as server:
                        fixed_calls(context, row, server, connections, in_flight, calls // 10)
                        with measure.counting_system_calls(server.pid, with_perf) as count:
                            made = fixed_calls(context, row, server, connections, in_flight, calls)
                        entry["system_calls"] = count[0] / made["calls"]
                        entry["request_bytes"], entry["reply_bytes"] = made["request_bytes"], made["reply_bytes"]
            if row["allocations"]:
                with unless_it_fails(row["name"]):
                    entry["allocations"] = count_allocations(context, row, connections, in_flight, calls)
            # Go's programs do not run under valgrind as they do without.
            wanted = row["group"] != "go" and (not options.quick or row.get("open") and row["group"] != "peer")
            if with_valgrind and wanted and in_flight > 1:
                with unless_it_fails(f"{row['name']}, valgrind"):
                    entry |= count_instructions(context, row, connections, in_flight, calls)
            results.append(entry)
    return results


def count_allocations(context, row, connections, in_flight, calls):
    preload = row["allocations"] == "preload"
    counter = measure.PreloadCounter(context.program(["{build}/bench_alloc_counter.so"])[0]) if preload else measure.SignalCounter()
    with measure.Server(row, context.folders, context.options.server_core, environment=counter.environment) as server:
        fixed_calls(context, row, server, connections, in_flight, calls // 10)
        before = counter.count(server)
        made = fixed_calls(context, row, server, connections, in_flight, calls)["calls"]
        return (counter.count(server) - before) / made


# Where an instruction belongs, by the name of its function and of its library: the first that matches.
PARTS = [
    ("wire and codec", r"polyrpc::(gob|json|protobuf|grpc|http|connect|h2|http2|detail::base64)|nghttp2|llhttp|nlohmann|google::protobuf|Http|http|Codec|codec|Hpack|hpack"),
    ("sockets", r"asio::|epoll|recv|send|sock|read_some|write_some|\bread\b|\bwrite\b|poll"),
    ("handler", r"bench::|main::"),
    ("engine", r"polyrpc"),
    ("C and C++ library", r"libc\.so|libc-|libstdc\+\+|ld-linux|libm\.|malloc|free|mem(cpy|move|set|cmp|chr)|operator new|operator delete|std::"),
]


def count_instructions(context, row, connections, in_flight, calls):
    """The difference between a long and a short run, so that start and end do not count."""
    runs = []
    for factor in (0.02, 0.1):
        made = []

        def drive(server, number=int(calls * factor), made=made):
            made.append(fixed_calls(context, row, server, connections, in_flight, number)["calls"])

        runs.append((*measure.callgrind(row, context.folders, drive), made[0]))
    (few, few_by_function, few_calls), (many, many_by_function, many_calls) = runs
    calls = many_calls - few_calls
    by_part = {name: 0.0 for name, _ in PARTS} | {"other": 0.0}
    for what, count in many_by_function.items():
        part = next((name for name, pattern in PARTS if re.search(pattern, what)), "other")
        by_part[part] += (count - few_by_function.get(what, 0)) / calls
    return {"instructions": (many - few) / calls, "instructions_by_part": by_part}


def measure_idle(context):
    """Resident memory for each connection that has made two calls and is now idle."""
    options, results = context.options, []
    idle = context.program(["{build}/bench_idle"])
    for row in context.rows:
        if row.get("idle") is False:
            continue
        for connections in (1_000,) if options.quick else (1_000, 10_000):
            if connections + 200 > context.descriptors:
                say(f"only {context.descriptors} descriptors are allowed here, so {connections} connections are left out")
                continue
            say(f"idle connections: {row['name']}, {connections}")
            command = ["--wire", row["wire"], "--tls", str(int(row.get("tls", False)))]
            still = 0.25 if options.quick else 0.5
            with unless_it_fails(row["name"]), measure.Server(row, context.folders, options.server_core) as server:
                with hold(context, [*idle, "--address", server.address, *command, "--connections", "10"]):
                    pass
                before = measure.settled_rss(server.pid, still)
                with hold(context, [*idle, "--address", server.address, *command, "--connections", str(connections)]):
                    after = measure.settled_rss(server.pid, still)
                results.append({"server": row["name"], "connections": connections,
                                "bytes_per_connection": (after - before) / connections, "resident_before": before})
    return results


@contextlib.contextmanager
def hold(context, command):
    """Connections that are open in the block."""
    client = measure.start(command, context.options.client_core, stderr=subprocess.PIPE)
    try:
        if client.stdout.readline() != "idle\n":
            raise measure.Failure(client.stderr.read().strip())
        yield
    finally:
        measure.stop(client)


def measure_codecs(context):
    """Interleaved as the others. A loop that only computes is disturbed in one direction: the fastest repetition counts."""
    options, best = context.options, {}
    rounds = ["--rounds", "1", "--milliseconds", "10"] if options.quick else ["--rounds", "3", "--milliseconds", "30"]
    for repetition in range(options.repetitions):
        for codec in servers.CODECS:
            command = context.program(codec["command"])
            if not os.access(command[0], os.X_OK):
                say(f"left out, its program is not there: codecs of {codec['name']}")
                continue
            say(f"codecs: {repetition + 1} of {options.repetitions}, {codec['name']}")
            process = measure.start([*measure.REAL_TIME, *command, *rounds], options.client_core)
            lines = process.stdout.readlines()
            process.wait()
            measure.stop(process)
            if process.returncode != 0:
                say(f"  {command[0]} failed")
            for entry in (json.loads(line) for line in lines if line.startswith("{")):
                known = best.setdefault((entry["codec"], entry["value"]), entry)
                for metric in ("encode_ns", "decode_ns"):
                    known[metric] = min(known[metric], entry[metric])
    return list(best.values())


def measure_footprint(context):
    """Sizes of programs, libraries pulled, seconds to compile: footprint.py prints them as JSON."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "footprint.py")
    if not os.path.exists(script):
        say("there is no footprint.py: left out")
        return []
    say("footprint")
    command = [sys.executable, script, "--build", context.options.build]
    if context.options.quick:
        command += ["--quick", "--only", "polyrpc"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    text = done.stdout[done.stdout.find("["):]
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        say(f"  footprint.py prints no JSON (it ended with {done.returncode})")
        return []
