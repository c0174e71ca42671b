"""Turns results into results.json, README.md and plots."""

import json
import re

import bars
import svg

PAYLOADS = {32: "32 B", 1 << 10: "1 KiB", 1 << 20: "1 MiB"}
GROUPS = {"limit": "no RPC", "go": "Go", "peer": "C++ peers", "polyrpc": "polyrpc"}
BUSY = (32, 16, 64)
LINES = {"raw echo, batching": "#8d99a6", "Go net/rpc": "#4f94d4", "Go jsonrpc": "#3aa6a6", "grpc-go": "#1f5fa8", "gRPC C++": "#9a78c8",
         "polyrpc gob": "#e8743b", "polyrpc protobuf": "#c9a227", "polyrpc JSON-RPC 1.0": "#d4557e", "polyrpc JSON-RPC, HTTP": "#45a06f",
         "polyrpc gRPC": "#b0482a"}


def payload_name(payload):
    return PAYLOADS.get(payload, f"{payload} B")


def scenario_name(scenario):
    payload, connections, in_flight = scenario
    return f"{connections} x {in_flight}, {payload_name(payload)}"


def table(head, rows):
    if not rows:
        return ""
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join(["---"] + ["---:"] * (len(head) - 1)) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def thousands(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def small(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.095 else f"{value:.3f}"


def percent(value):
    return f"{100 * value:.0f} %"


def spread(entry):
    """Half the distance between the extremes, in per cent of the median."""
    if not entry["median"]:
        return ""
    share = (entry["high"] - entry["low"]) / 2 / entry["median"] * 100
    return f" <sub>{share:.0f} %</sub>" if share >= 1 else ""


def cell(entry, metric, text):
    """A measured value in a table; what was not measured is empty."""
    if entry is None:
        return ""
    value = entry.get(metric)
    if value is None:
        return "failed" if entry.get("failed") else ""
    if not isinstance(value, dict):
        return text(value)
    return text(value["median"]) + spread(value) + (" *" if entry.get("disturbed") else "")


class Calls:
    """The entries of one list of results, by server and scenario."""

    def __init__(self, entries, layout):
        self.by_key = {(e["server"], (e["payload"], e["connections"], e["in_flight"])): e
                       for e in entries if e["layout"] == layout}
        self.servers = list(dict.fromkeys(server for server, _ in self.by_key))
        self.scenarios = list(dict.fromkeys(scenario for _, scenario in self.by_key))

    def get(self, server, scenario, metric):
        return self.by_key.get((server, scenario), {}).get(metric)

    def table(self, metric, text=small, payload=None):
        scenarios = [s for s in self.scenarios if payload is None or s[0] == payload]
        rows = [[server, *(cell(self.by_key.get((server, scenario)), metric, text) for scenario in scenarios)]
                for server in self.servers]
        return table(["", *(scenario_name(s) for s in scenarios)], [row for row in rows if any(row[1:])])


class Report:
    def __init__(self, results, servers):
        self.results = results
        self.rows = {row["name"]: row for row in servers.SERVERS}
        self.parts, self.plots = [], {}
        env = results["environment"]
        self.method = f"median of {env['repetitions']} run{'s' if env['repetitions'] > 1 else ''} of {env['seconds']:g} s"

    def text(self, *paragraphs):
        self.parts.extend(paragraph for paragraph in paragraphs if paragraph)

    def plot(self, name, chart):
        if chart:
            self.plots[name] = chart
            self.parts.append(f"![{name.replace('_', ' ')}]({name}.svg)")

    def group(self, server):
        return self.rows.get(server, {}).get("group", "peer")

    def colour(self, server):
        return svg.COLOURS[self.group(server)]

    def legend(self, names):
        groups = {self.group(name) for name in names}
        return [(GROUPS[group], svg.COLOURS[group]) for group in GROUPS if group in groups]

    def bars_of(self, calls, scenario, metric, title, subtitle, axis, logarithmic, order):
        found = []
        for server in calls.servers:
            value = calls.get(server, scenario, metric)
            if value:
                found.append((server, [(self.colour(server), value["median"], value["low"], value["high"])]))
        found.sort(key=lambda bar: bar[1][0][1], reverse=order == "falling")
        return svg.bar_chart(title, subtitle, axis, found, logarithmic, self.legend(server for server, _ in found))

    def head(self):
        env = self.results["environment"]
        self.text("# Benchmark results",
                  "Written by `scripts/bench`; what is measured and how stands in [the README](../README.md).",
                  table(["", ""], [[name.replace("_", " "), str(value)] for name, value in env.items() if value not in ("", None)]),
                  "A small figure behind a value is its spread, half the distance between the extremes; a star says that other "
                  "processes used more than 5 % of a core during at least one of the runs.",
                  "## The bars",
                  "Ratios within this run: how many times as much as what is named, unless a unit stands there.",
                  bars.markdown(self.results))

    def calls(self):
        two, one = Calls(self.results["calls"], "two cores"), Calls(self.results["calls"], "one core")
        self.text("## Servers under the generator",
                  "The generator replays recorded calls and compares replies, so that it is not the limit. Server on one core, "
                  "generator on another.")
        if BUSY in two.scenarios:
            self.plot("throughput", self.bars_of(
                two, BUSY, "calls_per_second", "Calls per second of a server on one core",
                f"32-byte echo, 16 connections with 64 calls in flight each, recorded calls; {self.method}", "calls per second",
                True, "falling"))
        for payload in dict.fromkeys(s[0] for s in two.scenarios):
            self.text(f"### Calls per second, {payload_name(payload)}", two.table("calls_per_second", thousands, payload))
        self.text("### Latency, p50, in microseconds",
                  "From the write that a call left with to the read that brought its reply, so with calls in flight it is the wait "
                  "in the queue that counts.", two.table("p50_us"),
                  "### Latency, p99, in microseconds", two.table("p99_us"),
                  "### Latency, p99.9, in microseconds", two.table("p999_us"))
        self.one_core(one, "generator")
        self.text("### Server processor time, microseconds per call", two.table("server_cpu_us_per_call"))
        self.cost_by_kind(two)
        self.text("### How busy the generator was", "Share of its core. Near 100 %, it may be the limit.",
                  two.table("client_cpu_share", percent))

    def cost_by_kind(self, two):
        found = []
        for server in two.servers:
            total, user = (two.get(server, BUSY, metric) for metric in ("server_cpu_us_per_call", "server_user_us_per_call"))
            if total and user:
                found.append((server, user["median"], max(total["median"] - user["median"], 0)))
        found.sort(key=lambda each: each[1] + each[2])
        ours = [each for each in found if each[1] + each[2] < 3]
        kinds = [("user: codec, engine, library", svg.SERIES[0]), ("system: sockets, waking", svg.SERIES[1])]
        self.plot("processor_time", svg.stacked_chart(
            "Processor time of a server per call", f"32-byte echo, 16 x 64, {self.method}; servers below 3 us", "microseconds per call",
            [(server, [(kinds[0][1], user), (kinds[1][1], system)]) for server, user, system in ours], kinds))
        self.text(table(["32 B, 16 x 64, microseconds per call", "user", "system"],
                        [[server, small(user), small(system)] for server, user, system in found]))

    def one_core(self, one, client):
        scenario = (32, 1, 1)
        if scenario not in one.scenarios:
            return
        self.text(f"### One call at a time, server and {client} on the same core",
                  "Without the wake-up of an idle core, which on a virtual machine can take longer than all the rest.",
                  table(["", "calls per second", "p50 us", "p99 us", "p99.9 us"],
                        [[server, *(cell(one.by_key.get((server, scenario)), metric, fmt) for metric, fmt in (
                            ("calls_per_second", thousands), ("p50_us", small), ("p99_us", small), ("p999_us", small)))]
                         for server in one.servers]))

    def clients(self):
        own, one = Calls(self.results["clients"], "two cores"), Calls(self.results["clients"], "one core")
        self.text("## Servers with their own clients", "The raw echoes with the generator.",
                  "### Calls per second", own.table("calls_per_second", thousands),
                  "### Latency, p50, in microseconds", own.table("p50_us"), "### Latency, p99, in microseconds", own.table("p99_us"),
                  "### Client processor time, microseconds per call", own.table("client_cpu_us_per_call"))
        if BUSY in own.scenarios:
            self.plot("throughput_own_clients", self.bars_of(
                own, BUSY, "calls_per_second", "Calls per second, each server with its own client",
                f"32-byte echo, 16 connections with 64 calls in flight each, a core for each side; {self.method}",
                "calls per second", True, "falling"))
        self.one_core(one, "client")
        if (32, 1, 1) in one.scenarios:
            self.plot("latency_one_core", self.bars_of(
                one, (32, 1, 1), "p50_us", "Latency of one call at a time, server and its own client on the same core",
                f"32-byte echo, p50; {self.method}", "microseconds", False, "rising"))

    def grpc(self):
        entries = self.results["grpc"]
        for start, title, note in (
                ("h2load: ", "Servers of HTTP/2 under h2load", "One thread. Near 100 % of its core, h2load is the limit, and the "
                 "processor time says more about the server: a million divided by it is the calls per second of a whole core."),
                ("stream: ", "Streams of gRPC, with each peer's own client", "A call is a message, and there is one stream. The latency of "
                 "pushes is the time between two messages.")):
            chosen = [entry for entry in entries if entry["scenario"].startswith(start)]
            self.text(f"## {title}" if chosen else "", note if chosen else "", table(
                ["", "", "calls per second", "MiB/s", "p50 us", "server us per call", "server busy", "client busy"],
                [[entry["scenario"].removeprefix(start), entry["server"], cell(entry, "calls_per_second", thousands),
                  f"{entry['calls_per_second']['median']:,.0f}" if entry["payload"] == 1 << 20 and "calls_per_second" in entry else "",
                  cell(entry, "p50_us", small), cell(entry, "server_cpu_us_per_call", small), cell(entry, "server_cpu_share", percent),
                  cell(entry, "client_cpu_share", percent)] for entry in chosen]))
            scenarios = list(dict.fromkeys(entry["scenario"] for entry in chosen if entry["payload"] == 32))
            names = list(dict.fromkeys(entry["server"] for entry in chosen))
            colours = {name: svg.SERIES[i % len(svg.SERIES)] for i, name in enumerate(names)}
            groups = []
            for scenario in scenarios:
                each = [(colours[e["server"]], *(e["calls_per_second"][k] for k in ("median", "low", "high"))) for e in chosen
                        if e["scenario"] == scenario and "calls_per_second" in e]
                groups.append((scenario.removeprefix(start).removeprefix("gRPC, "), each))
            self.plot("grpc_unary" if start == "h2load: " else "grpc_streams", svg.bar_chart(
                title, f"32-byte messages; {self.method}", "per second", groups, True, list(colours.items())))

    def open(self):
        entries = [entry for entry in self.results["open"] if "p99_us" in entry]
        self.text("## Latency against load",
                  "An open loop: 16 connections, calls due at fixed times whatever happens to those before them, latency from when a call "
                  "was due. Where less than 97 % of what was due was answered in time the server is overloaded. The pacer itself comes to a call a "
                  "little late; a latency not much above that says nothing about the server.")
        names = list(dict.fromkeys(entry["server"] for entry in entries))
        self.text(table(["", "calls per second", "answered in time", "p50 us", "p99 us", "p99.9 us", "server us per call", "server busy", "pacer late by, p99 us"], [
            [entry["server"], thousands(entry["rate"]),
             percent(min(entry["calls_per_second"]["median"] / entry["rate"], 1)),
             *(cell(entry, metric, text) for metric, text in (
                 ("p50_us", small), ("p99_us", small), ("p999_us", small), ("server_cpu_us_per_call", small),
                 ("server_cpu_share", percent), ("late_p99_us", small)))]
            for entry in sorted(entries, key=lambda e: (names.index(e["server"]), e["rate"]))]))
        for metric, label in (("p50_us", "p50"), ("p99_us", "p99")):
            lines = [(name, LINES.get(name, svg.SERIES[i % len(svg.SERIES)]), [(e["rate"], e[metric]["median"]) for e in entries
                      if e["server"] == name and e[metric]["median"] > 0]) for i, name in enumerate(names)]
            self.plot(f"latency_against_load_{label}", svg.line_chart(
                f"Latency against load, {label}", f"32-byte echo, open loop, 16 connections, {self.method}", "calls per second",
                "microseconds", lines, {name for name in names if self.group(name) != "polyrpc"}))

    def mixed(self):
        entries = {(e["server"], e["rate"], e["slow"]): e for e in self.results["mixed"]}
        rows = []
        for (server, rate, slow), entry in entries.items():
            without = entries.get((server, rate, False))
            if not slow or not without:
                continue
            both = "slice_p99_us" in entry and "slice_p99_us" in without
            change = f"{(entry['slice_p99_us']['median'] / without['slice_p99_us']['median'] - 1) * 100:+.0f} %" if both else ""
            rows.append((rate, [server, thousands(rate), *(cell(e, m, small) for m in ("p50_us", "slice_p99_us") for e in (without, entry)), change,
                         *(cell(e, m, small) for m in ("p99_us", "p999_us") for e in (without, entry)),
                         cell(entry, "slow_p50_us", small), cell(entry, "slow_p99_us", small)]))
        self.text("## Mixed load",
                  "Open loop, 16 connections. One call in a hundred sleeps 5 ms in a blocking handler. In microseconds: the other calls, without "
                  "and with the slow ones; and the slow ones. The first p99 is the median of each tenth of a second's own: it leaves out the few in "
                  "which the machine stood still, which the p99 and p99.9 of whole runs have in them.",
                  table(["", "calls per second", "p50 without", "with", "p99 without", "with", "changes by", "p99 of all without", "with",
                         "p99.9 of all without", "with", "slow p50", "slow p99"], [row for _, row in sorted(rows, key=lambda row: row[0])]))

    def threads(self):
        entries = {(e["server"], e["method"], e["threads"]): e for e in self.results["threads"]}
        rows = []
        for server, method in dict.fromkeys((server, method) for server, method, _ in entries):
            one, two = (entries.get((server, method, threads), {}) for threads in (1, 2))
            factor = f"{two['calls_per_second']['median'] / one['calls_per_second']['median']:.2f}" \
                if "calls_per_second" in one and "calls_per_second" in two else ""
            rows.append([server, "20 us of work, 16 x 4" if method == "Work" else "echo, 16 x 64",
                         *(cell(e, "calls_per_second", thousands) for e in (one, two)), factor,
                         *(cell(e, "server_cpu_us_per_call", small) for e in (one, two)),
                         *(cell(e, "client_cpu_share", percent) for e in (one, two))])
        self.text("## Two io threads",
                  "Server and generator share both cores, so two threads of an echo cannot be twice as fast as one: the generator needs its "
                  "part. Calls that take 20 microseconds leave it little to do and show how work spreads; for the echo look at the "
                  "server's processor time per call, which grows when threads get into each other's way.",
                  table(["", "", "calls per second, 1 thread", "2 threads", "factor", "server us per call, 1 thread", "2 threads",
                         "generator busy, 1 thread", "2 threads"], rows))

    def cost(self):
        entries = self.results["cost"]
        self.text("## Cost per call", "Of the server, 32-byte echo. Counted, not timed. Bytes on the wire without those of TCP and IP.")
        metrics = [(name, title) for name, title in (
            ("system_calls", "system calls"), ("allocations", "allocations"), ("instructions", "instructions in user mode"),
            ("request_bytes", "bytes of a request"), ("reply_bytes", "bytes of a reply")) if any(name in e for e in entries)]
        self.text(table(["", "connections x in flight", *(title for _, title in metrics)],
                        [[e["server"], f"{e['connections']} x {e['in_flight']}", *(small(e[name]) if name in e else "" for name, _ in metrics)]
                         for e in entries]))
        counted = sorted((e for e in entries if "instructions_by_part" in e), key=lambda e: e["instructions"])
        if counted:
            names = list(counted[0]["instructions_by_part"])
            colours = [svg.SERIES[i] for i in range(len(names))]
            small_ones = [e for e in counted if e["instructions"] < 25_000]
            self.text("### Instructions per call by part", "By the name of the function that executes them; what is inlined counts for "
                      "the function that it is inlined into. 16 x 64.",
                      table(["", *names, "all"], [[e["server"], *(small(max(e["instructions_by_part"][name], 0)) for name in names),
                                                   small(e["instructions"])] for e in counted]))
            self.plot("cost_by_part", svg.stacked_chart(
                "Instructions of a server per call", "32-byte echo, 16 x 64, user mode, counted by callgrind; servers below 25,000", "instructions per call",
                [(e["server"], [(colours[i], e["instructions_by_part"][name]) for i, name in enumerate(names)]) for e in small_ones],
                list(zip(names, colours))))

    def idle(self):
        entries = self.results["idle"]
        self.text("## Memory per idle connection",
                  "Growth of the server's resident memory, divided by the number of connections, each of which has made two calls. "
                  "What the kernel holds does not count.")
        counts = sorted({e["connections"] for e in entries})
        by_key = {(e["server"], e["connections"]): e["bytes_per_connection"] for e in entries}
        names = list(dict.fromkeys(e["server"] for e in entries))
        self.text(table(["", *(f"{count:,} connections" for count in counts)],
                        [[name, *(f"{by_key[name, count] / 1024:.2f} KiB" if (name, count) in by_key else "" for count in counts)]
                         for name in names]))
        largest = sorted((by_key[name, counts[-1]], name) for name in names if (name, counts[-1]) in by_key)
        self.plot("memory_per_connection", svg.bar_chart(
            "Server memory per idle connection", f"resident memory, {counts[-1]:,} connections, two calls on each", "KiB per connection",
            [(name, [(self.colour(name), max(value, 20) / 1024, None, None)]) for value, name in largest], True,
            self.legend(name for _, name in largest)))

    def codecs(self):
        entries = self.results["codecs"]
        self.text("## Codecs", "One value after the other on one stream, so gob's type definitions do not count. Decoding makes a new value "
                  "each time.")
        codecs = list(dict.fromkeys(e["codec"] for e in entries))
        values = list(dict.fromkeys(e["value"] for e in entries))
        by_key = {(e["codec"], e["value"]): e for e in entries}
        for metric, title, fmt in (("encode_ns", "Encode, nanoseconds", small), ("decode_ns", "Decode, nanoseconds", small),
                                   ("bytes", "Bytes", thousands), ("encode_allocations", "Allocations when encoding", small),
                                   ("decode_allocations", "Allocations when decoding", small)):
            self.text(f"### {title}", table(["", *codecs], [
                [value, *(fmt(by_key[codec, value][metric]) if metric in by_key.get((codec, value), {}) else "" for codec in codecs)]
                for value in values]))
        value = "order" if "order" in values else values[-1]
        kinds = (("polyrpc", lambda codec: "polyrpc" in codec), ("Go", lambda codec: codec.startswith("encoding/")),
                 ("C++ libraries", lambda codec: True))
        series, taken = [], set()
        for (name, belongs), group in zip(kinds, ("polyrpc", "go", "peer")):
            points = [(e["bytes"], e["encode_ns"] + e["decode_ns"], codec) for codec in codecs if codec not in taken and belongs(codec)
                      if (e := by_key.get((codec, value))) and e.get("bytes") and e.get("encode_ns") and e.get("decode_ns")]
            taken |= {codec for _, _, codec in points}
            series.append((name, svg.COLOURS[group], points))
        self.plot("codecs", svg.scatter_chart(
            "Codecs: size against speed", f"one value ({value}) encoded and decoded; left and down is better", "bytes",
            "nanoseconds", series))

    def footprint(self):
        entries = self.results["footprint"]
        fields = (("static_bytes", "static, stripped, MB", lambda v: f"{v / 1e6:.2f}"),
                  ("dynamic_bytes", "dynamic, stripped, MB", lambda v: f"{v / 1e6:.2f}"),
                  ("libraries", "shared libraries", lambda v: f"{len(v)}"),
                  ("own_tu_seconds", "own translation unit, s", lambda v: f"{v:.1f}"),
                  ("generated_seconds", "generated code, s", lambda v: f"{v:.1f}"))
        self.text("## Footprint", "A hello-world server: its size, what it pulls in, and how long it compiles with g++ -O2.",
                  table(["", *(title for _, title, _ in fields)],
                        [[e["server"], *(fmt(e[name]) if e.get(name) is not None else "" for name, _, fmt in fields)] for e in entries]))

    def failures(self):
        failed = [", ".join(str(entry[key]) for key in ("scenario", "server", "payload", "connections", "in_flight", "layout", "rate",
                                                        "threads", "method") if key in entry)
                  for part in ("calls", "clients", "grpc", "open", "mixed", "threads")
                  for entry in self.results.get(part) or () if entry.get("failed")]
        if failed:
            self.text("## Runs that failed", "\n".join(f"- {each}" for each in failed))


def write(results, servers, out):
    out.mkdir(parents=True, exist_ok=True)
    report = Report(results, servers)
    report.head()
    for part in ("calls", "clients", "grpc", "open", "mixed", "threads", "cost", "idle", "codecs", "footprint"):
        if results.get(part):
            getattr(report, part)()
    report.failures()
    for old in out.glob("*.svg"):
        if old.stem not in report.plots:
            old.unlink()
    for name, chart in report.plots.items():
        (out / f"{name}.svg").write_text(chart)
    (out / "README.md").write_text("\n\n".join(report.parts) + "\n")
    # A line an entry: readable, and of a size to commit.
    text = json.dumps(_rounded(results), indent=1)
    text = re.sub(r"\{\s*\"median\": ([^,]+),\s*\"low\": ([^,]+),\s*\"high\": ([^\s}]+)\s*\}",
                  r'{"median": \1, "low": \2, "high": \3}', text)
    (out / "results.json").write_text(text + "\n")


def _rounded(value):
    if isinstance(value, float):
        return float(f"{value:.5g}") if abs(value) < 1e5 else round(value)
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return value
