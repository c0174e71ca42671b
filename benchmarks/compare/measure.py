"""Processes, and what the kernel knows about them."""

import contextlib
import json
import os
import re
import resource
import shutil
import signal
import struct
import subprocess
import tempfile
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Failure(Exception):
    pass


def raise_descriptor_limit():
    """As many descriptors as allowed, for the children too. Returns the number."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(hard, 65536), max(hard, 65536)))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


REAL_TIME = []  # what stands before the commands measured: see run.py --real-time


def start(command, core=None, environment=None, **options):
    """`core` is a number, or several in a set, or None: wherever the kernel likes."""
    def pin():
        if core is not None:
            os.sched_setaffinity(0, core if isinstance(core, set) else {core})

    env = dict(os.environ, **(environment or {}))
    return subprocess.Popen(command, env=env, preexec_fn=pin, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                            **options)


def stop(process):
    with contextlib.suppress(OSError):
        process.stdin.close()
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    process.stdout.close()
    if process.stderr:
        process.stderr.close()


class Server:
    """A running server of the table."""

    def __init__(self, row, folders, core, prefix=(), environment=None, **options):
        command = [*REAL_TIME, *prefix, *(part.format(**folders) for part in row["command"])]
        self.process = start(command, core, environment, **options)
        line = self.process.stdout.readline()
        found = re.search(r"listening\b.*?(\d+\.\d+\.\d+\.\d+:\d+)", line)
        if not found:
            stop(self.process)
            raise Failure(f"{row['name']} does not say where it listens: {line!r}")
        self.address = found.group(1)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        stop(self.process)


def user_and_system_ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return int(fields[11]), int(fields[12])


def cpu_ticks(pid):
    return sum(user_and_system_ticks(pid))


def cpu_seconds(pid):
    """User and system time of a process, to the nanosecond; to the tick once one of its threads has ended."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as stat:
            total += int(stat.read().split()[0])
    # The scheduler's figures of a thread go with it; the process's ticks have them.
    return max(total * 1e-9, cpu_ticks(pid) / TICKS)


def cpu_of_all():
    """Ticks of every process on the machine, and what the hypervisor took, as {pid or "steal": ticks}."""
    ticks = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                ticks[int(name)] = cpu_ticks(name)
    with open("/proc/stat", encoding="ascii") as stat:
        ticks["steal"] = int(stat.readline().split()[8])
    return ticks


def rss_bytes(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * PAGE


def settled_rss(pid, still):
    """Resident memory, once it has not changed for so many seconds (or after five)."""
    seen, since, end = None, time.monotonic(), time.monotonic() + 5
    while True:
        now = rss_bytes(pid)
        if now != seen:
            seen, since = now, time.monotonic()
        if time.monotonic() - since > still or time.monotonic() > end:
            return seen
        time.sleep(0.05)


class Meter:
    """What a server used in an interval, and what processes used that have nothing to do with it."""

    def __init__(self, server_pid, client_pid):
        self._server, self._ours = server_pid, {server_pid, client_pid, os.getpid()}
        self._before, self._split = cpu_of_all(), user_and_system_ticks(server_pid)
        self._seconds, self._began = cpu_seconds(server_pid), time.monotonic()

    def stop(self):
        self._used, self._took = cpu_seconds(self._server) - self._seconds, time.monotonic() - self._began
        after, split = cpu_of_all(), user_and_system_ticks(self._server)
        user, system = (after - before for after, before in zip(split, self._split))
        self._user_share = user / (user + system) if user + system else 0
        # Kernel threads count too, and what a process used that has ended since does not.
        self._others = sum(ticks - self._before.get(who, 0) for who, ticks in after.items() if who not in self._ours)

    def add_to(self, result):
        calls = max(result["calls_per_second"] * self._took, 1)
        result["server_cpu_us_per_call"] = self._used * 1e6 / calls
        result["server_user_us_per_call"] = result["server_cpu_us_per_call"] * self._user_share
        result["server_cpu_share"] = self._used / self._took
        result["disturbed_share"] = self._others / TICKS / self._took


def run_client(command, core, server_pid):
    """Runs a client that prints "measuring" and then JSON. Adds what the server used meanwhile, and what others did."""
    client = start([*REAL_TIME, *command], core, stderr=subprocess.PIPE)
    watchdog = threading.Timer(60, client.kill)
    watchdog.start()
    try:
        line = client.stdout.readline()
        if line != "measuring\n":
            client.wait(10)
            raise Failure(f"{command[0]}: {line}{client.stderr.read().strip()}")
        meter = Meter(server_pid, client.pid)
        line = client.stdout.readline()
        meter.stop()
        if not line.startswith("{"):
            client.wait(10)
            raise Failure(f"{command[0]}: {line}{client.stderr.read().strip()}")
    finally:
        watchdog.cancel()
        stop(client)
    result = json.loads(line)
    meter.add_to(result)
    return result


def can_count_with_perf():
    if not shutil.which("perf"):
        return False
    probe = subprocess.run(["perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "true"], capture_output=True, text=True,
                           check=False)
    return probe.returncode == 0 and "<not" not in probe.stderr


def wait_until(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {seconds} s")
        time.sleep(0.01)


def _has_perf_events(pid):
    with contextlib.suppress(OSError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                if "perf_event" in os.readlink(f"/proc/{pid}/fd/{name}"):
                    return True
    return False


def _is_traced(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        return re.search(r"^TracerPid:\s*[1-9]", status.read(), re.MULTILINE) is not None


@contextlib.contextmanager
def counting_system_calls(pid, with_perf):
    """Counts the system calls that a process makes in the block; the list given holds the number afterwards."""
    count = []
    with tempfile.NamedTemporaryFile("r", suffix=".count") as output:
        if with_perf:
            command = ["perf", "stat", "-x,", "-o", output.name, "-e", "raw_syscalls:sys_enter", "-p", str(pid)]
        else:
            command = ["strace", "-c", "-f", "-o", output.name, "-p", str(pid)]
        counter = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            ready = (lambda: _has_perf_events(counter.pid)) if with_perf else (lambda: _is_traced(pid))
            wait_until(ready, 10, command[0])
            yield count
        finally:
            counter.send_signal(signal.SIGINT)
            counter.wait(30)
        text = output.read()
    if with_perf:
        found = re.search(r"^(\d+),.*sys_enter", text, re.MULTILINE)
    else:
        found = re.search(r"^100\.00\s+\S+(?:\s+\d+)?\s+(\d+)(?:\s+\d+)?\s+total", text, re.MULTILINE)
    if not found:
        raise Failure(f"{command[0]} says {text!r}")
    count.append(int(found.group(1)))


class PreloadCounter:
    """Counts a C or C++ server's allocations."""

    def __init__(self, library):
        self._file = tempfile.NamedTemporaryFile(suffix=".allocations")
        self.environment = {"LD_PRELOAD": library, "POLYRPC_ALLOCATION_FILE": self._file.name}

    def count(self, _server):
        with open(self._file.name, "rb") as file:
            return struct.unpack("=Q", file.read(8))[0]


class SignalCounter:
    """Asks a server that counts them itself."""

    environment = {}

    def count(self, server):
        server.process.send_signal(signal.SIGUSR1)
        line = server.process.stdout.readline()
        found = re.fullmatch(r"allocations (\d+)\n", line)
        if not found:
            raise Failure(f"asked for allocations, the server says {line!r}")
        return int(found.group(1))


def callgrind(row, folders, drive):
    """Instructions that a server executes from start to end while `drive(server)` uses it, by (function, object)."""
    with tempfile.TemporaryDirectory() as folder:
        prefix = ["valgrind", "--tool=callgrind", f"--log-file={folder}/log", f"--callgrind-out-file={folder}/out"]
        with Server(row, folders, None, prefix) as server:
            drive(server)
        text = subprocess.run(["callgrind_annotate", "--threshold=100", "--show-percs=no", "--auto=no", f"{folder}/out"],
                              capture_output=True, text=True, check=False).stdout
    counts = {}
    for number, what in re.findall(r"^\s*([\d,]+)(?: \([\d.]+%\))?\s+(\S.*)$", text, re.MULTILINE):
        counts[what] = counts.get(what, 0) + int(number.replace(",", ""))
    total = counts.pop("PROGRAM TOTALS", 0)
    if not total:
        raise Failure("callgrind gives no number")
    return total, counts
