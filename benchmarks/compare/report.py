"""Turns results into results.json, README.md and plots."""

import json

import svg

PAYLOADS = {32: "32 B", 1 << 10: "1 KiB", 1 << 20: "1 MiB"}
GROUPS = {"limit": "no RPC, bare epoll", "go": "Go", "polyrpc": "polyrpc", "peer": "other"}
CODEC_COLOURS = {"encoding/gob": svg.SERIES[1], "encoding/json": svg.SERIES[2], "polyrpc gob": svg.SERIES[0],
                 "polyrpc json": svg.SERIES[5]}


def payload_name(payload):
    return PAYLOADS.get(payload, f"{payload} B")


def scenario_name(scenario):
    payload, connections, in_flight = scenario
    return f"{connections} x {in_flight}, {payload_name(payload)}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join(["---"] + ["---:"] * (len(head) - 1)) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def thousands(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def small(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.095 else f"{value:.3f}"


def spread(entry):
    """Half the distance between the extremes, in per cent of the median."""
    if not entry["median"]:
        return ""
    percent = (entry["high"] - entry["low"]) / 2 / entry["median"] * 100
    return f" <sub>{percent:.0f} %</sub>" if percent >= 1 else ""


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
        rows = []
        for server in self.servers:
            row = [server]
            for scenario in scenarios:
                value = self.get(server, scenario, metric)
                mark = " *" if self.by_key.get((server, scenario), {}).get("disturbed") else ""
                row.append(text(value["median"]) + spread(value) + mark if value else "failed")
            rows.append(row)
        return table(["", *(scenario_name(s) for s in scenarios)], rows)


def legend_of(groups):
    return [(GROUPS[group], svg.COLOURS[group]) for group in GROUPS if group in groups]


def plot_calls(calls, groups, scenario, metric, title, subtitle, axis, logarithmic, order):
    bars = []
    for server in calls.servers:
        value = calls.get(server, scenario, metric)
        if value:
            bars.append((server, [(svg.COLOURS[groups[server]], value["median"], value["low"], value["high"])]))
    bars.sort(key=lambda bar: bar[1][0][1], reverse=order == "falling")
    used = {groups[server] for server, _ in bars}
    return svg.bar_chart(title, subtitle, axis, bars, logarithmic, legend_of(used))


def ratio_table(calls, servers):
    rows = []
    for ours, theirs, limit in servers.RATIOS:
        for scenario in calls.scenarios:
            mine, other, best = (calls.get(name, scenario, "calls_per_second") for name in (ours, theirs, limit))
            if mine and other and best:
                rows.append([f"{ours}, {scenario_name(scenario)}", f"{mine['median'] / other['median']:.1f} x {theirs}",
                             f"{mine['median'] / best['median'] * 100:.0f} % of {limit}"])
    return table(["", "against the peer", "against the limit"], rows) if rows else ""


def write(results, servers, out):
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("*.svg"):
        old.unlink()
    groups = {row["name"]: row["group"] for row in servers.SERVERS}
    env = results["environment"]
    method = f"median of {env['repetitions']} interleaved runs of {env['seconds']:g} s"
    parts, plots = [], {}

    def plot(name, chart):
        if chart:
            plots[name] = chart
            parts.append(f"![{name.replace('_', ' ')}]({name}.svg)")

    def text(*paragraphs):
        parts.extend(paragraph for paragraph in paragraphs if paragraph)

    text("# Benchmark results",
         "Written by `scripts/bench`; what is measured and how stands in [the README](../README.md).",
         table(["", ""], [[name.replace("_", " "), str(value)] for name, value in env.items()]),
         "A small figure behind a value is its spread, half the distance between the extremes; a star says that other processes "
         "used more than 5 % of a core during at least one of the runs.")

    if results.get("calls"):
        two, one = Calls(results["calls"], "two cores"), Calls(results["calls"], "one core")
        text("## Servers under the generator",
             "The generator replays recorded calls and compares replies, so that it is not the limit. Server on one core, generator on another.")
        busiest = next((s for s in ((32, 16, 64), (32, 1, 64)) if s in two.scenarios), None)
        if busiest:
            plot("throughput", plot_calls(
                two, groups, busiest, "calls_per_second", "Calls per second on one core",
                f"32-byte echo, {busiest[1]} connections with {busiest[2]} calls in flight each; {method}", "calls per second",
                True, "falling"))
        for payload in dict.fromkeys(s[0] for s in two.scenarios):
            text(f"### Calls per second, {payload_name(payload)}", two.table("calls_per_second", thousands, payload))
        text("### Ratios", ratio_table(two, servers))
        text("### Latency, p50, in microseconds",
             "From the write that a call left with to the read that brought its reply, so with calls in flight it is the wait in the queue that counts.",
             two.table("p50_us"), "### Latency, p99, in microseconds", two.table("p99_us"))
        if (32, 1, 1) in two.scenarios:
            plot("latency_two_cores", plot_calls(
                two, groups, (32, 1, 1), "p50_us", "Latency of one call at a time, server and client on a core each",
                f"32-byte echo, p50; {method}", "microseconds", False, "rising"))
        if one.scenarios:
            text("### One call at a time, server and client on the same core",
                 "Without the wake-up of an idle core, which on a virtual machine can take longer than all the rest.",
                 table(["", "calls per second", "p50 us", "p99 us"],
                       [[server, *(fmt(one.get(server, one.scenarios[0], metric)["median"]) + spread(one.get(server, one.scenarios[0], metric))
                                   for metric, fmt in (("calls_per_second", thousands), ("p50_us", small), ("p99_us", small)))]
                        for server in one.servers if one.get(server, one.scenarios[0], "p50_us")]))
            plot("latency_one_core", plot_calls(
                one, groups, one.scenarios[0], "p50_us", "Latency of one call at a time, server and client on the same core",
                f"32-byte echo, p50; {method}", "microseconds", False, "rising"))
        text("### Server processor time, microseconds per call", two.table("server_cpu_us_per_call"))
        if busiest:
            plot("processor_time", plot_calls(
                two, groups, busiest, "server_cpu_us_per_call", "Processor time of the server per call",
                f"32-byte echo, {busiest[1]} connections with {busiest[2]} calls in flight each; user and system; {method}",
                "microseconds per call", True, "rising"))
        text("### How busy the generator was", "Share of its core. Near 1, it may be the limit.", two.table("client_cpu_share"))

    if results.get("own_clients"):
        own = Calls(results["own_clients"], "two cores")
        text("## Servers with their own clients", "The raw echoes with the generator.", own.table("calls_per_second", thousands),
             "### Ratios", ratio_table(own, servers), "### Latency, p50, in microseconds", own.table("p50_us"))
        busiest = next((s for s in ((32, 16, 64), (32, 1, 64)) if s in own.scenarios), None)
        if busiest:
            plot("throughput_own_clients", plot_calls(
                own, groups, busiest, "calls_per_second", "Calls per second, each server with its own client",
                f"32-byte echo, {busiest[1]} connections with {busiest[2]} calls in flight each, a core for each side; {method}",
                "calls per second", True, "falling"))

    if results.get("cost"):
        text("## Cost per call", "Of the server, 32-byte echo. Counted, not timed.")
        names = [name for name in ("system_calls", "allocations", "instructions") if any(name in e for e in results["cost"])]
        text(table(["", "connections x in flight", *(name.replace("_", " ") for name in names)],
                   [[e["server"], f"{e['connections']} x {e['in_flight']}", *(small(e[name]) if name in e else "" for name in names)]
                    for e in results["cost"]]))
        most = max((e["connections"] * e["in_flight"] for e in results["cost"]), default=0)
        busy = [e for e in results["cost"] if e["connections"] * e["in_flight"] == most and e.get("system_calls")]
        busy.sort(key=lambda e: e["system_calls"])
        plot("system_calls", svg.bar_chart(
            "System calls of the server per call", f"32-byte echo, {most:,} calls in flight", "system calls per call",
            [(e["server"], [(svg.COLOURS[groups[e["server"]]], e["system_calls"], None, None)]) for e in busy], True,
            legend_of({groups[e["server"]] for e in busy})))

    if results.get("idle"):
        text("## Memory per idle connection",
             "Growth of the server's resident memory, divided by the number of connections, each of which has made two calls. What the kernel holds does not count.")
        counts = sorted({e["connections"] for e in results["idle"]})
        by_key = {(e["server"], e["connections"]): e["bytes_per_connection"] for e in results["idle"]}
        names = list(dict.fromkeys(e["server"] for e in results["idle"]))
        text(table(["", *(f"{count:,} connections" for count in counts)],
                   [[name, *(f"{by_key[name, count] / 1024:.2f} KiB" if (name, count) in by_key else "" for count in counts)] for name in names]))
        largest = sorted((by_key[name, counts[-1]], name) for name in names if (name, counts[-1]) in by_key)
        plot("memory_per_connection", svg.bar_chart(
            "Server memory per idle connection", f"resident memory, {counts[-1]:,} connections", "KiB per connection",
            [(name, [(svg.COLOURS[groups[name]], max(value, 0) / 1024, None, None)]) for value, name in largest], False,
            legend_of({groups[name] for _, name in largest})))

    if results.get("codecs"):
        text("## Codecs", "One value after the other on one stream, so gob's type definitions do not count. Decoding makes a new value each time.")
        codecs = list(dict.fromkeys(e["codec"] for e in results["codecs"]))
        values = list(dict.fromkeys(e["value"] for e in results["codecs"]))
        by_key = {(e["codec"], e["value"]): e for e in results["codecs"]}
        for metric, title, fmt in (("encode_ns", "Encode, nanoseconds", small), ("decode_ns", "Decode, nanoseconds", small),
                                   ("bytes", "Bytes", thousands), ("encode_allocations", "Allocations when encoding", small),
                                   ("decode_allocations", "Allocations when decoding", small)):
            text(f"### {title}", table(["", *codecs], [[value, *(fmt(by_key[codec, value][metric]) if (codec, value) in by_key else ""
                                                               for codec in codecs)] for value in values]))
        for metric, title in (("encode_ns", "Time to encode a value"), ("decode_ns", "Time to decode a value")):
            plot(metric.replace("_ns", ""), svg.bar_chart(
                title, "one stream, type definitions not counted", "nanoseconds",
                [(value, [(CODEC_COLOURS.get(codec, svg.SERIES[i % len(svg.SERIES)]), by_key.get((codec, value), {}).get(metric), None, None)
                          for i, codec in enumerate(codecs)]) for value in values], True,
                [(codec, CODEC_COLOURS.get(codec, svg.SERIES[i % len(svg.SERIES)])) for i, codec in enumerate(codecs)]))

    for name, chart in plots.items():
        (out / f"{name}.svg").write_text(chart)
    (out / "README.md").write_text("\n\n".join(parts) + "\n")
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
