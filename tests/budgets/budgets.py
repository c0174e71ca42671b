#!/usr/bin/env python3
"""Compares what calls cost with tests/budgets/budgets.txt.

    budgets.py counters PROGRAM        system calls, allocations, bytes on the wire, heap of connections at rest
    budgets.py instructions PROGRAM    instructions, with valgrind's callgrind
    budgets.py profile PROGRAM CASE    which functions the instructions of a case are in, the first calls included
    budgets.py show PROGRAM            measures everything and prints the table
    budgets.py update PROGRAM          measures everything and writes budgets.txt anew, and the table in docs/performance.md
    budgets.py update                  the same, and builds the program first, in build/budgets
    budgets.py build FOLDER            builds the program: FOLDER/budgets
    budgets.py selftest                proves that a comparison can fail

Exits with 1 when something costs more than its budget, with 77 when it cannot be measured here. What costs less than 80 %
of its budget is named, so that budgets follow.
"""

import json
import math
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FILE = HERE / "budgets.txt"
COUNTERS = ["system calls", "allocations", "bytes", "heap"]
COLUMNS = ["instructions", *COUNTERS]
# What a budget has above what was measured. Compilers of one major version differ by less; an allocation more for every
# other call shows.
HEADROOM = {"instructions": 1.10, "system calls": 1.10, "allocations": 1.10, "bytes": 1.02, "heap": 1.10}
MOST_ROOM = {"allocations": 0.3}
# A client with a loop looks whether a connection that has rested has ended, if the clock says so: one more each batch.
LOOKS = re.compile(r"^client .* 64\b")
ONE_LOOK = 0.017
DIGITS = {"instructions": 0, "system calls": 3, "allocations": 2, "bytes": 1, "heap": 0}
NOTE_BELOW = 0.8
# The scheduler decides how threads take turns: measured for docs/performance.md, without a budget.
UNSTEADY = re.compile(r" blocking$")
NO_INSTRUCTIONS = re.compile(r" blocking$|^idle ")

# The table of docs/performance.md: what is added, the case that has it, the case that does not.
PAGE = ROOT / "docs" / "performance.md"
COSTS = [
    ("gob: the handler takes a `Context&`", "server gob 64 context", "server gob 64"),
    ("gob: its argument owns its bytes (`vector`, not `span`)", "server gob 64 copy", "server gob 64"),
    ("gob: the handler is a coroutine", "server gob 64 coroutine", "server gob 64 copy"),
    ("gob: the handler is `blocking`", "server gob 64 blocking", "server gob 64 copy"),
    ("gob: an interceptor that passes calls on", "server gob 64 interceptor", "server gob 64 copy"),
    ("gob: the caller sends a deadline", "server gob 64 deadline", "server gob 64"),
    ("gob: the caller sends two metadata entries", "server gob 64 metadata", "server gob 64"),
    ("gob: the call fails with a status", "server gob 64 error", "server gob 64 copy"),
    ("gob: TLS, 64 calls in flight", "server gob 64 tls", "server gob 64"),
    ("gob: TLS, one call at a time", "server gob 1 tls", "server gob 1"),
    ("gRPC: the handler is a coroutine (and owns its argument)", "server grpc 64 coroutine", "server grpc 64"),
    ("gRPC: an interceptor that passes calls on (the same)", "server grpc 64 interceptor", "server grpc 64"),
    ("gRPC: the caller sends a deadline", "server grpc 64 deadline", "server grpc 64"),
    ("gRPC: the caller sends two metadata entries", "server grpc 64 metadata", "server grpc 64"),
    ("gRPC: the call fails with a status", "server grpc 64 error", "server grpc 64"),
    ("gRPC: TLS, 64 calls in flight", "server grpc 64 tls", "server grpc 64"),
    ("gRPC: gzip of 1 KiB, in and out", "server grpc 16 1KiB,gzip", "server grpc 16 1KiB"),
    ("client, gob: `co_await` instead of a callback", "client gob 64 coroutine", "client gob 64"),
    ("client, gob: an interceptor that passes calls on", "client gob 64 interceptor", "client gob 64"),
    ("client, gob: a deadline of the call's own", "client gob 64 deadline", "client gob 64"),
    ("client, gob: two metadata entries", "client gob 64 metadata", "client gob 64"),
]

HEAD = """\
# What a call may cost at most, and behind it what it cost when this was written: by scripts/budgets, not by hand.
# Instructions in user mode, system calls, allocations and bytes on the wire (both ways) are those of one side and one call
# (grpc-stream: one message), heap is bytes a connection that has made two calls and rests. The argument and the reply are
# two int64 and 32 bytes. A line is SIDE WIRE IN-FLIGHT [WITH]; in flight of `idle` is connections. See docs/performance.md.
# Instructions hold for: {compiler}
"""


def fail(why, code=1):
    print(f"budgets: {why}", file=sys.stderr)
    sys.exit(code)


def compiler():
    """The major version decides how many instructions there are, and so does the processor's family."""
    command = os.environ.get("CXX", "g++")
    text = subprocess.run([command, "--version"], capture_output=True, text=True, check=False).stdout.splitlines()
    version = subprocess.run([command, "-dumpversion"], capture_output=True, text=True, check=False).stdout.strip()
    name = "clang" if text and "clang" in text[0] else "g++"
    return f"{name} {version.split('.')[0]}, {platform.machine()}"


def build(folder):
    folder = pathlib.Path(folder)
    cmake = os.environ.get("CMAKE", "cmake")
    launcher = os.environ.get("CMAKE_CXX_COMPILER_LAUNCHER") or shutil.which("ccache")
    command = [cmake, "-G", "Ninja", "-S", str(HERE / "project"), "-B", str(folder), "-DCMAKE_BUILD_TYPE=Release",
               f"-DPOLYRPC_SOURCE={ROOT}", f"-DCMAKE_CXX_COMPILER={os.environ.get('CXX', 'c++')}"]
    if launcher:
        command += [f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}", f"-DCMAKE_C_COMPILER_LAUNCHER={launcher}"]
    subprocess.run(command, check=True)
    subprocess.run([cmake, "--build", str(folder), "--parallel", "2", "--target", "budgets"], check=True)
    return folder / "budgets"


# ---- measuring ----


def run_program(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, timeout=600)
    if done.returncode != 0:
        fail(f"{' '.join(command)} ended with {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def count(program):
    """{case: {counter: value}}"""
    return {line["case"]: {name: line[name] for name in COUNTERS if name in line} for line in run_program([program])}


def callgrind(out, *arguments):
    """The command that counts the measured side alone."""
    if not shutil.which("valgrind"):
        fail("no valgrind here, so instructions are not counted (Debian's valgrind)", 77)
    return ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}", "--toggle-collect=budgets_collect",
            "--toggle-collect=budgets_exclude", *arguments]


def profile(program, case):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "callgrind"
        run_program(callgrind(out, program, case))
        text = subprocess.run(["callgrind_annotate", "--auto=no", str(out)], capture_output=True, text=True, check=True).stdout
    lines = text[text.index("Ir  "):].splitlines()
    for line in [line for line in lines if re.match(r"[ \d]", line)][:40]:
        line = re.sub(r"\[[^\]]*\]$", "", line).replace("polyrpc::", "").rstrip()
        print(line if len(line) <= 140 else line[:137] + "...")


def count_instructions(program):
    """The same, of what callgrind can count."""
    listed = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.splitlines()
    cases = [case for case in listed if not NO_INSTRUCTIONS.search(case)]
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "callgrind"
        lines = run_program(callgrind(out, "--zero-before=budgets_begin", "--dump-before=budgets_end", program, *cases))
        found = {}
        for number, line in enumerate(lines, 1):
            text = out.with_name(f"callgrind.{number}").read_text()
            total = int(re.search(r"^(?:totals|summary): (\d+)", text, re.MULTILINE).group(1))
            found[line["case"]] = {"instructions": total / line["calls"]}
    return found


# ---- the file ----


def read(text):
    """{case: {column: (budget, measured)}}, and the compiler of the instructions"""
    budgets = {}
    columns = []
    made_by = re.search(r"^# Instructions hold for: (.*)$", text, re.MULTILINE)
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        case, *cells = [cell.strip() for cell in line.split("|")]
        if not case:
            columns = cells
            continue
        budgets[case] = {}
        for column, cell in zip(columns, cells):
            match = re.fullmatch(r"([\d.]+) \(([\d.]+)\)", cell)
            if match:
                budgets[case][column] = (float(match.group(1)), float(match.group(2)))
    return budgets, made_by.group(1) if made_by else ""


def budget_for(case, column, value):
    """The headroom, in the file's digits, rounded up."""
    digits = DIGITS[column]
    room = min(value * (HEADROOM[column] - 1), MOST_ROOM.get(column, math.inf))
    if column == "system calls" and LOOKS.search(case):
        room = max(room, ONE_LOOK)
    return math.ceil(round((value + room) * 10 ** digits, 6)) / 10 ** digits


def write(measured, made_by):
    def cell(case, values, column):
        if column not in values:
            return ""
        value = values[column]
        return f"{budget_for(case, column, round(value, DIGITS[column])):.{DIGITS[column]}f} ({value:.{DIGITS[column]}f})"

    parts = [HEAD.format(compiler=made_by)]
    before = None
    for case, values in measured.items():
        if UNSTEADY.search(case):
            continue
        idle = case.startswith("idle ")
        columns = ["heap"] if idle else COLUMNS[:4]
        group = (case.split()[0], len(case.split()) > 3)
        if group != before:
            if before is None or idle and before[0] != "idle":
                parts.append(" | ".join([" " * 30, *[f"{column:>15}" for column in columns]]))
            elif before is not None and not idle:
                parts.append("")
            before = group
        parts.append(" | ".join([f"{case:30}", *[f"{cell(case, values, column):>15}" for column in columns]]))
    text = "\n".join(line.rstrip() for line in "\n".join(parts).splitlines())
    # The second head stands apart.
    return re.sub(r"\n( +\| +heap\n)", r"\n\n\1", text) + "\n"


def cost_table(measured):
    """What each thing adds to a call, in Markdown."""
    rows = ["| added | instructions | allocations | system calls | bytes on the wire |", "| --- | ---: | ---: | ---: | ---: |"]
    for what, case, plain in COSTS:
        cells = [what]
        for column in ("instructions", "allocations", "system calls", "bytes"):
            if column not in measured[case] or column not in measured[plain]:
                cells.append("not counted")
                continue
            more = measured[case][column] - measured[plain][column]
            text = f"{more:+,.0f}" if column in ("instructions", "bytes") else f"{more:+.2f}"
            cells.append("0" if float(text.replace(",", "")) == 0 else text)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def plain_table(measured):
    """What a call costs on each wire, in Markdown."""
    rows = ["| wire | server, 64 in flight | server, one at a time | client, 64 in flight | client, blocking | bytes at rest |",
            "| --- | ---: | ---: | ---: | ---: | ---: |"]

    def cell(case):
        if case not in measured:
            return ""
        values = measured[case]
        if "heap" in values:
            return f"{values['heap']:,.0f}"
        allocations = round(values["allocations"], 1)
        return f"{values['instructions']:,.0f}" + (f" ({allocations:g})" if allocations else "")

    for wire in dict.fromkeys(case.split()[1] for case in measured if case.startswith("server ")):
        cells = [cell(f"{kind} {wire} {number}") for kind, number in
                 (("server", 64), ("server", 1), ("client", 64), ("client", 1), ("idle", 200))]
        rows.append(f"| {wire} | {' | '.join(cells)} |")
    return "\n".join(rows)


def write_page(measured, made_by):
    page = PAGE.read_text()
    for name, table in (("plain", plain_table(measured)), ("costs", cost_table(measured))):
        page, times = re.subn(rf"(<!-- {name}:[^>]*-->\n).*?(<!-- end -->)",
                              lambda match, table=table: f"{match.group(1)}\n{table}\n\n{match.group(2)}", page, flags=re.DOTALL)
        assert times == 1, name
    page = re.sub(r"(?<=Counted with ).*?(?=\.\n)", made_by, page)
    PAGE.write_text(page)


# ---- comparing ----


def compare(measured, budgets, columns):
    """Findings and notes."""
    findings, notes = [], []
    for case, values in measured.items():
        for column in columns:
            if column not in values or UNSTEADY.search(case):
                continue
            value = round(values[column], DIGITS[column])
            if column not in budgets.get(case, {}):
                findings.append(f"{case}: {value:g} {column}, and no budget for it: run scripts/budgets")
                continue
            budget, before = budgets[case][column]
            if value > budget:
                findings.append(f"{case}: {value:g} {column}, the budget is {budget:g} ({before:g} when it was written)")
            elif value < min(budget * NOTE_BELOW, before) and not (column == "system calls" and LOOKS.search(case)):
                notes.append(f"{case}: {value:g} {column}, far below the budget of {budget:g}: tighten it")
    for case, values in budgets.items():
        if case not in measured and any(column in values for column in columns):
            findings.append(f"{case}: has a budget and is not measured")
    return findings, notes


def check(measured, columns):
    budgets, _ = read(FILE.read_text())
    findings, notes = compare(measured, budgets, columns)
    for note in notes:
        print(f"note: {note}")
    for finding in findings:
        print(f"FAILED: {finding}")
    if findings:
        fail(f"{len(findings)} of {len(measured)} cases cost more than they may. Where that is meant, scripts/budgets "
             "writes new budgets; where not, docs/performance.md says how to find what it is.")
    print(f"{len(measured)} cases within their budgets")


def measure_all(program):
    measured = count(program)
    for case, values in count_instructions(program).items():
        measured[case].update(values)
    return measured


def selftest():
    measured = {"server gob 64": {"instructions": 500.4, "system calls": 0.0625, "allocations": 7, "bytes": 80},
                "idle gob 200": {"heap": 900.0}}
    text = write(measured, "g++ 12, x86_64")
    budgets, made_by = read(text)
    assert made_by == "g++ 12, x86_64", text
    assert budgets["server gob 64"] == {"instructions": (550, 500), "system calls": (0.069, 0.062), "allocations": (7.3, 7),
                                        "bytes": (81.6, 80)}, budgets
    assert budgets["idle gob 200"] == {"heap": (990, 900)}, budgets
    assert compare(measured, budgets, COLUMNS) == ([], []), compare(measured, budgets, COLUMNS)

    def findings(case, column, value, columns=COLUMNS):
        changed = {name: dict(values) for name, values in measured.items()}
        changed.setdefault(case, {})[column] = value
        return compare(changed, budgets, columns)

    worse, _ = findings("server gob 64", "allocations", 8)
    assert worse == ["server gob 64: 8 allocations, the budget is 7.3 (7 when it was written)"], worse
    assert budget_for("server gob 64", "allocations", 0) == 0
    assert budget_for("client gob 64", "system calls", 0.0625) > 5 / 64 > budget_for("server gob 64", "system calls", 0.0625)
    worse, _ = findings("server gob 64", "instructions", 551)
    assert len(worse) == 1 and "551" in worse[0] and "550" in worse[0], worse
    assert findings("server gob 64", "instructions", 551, ["allocations"]) == ([], [])
    _, notes = findings("idle gob 200", "heap", 700)
    assert len(notes) == 1 and "700" in notes[0] and "990" in notes[0], notes
    assert "no budget" in findings("server new 64", "bytes", 1)[0][0]
    assert "not measured" in compare({}, budgets, ["heap"])[0][0]


def main(arguments):
    match arguments:
        case ["build", folder]:
            build(folder)
        case ["counters", program]:
            check(count(program), COUNTERS)
        case ["instructions", program]:
            _, made_by = read(FILE.read_text())
            if compiler() != made_by:
                fail(f"instructions are not compared: the budgets are for {made_by}, this is {compiler()}", 77)
            check(count_instructions(program), ["instructions"])
        case ["profile", program, case]:
            profile(program, case)
        case ["show", program]:
            print(write(measure_all(program), compiler()), end="")
        case ["update", *program]:
            path = program[0] if program else build(ROOT / "build" / "budgets")
            measured = measure_all(str(path))
            FILE.write_text(write(measured, compiler()))
            write_page(measured, compiler())
            print(f"{FILE.relative_to(ROOT)} and {PAGE.relative_to(ROOT)} are written; git diff shows what has changed")
        case ["selftest"]:
            selftest()
        case _:
            print(__doc__, file=sys.stderr)
            sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
