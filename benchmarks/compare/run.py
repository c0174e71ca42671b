#!/usr/bin/env python3
"""Measures every server of servers.py, and writes tables and plots into benchmarks/results/. See README.md.

    run.py               everything, about 30 minutes
    run.py --quick       about 4 minutes
    run.py --only gob    only servers whose name matches
"""

import argparse
import contextlib
import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time

import measure
import report
import servers

HERE = pathlib.Path(__file__).resolve().parent
BENCHMARKS = HERE.parent
ROOT = BENCHMARKS.parent
KIB, MIB = 1 << 10, 1 << 20

# (payload, connections, calls in flight on each). A MiB is not sent 1,024 times at once: that would measure how 1 GiB
# is allotted and collected.
FULL = [(payload, *shape) for payload in (32, KIB) for shape in ((1, 1), (1, 64), (1, 256), (16, 64), (64, 1))]
FULL += [(MIB, 1, 1), (MIB, 1, 4), (MIB, 4, 4)]
QUICK = [(32, 1, 1), (32, 1, 64), (32, 16, 64), (KIB, 16, 64), (MIB, 1, 4)]
QUICK_OWN_CLIENTS = [(32, 1, 1), (32, 16, 64), (MIB, 1, 4)]
ON_ONE_CORE = [(32, 1, 1)]

# A run in which something else took more than this share of a core is made again, up to so many times altogether.
DISTURBED, AGAIN = 0.05, 3


def say(text):
    print(text, file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer scenarios, shorter, twice instead of three times")
    parser.add_argument("--only", default="", help="only servers whose name matches this expression")
    parser.add_argument("--parts", default="calls,clients,cost,idle,codecs,grpc", help="which parts to measure")
    parser.add_argument("--repetitions", type=int)
    parser.add_argument("--seconds", type=float, help="length of one run")
    parser.add_argument("--server-core", type=int)
    parser.add_argument("--client-core", type=int)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "benchmarks", help="build folder")
    parser.add_argument("--no-build", action="store_true", help="take the programs that are there")
    parser.add_argument("--instructions", action="store_true", help="count instructions with valgrind (slow)")
    parser.add_argument("--out", type=pathlib.Path, default=BENCHMARKS / "results")
    options = parser.parse_args()
    options.repetitions = options.repetitions or (2 if options.quick else 3)
    options.seconds = options.seconds or (0.6 if options.quick else 1.5)
    options.warmup = 0.2 if options.quick else 0.4
    options.parts = options.parts.split(",")
    cores = sorted(os.sched_getaffinity(0))
    if options.server_core is None:
        options.server_core = cores[0]
    if options.client_core is None:
        options.client_core = cores[-1]
    return options


def build(options):
    """Builds the C++ and Go programs. Returns the folders for servers.py."""
    go_folder = options.build / "go"
    if not options.no_build:
        say("building")
        subprocess.run(["cmake", "-S", ROOT, "-B", options.build, "-DCMAKE_BUILD_TYPE=Release", "-DPOLYRPC_BENCHMARKS=ON",
                        "-DPOLYRPC_TESTS=OFF", "-DPOLYRPC_EXAMPLES=OFF", "-DPOLYRPC_FUZZERS=OFF"],
                       check=True, stdout=sys.stderr)
        subprocess.run(["cmake", "--build", options.build, "--target", "polyrpc_benchmarks", "--parallel"], check=True,
                       stdout=sys.stderr)
        go_folder.mkdir(parents=True, exist_ok=True)
        if shutil.which("go"):
            for module, packages in ((HERE / "peers" / "go", ["./echo_server", "./echo_client"]), (BENCHMARKS / "codecs" / "go", ["."])):
                subprocess.run(["go", "build", "-o", f"{go_folder}{os.sep}", *packages], cwd=module, check=True)
            for program in ("echo_server", "echo_client"):
                subprocess.run(["go", "build", "-o", f"{go_folder}{os.sep}grpc_{program}", f"./{program}"],
                               cwd=HERE / "peers" / "go_grpc", check=True)
        else:
            say("there is no go here: its rows stay empty")
    programs = options.build / "benchmarks" if (options.build / "benchmarks").is_dir() else options.build
    return {"build": str(programs), "go": str(go_folder)}


def available(rows, folders, options):
    chosen = []
    for row in rows:
        if not re.search(options.only, row["name"]):
            continue
        if not os.access(row["command"][0].format(**folders), os.X_OK):
            say(f"left out, its program is not there: {row['name']}")
            continue
        chosen.append(row)
    return chosen


def client_command(program, row, address, scenario, options):
    payload, connections, in_flight = scenario
    return [*program, "--address", address, "--wire", row["wire"], "--payload", str(payload), "--connections",
            str(connections), "--in-flight", str(in_flight), "--warmup", str(options.warmup), "--seconds", str(options.seconds)]


def run_once(program, row, server, scenario, core, options):
    """One run, made again while others disturb it; the least disturbed one counts."""
    best = None
    for _ in range(AGAIN):
        result = measure.run_client(client_command(program, row, server.address, scenario, options), core, server.pid)
        if best is None or result["disturbed_share"] < best["disturbed_share"]:
            best = result
        if best["disturbed_share"] <= DISTURBED:
            break
    return best


def measure_calls(rows, folders, options, own_clients):
    """Repetitions are interleaved: each goes through all scenarios and, within one, through all servers."""
    chosen = (QUICK_OWN_CLIENTS if own_clients else QUICK) if options.quick else FULL
    scenarios = [(scenario, "two cores") for scenario in chosen]
    if not own_clients:
        scenarios += [(scenario, "one core") for scenario in ON_ONE_CORE]
    generator = [f"{folders['build']}/bench_generator"]
    runs = {}
    for repetition in range(options.repetitions):
        for scenario, layout in scenarios:
            say(f"calls{' with their own clients' if own_clients else ''}: {repetition + 1} of {options.repetitions}, "
                f"{report.scenario_name(scenario)}, {layout}")
            for row in rows:
                program = generator
                if own_clients:
                    program = [part.format(**folders) for part in row["client"] or generator]
                core = options.client_core if layout == "two cores" else options.server_core
                key = (row["name"], scenario, layout)
                try:
                    with measure.Server(row, folders, options.server_core) as server:
                        runs.setdefault(key, []).append(run_once(program, row, server, scenario, core, options))
                except measure.Failure as failure:
                    say(f"  {row['name']}: {failure}")
                    runs.setdefault(key, []).append(None)
    results = []
    for (name, scenario, layout), each in runs.items():
        good = [run for run in each if run is not None]
        entry = {"server": name, "payload": scenario[0], "connections": scenario[1], "in_flight": scenario[2],
                 "layout": layout, "failed": len(each) - len(good),
                 "disturbed": sum(run["disturbed_share"] > DISTURBED for run in good)}
        for metric in sorted({metric for run in good for metric in run}):
            values = [run[metric] for run in good if metric in run]
            entry[metric] = {"median": statistics.median(values), "low": min(values), "high": max(values)}
        results.append(entry)
    return results


def fixed_calls(folders, row, server, connections, in_flight, calls):
    """Makes exactly so many calls, or a few more: those that were in flight at the end."""
    command = [f"{folders['build']}/bench_generator", "--address", server.address, "--wire", row["wire"], "--connections",
               str(connections), "--in-flight", str(in_flight), "--calls", str(calls)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise measure.Failure(done.stderr.strip())
    return json.loads(done.stdout.splitlines()[-1])["calls"]


def measure_cost(rows, folders, options):
    """System calls, allocations and, if asked for, instructions of the server per call."""
    with_perf = measure.can_count_with_perf()
    if not with_perf and not shutil.which("strace"):
        say("neither perf (with tracepoints) nor strace is here: no system calls are counted")
    results = []
    scenarios = ((1, 1, 2_500), (16, 64, 50_000)) if options.quick else ((1, 1, 10_000), (16, 64, 200_000))
    for row in rows:
        for connections, in_flight, calls in scenarios:
            say(f"cost per call: {row['name']}, {connections} x {in_flight}")
            entry = {"server": row["name"], "connections": connections, "in_flight": in_flight,
                     "system_calls_counted_with": "perf" if with_perf else "strace"}
            with contextlib.suppress(measure.Failure):
                if with_perf or shutil.which("strace"):
                    with measure.Server(row, folders, options.server_core) as server:
                        fixed_calls(folders, row, server, connections, in_flight, calls // 10)
                        with measure.counting_system_calls(server.pid, with_perf) as count:
                            made = fixed_calls(folders, row, server, connections, in_flight, calls)
                        entry["system_calls"] = count[0] / made
            if row["allocations"]:
                library = f"{folders['build']}/bench_alloc_counter.so"
                counter = measure.PreloadCounter(library) if row["allocations"] == "preload" else measure.SignalCounter()
                with measure.Server(row, folders, options.server_core, environment=counter.environment) as server:
                    fixed_calls(folders, row, server, connections, in_flight, calls // 10)
                    before = counter.count(server)
                    made = fixed_calls(folders, row, server, connections, in_flight, calls)
                    entry["allocations"] = (counter.count(server) - before) / made
            if options.instructions and row["group"] in ("polyrpc", "limit") and shutil.which("valgrind"):
                entry["instructions"] = measure_instructions(row, folders, connections, in_flight, calls)
            results.append(entry)
    return results


def measure_instructions(row, folders, connections, in_flight, calls):
    """The difference between a long and a short run, so that start and end do not count."""
    made, executed = [], []
    for factor in (0.02, 0.2):
        executed.append(measure.callgrind_instructions(
            row, folders, lambda server, n=int(calls * factor): made.append(
                fixed_calls(folders, row, server, connections, in_flight, n))))
    return (executed[1] - executed[0]) / (made[1] - made[0])


def measure_idle(rows, folders, options, descriptors):
    """Resident memory for each connection that has made a call and is now idle."""
    results = []
    for row in rows:
        for connections in (1_000,) if options.quick else (1_000, 10_000):
            if connections + 200 > descriptors:
                say(f"only {descriptors} descriptors are allowed here, so {connections} connections are left out")
                continue
            say(f"idle connections: {row['name']}, {connections}")
            with measure.Server(row, folders, options.server_core) as server:
                fixed_calls(folders, row, server, 1, 1, 1_000)
                before = measure.settled_rss(server.pid)
                command = [f"{folders['build']}/bench_generator", "--address", server.address, "--wire", row["wire"],
                           "--connections", str(connections), "--idle", "1"]
                client = measure.start(command, options.client_core, stderr=subprocess.PIPE)
                try:
                    line = client.stdout.readline()
                    if line != "idle\n":
                        say(f"  {client.stderr.read().strip()}")
                        continue
                    after = measure.settled_rss(server.pid)
                finally:
                    measure.stop(client)
            results.append({"server": row["name"], "connections": connections,
                            "bytes_per_connection": (after - before) / connections, "resident_before": before})
    return results


def measure_codecs(folders, options):
    results = []
    for codec in servers.CODECS:
        command = [part.format(**folders) for part in codec["command"]]
        if not os.access(command[0], os.X_OK):
            say(f"left out, its program is not there: codecs of {codec['name']}")
            continue
        say(f"codecs: {codec['name']}")
        rounds = ["--rounds", "3", "--milliseconds", "30"] if options.quick else ["--rounds", "7", "--milliseconds", "100"]
        process = measure.start(command + rounds, options.client_core)
        lines = process.stdout.readlines()
        process.wait()
        measure.stop(process)
        if process.returncode != 0:
            raise measure.Failure(f"{command[0]} failed")
        results += [json.loads(line) for line in lines]
    return results


def output_of(*command):
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()
    return ""


def environment(options):
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as cpuinfo:
        models = re.findall(r"^model name\s*:\s*(.*)$", cpuinfo.read(), re.MULTILINE)
    compiler = ""
    cache = options.build / "CMakeCache.txt"
    if cache.exists():
        found = re.search(r"^CMAKE_CXX_COMPILER:\w+=(.*)$", cache.read_text(), re.MULTILINE)
        compiler = (output_of(found.group(1), "--version").splitlines() or [""])[0] if found else ""
    virtual = output_of("systemd-detect-virt") or "unknown"
    dirty = bool(output_of("git", "status", "--porcelain", "--", "include", "src", "codecs", "benchmarks/compare"))
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": (output_of("git", "rev-parse", "--short", "HEAD") or "unknown") + (" and uncommitted changes" if dirty else ""),
        "processor": f"{len(models)} x {models[0] if models else platform.machine()}",
        "virtualisation": virtual,
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30), 1),
        "kernel": f"{platform.system()} {platform.release()}",
        "compiler": compiler,
        "go": output_of("go", "version").removeprefix("go version "),
        "mode": "quick" if options.quick else "full",
        "repetitions": options.repetitions,
        "seconds": options.seconds,
        "server_core": options.server_core,
        "client_core": options.client_core,
    }


def main():
    options = arguments()
    started = time.monotonic()
    descriptors = measure.raise_descriptor_limit()
    folders = build(options)
    rows = available(servers.SERVERS, folders, options)
    results = {"environment": environment(options)}
    if "calls" in options.parts:
        results["calls"] = measure_calls(rows, folders, options, own_clients=False)
    if "clients" in options.parts:
        with_client = [row for row in rows if row["client"] is None or
                       os.access(row["client"][0].format(**folders), os.X_OK)]
        results["own_clients"] = measure_calls(with_client, folders, options, own_clients=True)
    if "cost" in options.parts:
        results["cost"] = measure_cost(rows, folders, options)
    if "idle" in options.parts:
        results["idle"] = measure_idle(rows, folders, options, descriptors)
    if "codecs" in options.parts:
        results["codecs"] = measure_codecs(folders, options)
    results["environment"]["minutes"] = round((time.monotonic() - started) / 60, 1)
    report.write(results, servers, options.out)
    say(f"written to {options.out}")
    if "grpc" in options.parts:
        import grpc  # grpc.py, which gives this process real-time priority: so it is last

        grpc.measure_and_write(options)


if __name__ == "__main__":
    try:
        main()
    except measure.Failure as failure:
        sys.exit(f"run.py: {failure}")
