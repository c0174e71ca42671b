#!/usr/bin/env python3
"""Measures every server of servers.py, and writes tables and plots into benchmarks/results/. See benchmarks/README.md.

    run.py               everything, 22 to 35 minutes
    run.py --quick       about 3 minutes
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
import subprocess
import sys
import time
import traceback

import measure
import parts
import report
import servers
from parts import say

HERE = pathlib.Path(__file__).resolve().parent
BENCHMARKS = HERE.parent
ROOT = BENCHMARKS.parent
PRIORITY = 10


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer scenarios, shorter, once instead of three times")
    parser.add_argument("--only", default="", help="only servers whose name matches this expression")
    parser.add_argument("--parts", default=",".join(parts.ALL), help="which parts to measure")
    parser.add_argument("--repetitions", type=int)
    parser.add_argument("--seconds", type=float, help="length of one run")
    parser.add_argument("--again", type=int, help="how often at most a run is made that others disturb")
    parser.add_argument("--server-core", type=int)
    parser.add_argument("--client-core", type=int)
    parser.add_argument("--real-time", action="store_true",
                        help="for a machine that is in use: servers and clients come before all other processes; "
                             "no good for the parts open and mixed, whose pacer the kernel then stops for 50 ms each second")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "benchmarks", help="build folder")
    parser.add_argument("--no-build", action="store_true", help="take the programs that are there")
    parser.add_argument("--add", action="store_true", help="keep the results of the other parts, from an earlier run")
    parser.add_argument("--report-only", action="store_true", help="write tables and plots of results.json again")
    parser.add_argument("--out", type=pathlib.Path, default=BENCHMARKS / "results")
    options = parser.parse_args()
    options.repetitions = options.repetitions or (1 if options.quick else 3)
    options.again = options.again or (1 if options.quick else 3)
    options.seconds = options.seconds or (0.2 if options.quick else 0.5)
    options.warmup = 0.1 if options.quick else 0.2
    options.parts = options.parts.split(",")
    if unknown := set(options.parts) - set(parts.ALL):
        parser.error(f"no parts {', '.join(unknown)}")
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
        ninja = ["-G", "Ninja"] if shutil.which("ninja") and not (options.build / "CMakeCache.txt").exists() else []
        subprocess.run(["cmake", *ninja, "-S", ROOT, "-B", options.build, "-DCMAKE_BUILD_TYPE=Release", "-DPOLYRPC_BENCHMARKS=ON",
                        "-DPOLYRPC_TESTS=OFF", "-DPOLYRPC_EXAMPLES=OFF", "-DPOLYRPC_FUZZERS=OFF"],
                       check=True, stdout=sys.stderr)
        subprocess.run(["cmake", "--build", options.build, "--target", "polyrpc_benchmarks", "--parallel"], check=True,
                       stdout=sys.stderr)
        go_folder.mkdir(parents=True, exist_ok=True)
        if shutil.which("go"):
            for module, packages in ((HERE / "peers" / "go", ["./echo_server", "./echo_client"]),
                                     (BENCHMARKS / "codecs" / "go", ["."])):
                subprocess.run(["go", "build", "-o", f"{go_folder}{os.sep}", *packages], cwd=module, check=True)
            for program in ("echo_server", "echo_client"):
                subprocess.run(["go", "build", "-o", f"{go_folder}{os.sep}grpc_{program}", f"./{program}"],
                               cwd=HERE / "peers" / "go_grpc", check=True)
        else:
            say("there is no go here: its rows stay empty")
    programs = options.build / "benchmarks" if (options.build / "benchmarks").is_dir() else options.build
    return {"build": str(programs), "go": str(go_folder), **make_certificate(options.build)}


def make_certificate(folder):
    names = {"certificate": folder / "bench.pem", "key": folder / "bench.key"}
    if shutil.which("openssl") and not names["key"].exists():
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
                        "3650", "-subj", "/CN=localhost", "-keyout", names["key"], "-out", names["certificate"]],
                       check=False, capture_output=True)
    return {name: str(path) for name, path in names.items()}


def missing_file(command, folders):
    """The first file that a command names and that is not there."""
    files = [os.path.expanduser(part.format(**folders)) for part in command if "{" in part or part == command[0]]
    return next((file for file in files if not os.path.exists(file) and not shutil.which(file)), None)


def available(rows, folders, options):
    """The rows whose programs are there, and the names of the others."""
    chosen, left_out = [], []
    for row in rows:
        if not re.search(options.only, row["name"]):
            continue
        if missing := missing_file(row["command"], folders):
            say(f"left out, {missing} is not there: {row['name']}")
            left_out.append(row["name"])
        else:
            chosen.append(row)
    return chosen, left_out


def output_of(*command):
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()
    return ""


def version_of(package):
    kind, _, name = package.partition(":")
    if kind == "deb":
        return output_of("dpkg-query", "-W", "-f=${Version}", name)
    if kind == "go":
        for module in (HERE / "peers").glob("*/go.mod"):
            if found := re.search(rf"^\s*(?:require )?{re.escape(name)} (\S+)", module.read_text(), re.MULTILINE):
                return found[1]
    return ""


def environment(options, rows):
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as cpuinfo:
        models = re.findall(r"^model name\s*:\s*(.*)$", cpuinfo.read(), re.MULTILINE)
    compiler = ""
    cache = options.build / "CMakeCache.txt"
    if cache.exists():
        found = re.search(r"^CMAKE_CXX_COMPILER:\w+=(.*)$", cache.read_text(), re.MULTILINE)
        compiler = (output_of(found.group(1), "--version").splitlines() or [""])[0] if found else ""
    virtual = output_of("systemd-detect-virt") or "unknown"
    dirty = bool(output_of("git", "status", "--porcelain", "--", "include", "src", "codecs", "benchmarks/compare"))
    tools = {"h2load": output_of("h2load", "--version").rpartition("/")[2],
             "libnghttp2": version_of("deb:libnghttp2-14"),
             "valgrind": output_of("valgrind", "--version").removeprefix("valgrind-")}
    for row in rows:
        if package := row.get("package"):
            tools[package.partition(":")[2]] = version_of(package)
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": (output_of("git", "rev-parse", "--short", "HEAD") or "unknown") + (" and uncommitted changes" if dirty else ""),
        "processor": f"{len(models)} x {models[0] if models else platform.machine()}",
        "virtualisation": virtual,
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30), 1),
        "kernel": f"{platform.system()} {platform.release()}",
        "compiler": compiler,
        "go": output_of("go", "version").removeprefix("go version "),
        "versions": ", ".join(f"{name} {version}" for name, version in tools.items() if version),
        "mode": "quick" if options.quick else "full",
        "priority": f"real-time ({PRIORITY}), because other processes were using this machine" if measure.REAL_TIME else "ordinary",
        "repetitions": options.repetitions,
        "seconds": options.seconds,
        "server_core": options.server_core,
        "client_core": options.client_core,
    }


def be_real_time():
    try:
        # Above those measured, as this process reads their counters; they set their own.
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY + 10))
    except (OSError, AttributeError):
        say("real-time priority is not allowed here")
        return
    measure.REAL_TIME = ["chrt", "-f", str(PRIORITY)]


def main():
    options = arguments()
    stored = options.out / "results.json"
    if options.report_only:
        report.write(json.loads(stored.read_text()), servers, options.out)
        return
    started = time.monotonic()
    descriptors = measure.raise_descriptor_limit()
    folders = build(options)
    if options.real_time:
        be_real_time()
    rows, left_out = available(servers.SERVERS, folders, options)
    results = json.loads(stored.read_text()) if options.add and stored.exists() else {}
    before = results.get("environment", {})
    results["environment"] = environment(options, rows)
    if before:
        results["environment"]["parts_of_an_earlier_run"] = ", ".join(
            f"{part} ({before['date']}, {before['commit']})" for part in parts.ALL if part in results and part not in options.parts)
    if left_out:
        results["environment"]["left_out"] = ", ".join(left_out)
    took = {}
    context = parts.Context(rows=rows, folders=folders, options=options, descriptors=descriptors, results=results)
    for part in parts.ALL:
        if part in options.parts:
            began = time.monotonic()
            try:
                results[part] = getattr(parts, f"measure_{part}")(context)
            except Exception:  # what the other parts gave must not be lost
                say(f"the part {part} failed:\n{traceback.format_exc()}")
            took[part] = time.monotonic() - began
            # After each, so that what is there stays when the run is ended.
            results["environment"]["left_out_parts"] = ", ".join(part for part in parts.ALL if not results.get(part))
            results["environment"]["minutes"] = round((time.monotonic() - started) / 60, 1)
            results["environment"]["seconds_by_part"] = ", ".join(f"{part} {seconds:.0f}" for part, seconds in took.items())
            report.write(results, servers, options.out)
    say(f"written to {options.out}")


if __name__ == "__main__":
    try:
        main()
    except measure.Failure as failure:
        sys.exit(f"run.py: {failure}")
