#!/usr/bin/env python3
"""Builds the gRPC peers and runs a client's cases against a server.

    peers.py build --out DIR [PEER...]
    peers.py check --out DIR --server SERVER --client CLIENT [--through PROXY] [--tls | --mtls]
             [--cases CASE,...] [-- COMMAND...]...
    peers.py list

A SERVER or CLIENT named `ours` is the COMMAND behind the next --. As a server it prints "listening KIND ADDRESS" (KIND tcp or tls), then "ready", and
stops when its standard input closes; as a client it gets {address} replaced, and --cases if some were chosen. With --tls
{ca}, {certificate} and {key} are files made for this check, for both ends; with --mtls clients need theirs. Exit
codes: 0 all passed, 1 something failed, 77 skipped, because a tool or a registry is missing.
"""

import argparse
import base64
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
PROTOS = HERE / "proto"
SERVICE_PROTOS = ROOT / "src" / "grpc" / "proto"
SKIPPED = 77
os.environ["PATH"] = os.environ.get("PATH", os.defpath) + os.pathsep + "/usr/sbin"  # nginx and nghttpd

CASES = ["empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream",
         "custom_metadata", "status_code_and_message", "special_status_message", "unimplemented_method",
         "unimplemented_service", "cancel_after_begin", "cancel_after_first_response", "timeout_on_sleeping_server"]


class Missing(Exception):
    """A tool, or what a registry should give."""


# --- Building -------------------------------------------------------------------------------------------------------

GO_PACKAGES = {
    "grpc_go_server": "./server",
    "grpc_go_client": "google.golang.org/grpc/interop/client",
    "grpcurl": "github.com/fullstorydev/grpcurl/cmd/grpcurl",
    "ghz": "github.com/bojand/ghz/cmd/ghz",
    "grpc-health-probe": "github.com/grpc-ecosystem/grpc-health-probe",
    "h2spec": "github.com/summerwind/h2spec/cmd/h2spec",
}


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Missing(f"there is no {program} here")


def run(command, folder=None):
    done = subprocess.run([str(word) for word in command], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode == 0, f"{' '.join(str(word) for word in command[:3])} failed:\n{done.stdout.strip()}"


def must(command, folder=None, error=Missing):
    ok, why = run(command, folder)
    if not ok:
        raise error(why)


def digest(files, *more):
    """Of what a build depends on."""
    sha = hashlib.sha256("\n".join(more).encode())
    for file in sorted(files):
        sha.update(file.name.encode() + b"\0" + file.read_bytes())
    return sha.hexdigest()


@contextlib.contextmanager
def unless_built(out, name, wanted):
    """Runs its block only if `wanted` is not what was built last. Tests run side by side, but build one after the other."""
    out.mkdir(parents=True, exist_ok=True)
    stamp = out / f"{name}.stamp"
    with open(out / f"{name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        current = stamp.exists() and stamp.read_text() == wanted
        yield not current
        stamp.write_text(wanted)


def go_program(out, name):
    go = os.environ.get("GO") or shutil.which("go")
    if not go:
        raise Missing("there is no go here")
    version = subprocess.run([go, "version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    sources = [HERE / "go" / "go.mod", HERE / "go" / "go.sum", HERE / "go" / "server" / "main.go"]
    with unless_built(out, name, digest(sources, version, GO_PACKAGES[name])) as needed:
        if needed:
            # What the registry does not give is missing; what does not compile is not.
            own = GO_PACKAGES[name].startswith("./")
            if own:
                must([go, "list", "-deps", GO_PACKAGES[name]], HERE / "go")
            must([go, "build", "-o", out / name, GO_PACKAGES[name]], HERE / "go", SystemExit if own else Missing)
    return out / name


def node_folder(out):
    need("node", "npm")
    folder = out / "node"
    sources = [source for source in (HERE / "node").iterdir() if source.suffix in (".js", ".json")]
    with unless_built(out, "node", digest(sources)) as needed:
        if needed:
            folder.mkdir(exist_ok=True)
            for source in sources:
                shutil.copy2(source, folder)
            must(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"], folder)
    return folder


def python_program(out):
    """A Python that has grpcio and the generated messages beside it."""
    folder = out / "python"
    requirements = HERE / "python" / "requirements.txt"
    protos = list((PROTOS / "grpc" / "testing").iterdir())
    python = folder / "bin" / "python"
    with unless_built(out, "python", digest([requirements, *protos], sys.version)) as needed:
        if needed:
            must([sys.executable, "-m", "venv", "--clear", folder])
            must([python, "-m", "pip", "install", "-q", "--only-binary", ":all:", "-r", requirements])
            generated = folder / "generated"
            generated.mkdir()
            # Not as a package called "grpc": that is the library.
            for proto in protos:
                text = proto.read_text().replace('import "grpc/testing/', 'import "')
                (generated / proto.name).write_text(text)
            names = [proto.name for proto in protos]
            must([python, "-m", "grpc_tools.protoc", "-I.", "--python_out=.", "--grpc_python_out=.", *names], generated)
    return python


CPP_FLAGS = ["-std=c++17", "-O0", "-w"]


def cpp_program(out, name):
    need("g++", "protoc", "grpc_cpp_plugin", "pkg-config")
    libraries = [library for library in ("grpc++", "protobuf", "grpc++_reflection")
                 if run(["pkg-config", "--exists", library])[0]]
    if not {"grpc++", "protobuf"} <= set(libraries):
        raise Missing("there is no libgrpc++ here")
    protos = list((PROTOS / "grpc" / "testing").iterdir())
    source = HERE / "cpp" / f"{name}.cpp"
    program = out / f"grpc_cpp_{name}"
    version = subprocess.run(["pkg-config", "--modversion", "grpc++", "protobuf"], stdout=subprocess.PIPE, text=True, check=True)
    wanted = digest([source, *protos], version.stdout)
    folder = out / "cpp"
    with unless_built(out, "cpp_messages", digest(protos, version.stdout)) as needed:
        if needed:
            folder.mkdir(exist_ok=True)
            names = [proto.relative_to(PROTOS) for proto in protos]
            plugin = shutil.which("grpc_cpp_plugin")
            must(["protoc", f"-I{PROTOS}", f"--cpp_out={folder}", f"--grpc_out={folder}",
                  f"--plugin=protoc-gen-grpc={plugin}", *names], error=SystemExit)
            for part in sorted((folder / "grpc" / "testing").glob("*.cc")):
                must(["g++", *CPP_FLAGS, f"-I{folder}", "-c", part, "-o", part.with_suffix(".o")], error=SystemExit)
    with unless_built(out, program.name, wanted) as needed:
        if needed:
            reflection = ["-DPOLYRPC_PEER_REFLECTION", "-Wl,--no-as-needed", "-lgrpc++_reflection", "-Wl,--as-needed"]
            # The headers reach into abseil; of the many libraries listed few are needed.
            flags = subprocess.run(["pkg-config", "--libs", "grpc++", "protobuf"], stdout=subprocess.PIPE, text=True, check=True)
            must(["g++", *CPP_FLAGS, f"-I{folder}", source, *sorted((folder / "grpc" / "testing").glob("*.o")),
                  *(reflection if "grpc++_reflection" in libraries and name == "server" else []),
                  "-o", program, "-Wl,--as-needed", *flags.stdout.split()], error=SystemExit)
    return program


def buf(out):
    folder = node_folder(out)
    for program in (folder / "node_modules" / "@bufbuild").glob("buf-*/bin/buf"):
        return program
    raise Missing("@bufbuild/buf has no program for this machine")


BUILD = {
    **{name: (lambda out, name=name: go_program(out, name)) for name in GO_PACKAGES},
    "grpc_js": node_folder,
    "buf": buf,
    "grpcio": python_program,
    "grpc_cpp_server": lambda out: cpp_program(out, "server"),
    "grpc_cpp_client": lambda out: cpp_program(out, "client"),
}


def build(options):
    missing = 0
    for name in options.peers or BUILD:
        began = time.monotonic()
        try:
            BUILD[name](options.out)
            print(f"built: {name} ({time.monotonic() - began:.0f} s)", flush=True)
        except Missing as why:
            missing += 1
            print(f"not built: {name}: {why}", flush=True)
    return SKIPPED if missing == len(options.peers or BUILD) else 0


# --- Certificates ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def certificates(kind):
    """Files of a new authority and of one certificate for localhost, which servers and clients may have."""
    if not kind:
        yield {}
        return
    need("openssl")
    with tempfile.TemporaryDirectory() as folder:
        files = {name: pathlib.Path(folder, f"{name}.pem") for name in ("ca", "ca_key", "certificate", "key")}
        extensions = pathlib.Path(folder, "extensions")
        extensions.write_text("subjectAltName = DNS:localhost, IP:127.0.0.1\n"
                              "extendedKeyUsage = serverAuth, clientAuth\nkeyUsage = digitalSignature\n")
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        must(["openssl", "req", "-x509", *key, "-keyout", files["ca_key"], "-out", files["ca"], "-subj", "/CN=test authority",
              "-days", "2"], error=SystemExit)
        request = pathlib.Path(folder, "request.pem")
        must(["openssl", "req", *key, "-keyout", files["key"], "-out", request, "-subj", "/CN=localhost"], error=SystemExit)
        must(["openssl", "x509", "-req", "-in", request, "-CA", files["ca"], "-CAkey", files["ca_key"], "-CAcreateserial",
              "-extfile", extensions, "-out", files["certificate"], "-days", "2"], error=SystemExit)
        yield {**files, "mutual": kind == "mtls"}


def filled(words, values):
    """Words with {name} replaced."""
    return [re.sub(r"\{(\w+)\}", lambda found: str(values.get(found.group(1), found.group(0))), str(word)) for word in words]


# --- Servers --------------------------------------------------------------------------------------------------------


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(process, port):
    """Until the port accepts connections."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise SystemExit(f"{process.args[0]} does not listen")


@contextlib.contextmanager
def polite_server(command):
    """One that says where it listens and stops when its standard input closes."""
    server = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    address = None
    try:
        for line in server.stdout:
            found = re.fullmatch(r"listening (?:tcp|tls) (\S+)\s*", line)
            address = found.group(1) if found else address
            if line.strip() == "ready":
                break
        if not address:
            raise SystemExit("the server does not say where it listens")
        threading.Thread(target=lambda: [print(line, end="", flush=True) for line in server.stdout], daemon=True).start()
        yield address
        with contextlib.suppress(OSError):
            server.stdin.close()
        try:
            code = server.wait(60)
        except subprocess.TimeoutExpired:
            code = "no end when its standard input closed"
        if code != 0:
            raise SystemExit(f"failed: the server ended with {code}")
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()


@contextlib.contextmanager
def rude_server(command, port):
    server = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        wait_for(server, port)
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@contextlib.contextmanager
def nghttpd(_):
    need("nghttpd")
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        pathlib.Path(folder, "h2spec").write_text("polyrpc\n")
        with rude_server(["nghttpd", "--no-tls", "-d", folder, port], port) as address:
            yield address


@contextlib.contextmanager
def etcd(_):
    need("etcd")
    with tempfile.TemporaryDirectory() as folder:
        port, peer_port = free_port(), free_port()
        command = ["etcd", "--data-dir", folder, "--listen-client-urls", f"http://127.0.0.1:{port}", "--advertise-client-urls",
                   f"http://127.0.0.1:{port}", "--listen-peer-urls", f"http://127.0.0.1:{peer_port}",
                   "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer_port}", "--initial-cluster",
                   f"default=http://127.0.0.1:{peer_port}", "--log-level", "error", "--unsafe-no-fsync"]
        version = subprocess.run(["etcd", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
        if "etcd Version: 3.4." in version:
            command.remove("--unsafe-no-fsync")
        with rude_server(command, port) as address:
            yield address


# haproxy often turns a server's early end of a call (trailers, then RST_STREAM with NO_ERROR) into a reset with CANCEL,
# whatever the server is.
SPOILT_BY = {"haproxy": ["status_code_and_message"]}

PROXIES = {
    "nginx": ("nginx.conf.in", lambda folder, config: ["nginx", "-p", folder, "-c", config, "-e", "stderr"]),
    "haproxy": ("haproxy.cfg.in", lambda _, config: ["haproxy", "-db", "-q", "-f", config]),
}


@contextlib.contextmanager
def proxy_before(upstream, name):
    """A proxy with HTTP/2 without TLS on both sides."""
    need(name)
    template, command = PROXIES[name]
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        text = (HERE / template).read_text()
        for place, value in {"FOLDER": folder, "PORT": str(port), "UPSTREAM": upstream}.items():
            text = text.replace(f"@{place}@", value)
        config = pathlib.Path(folder, template.removesuffix(".in"))
        config.write_text(text)
        with rude_server(command(folder, config), port) as address:
            yield address


def python_command(out, script):
    python = python_program(out)
    return [python, HERE / "python" / script, "--generated", python.parent.parent / "generated"]


def grpc_go_server(checks):
    command = [go_program(checks.out, "grpc_go_server")]
    if checks.tls:
        command += ["-certificate", checks.tls["certificate"], "-key", checks.tls["key"]]
        command += ["-clients", checks.tls["ca"]] if checks.tls["mutual"] else []
    return polite_server(command)


SERVERS = {
    "go": grpc_go_server,
    "js": lambda checks: polite_server(["node", node_folder(checks.out) / "server.js", "--protos", PROTOS]),
    "python": lambda checks: polite_server(python_command(checks.out, "server.py")),
    "cpp": lambda checks: polite_server([cpp_program(checks.out, "server")]),
    "nghttpd": nghttpd,
    "etcd": etcd,
}


# --- Clients --------------------------------------------------------------------------------------------------------


class Checks:
    """Prints a line for each check and counts."""

    def __init__(self, options, tls):
        self.out = options.out
        self.only = options.cases
        self.tls = tls
        self.failed = 0
        self.ran = 0

    def check(self, name, function, *arguments):
        if self.only and name not in self.only:
            return
        self.ran += 1
        try:
            function(*arguments)
            print(f"ok {name}", flush=True)
        except AssertionError as why:
            self.failed += 1
            print(f"FAIL {name}: {why}", flush=True)


def outcome(command, patience=60, given=None):
    """Exit code, standard output and error. A program that does not end in time fails the check."""
    command = [str(word) for word in command]
    try:
        done = subprocess.run(command, input=given, stdin=None if given is not None else subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=patience, check=False)
    except subprocess.TimeoutExpired as late:
        raise AssertionError(f"{command[0]} did not end within {patience} s") from late
    return done.returncode, done.stdout, done.stderr


def succeeds(command, patience=60, wants=(), given=None):
    """What it printed, if it ended with 0 and printed the texts."""
    code, text, errors = outcome(command, patience, given)
    said = " ".join((errors + text).split())[-700:]
    assert code == 0, f"exit code {code}: {said}"
    for wanted in wants:
        assert wanted in text, f"no {wanted!r} in: {said}"
    return text


def fails(command, wants, patience=60):
    """What it printed, if it ended with something else than 0 and printed one of the texts."""
    code, text, errors = outcome(command, patience)
    said = " ".join((errors + text).split())[-700:]
    assert code != 0, f"it passed: {said}"
    assert any(wanted in errors + text for wanted in wants), f"none of {wants} in: {said}"
    return text


def grpc_go_client(checks, address):
    program = go_program(checks.out, "grpc_go_client")
    host, port = address.rsplit(":", 1)
    soak = ["-soak_iterations", "100", "-soak_per_iteration_max_acceptable_latency_ms", "10000",
            "-soak_overall_timeout_seconds", "50", "-soak_num_threads", "4"]
    secure = ["-use_tls", "-use_test_ca", "-ca_file", checks.tls["ca"], "-server_host_override", "localhost"] if checks.tls else []
    for case in [*CASES, "rpc_soak", "channel_soak"]:
        command = [program, "-server_host", host, "-server_port", port, *secure, "-test_case", case,
                   *(soak if "soak" in case else [])]
        checks.check(case, succeeds, command)


def lines_of(command):
    """A client that prints its own lines."""
    def run_client(checks, address):
        words = filled(command(checks), {"address": address, **checks.tls})
        words += ["--cases", ",".join(checks.only)] if checks.only else []
        print("$", " ".join(words), flush=True)
        checks.ran += 1
        if not shutil.which(words[0]):
            raise SystemExit(f"{words[0]} is not there: build it")
        try:
            checks.failed += subprocess.run(words, stdin=subprocess.DEVNULL, timeout=500, check=False).returncode != 0
        except subprocess.TimeoutExpired:
            checks.failed += 1
            print("FAIL: no end within 500 s")
    return run_client


def grpcurl(checks, address):
    program = go_program(checks.out, "grpcurl")
    secure = ["-plaintext"]
    if checks.tls:
        secure = ["-cacert", checks.tls["ca"], "-servername", "localhost"]
        secure += ["-cert", checks.tls["certificate"], "-key", checks.tls["key"]] if checks.tls["mutual"] else []
    by_file = [program, *secure, "-max-time", "20", "-import-path", PROTOS, "-import-path", SERVICE_PROTOS,
               "-proto", "grpc/testing/test.proto", "-proto", "grpc/health/v1/health.proto", "-proto",
               "grpc/reflection/v1/reflection.proto", "-proto", "grpc/reflection/v1alpha/reflection.proto"]
    by_reflection = [program, *secure, "-max-time", "20"]
    service = "grpc.testing.TestService"

    def call(options, method, data="{}", more=()):
        return [*options, *more, "-d", data, address, method]

    checks.check("unary", succeeds, call(by_file, f"{service}/UnaryCall", '{"response_size": 3}'), 60, ['"body": "AAAA"'])
    streamed = '{"response_parameters": [{"size": 1}, {"size": 2}, {"size": 3}]}'
    checks.check("server_streaming", succeeds, call(by_file, f"{service}/StreamingOutputCall", streamed), 60,
                 ['"AA=="', '"AAA="', '"AAAA"'])
    summed = '{"payload": {"body": "AAAA"}} {"payload": {"body": "AAA="}}'
    checks.check("client_streaming", succeeds, call(by_file, f"{service}/StreamingInputCall", summed), 60,
                 ['"aggregatedPayloadSize": 5'])
    checks.check("bidirectional", succeeds, call(by_file, f"{service}/FullDuplexCall", streamed * 2), 60, ['"AAAA"'])
    refused = '{"response_status": {"code": 9, "message": "as you wish \\u2713 100%"}}'
    checks.check("status", fails, call(by_file, f"{service}/UnaryCall", refused), ["Code: FailedPrecondition"])
    checks.check("status_message", fails, call(by_file, f"{service}/UnaryCall", refused), ["Message: as you wish \u2713 100%"])
    checks.check("unimplemented", fails, call(by_file, f"{service}/UnimplementedCall"), ["Code: Unimplemented"])
    echo = ["-v", "-H", "x-grpc-test-echo-initial: here", "-H", "x-grpc-test-echo-trailing-bin: AQID"]
    checks.check("metadata", succeeds, call(by_file, f"{service}/UnaryCall", '{"response_size": 1}', echo), 60,
                 ["x-grpc-test-echo-initial: here", "x-grpc-test-echo-trailing-bin: AQID"])

    health = "grpc.health.v1.Health"
    checks.check("health", succeeds, call(by_file, f"{health}/Check"), 60, ['"SERVING"'])
    checks.check("health_of_service", succeeds, call(by_file, f"{health}/Check", f'{{"service": "{service}"}}'), 60,
                 ['"SERVING"'])
    checks.check("health_of_nobody", fails, call(by_file, f"{health}/Check", '{"service": "no.Such"}'), ["Code: NotFound"])

    def watch(name, status):
        """The first status comes at once, and the call stays open."""
        command = call(by_file, f"{health}/Watch", f'{{"service": "{name}"}}')
        with subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True) as watching:
            said = ""
            for line in watching.stdout:
                said += line
                if line.strip() == "}":
                    break
            still = watching.poll() is None
            watching.kill()
        assert f'"{status}"' in said, f"no {status} in: {said}"
        assert still, f"the watch has ended: {said}"

    checks.check("health_watch", watch, service, "SERVING")
    checks.check("health_watch_nobody", watch, "no.Such", "SERVICE_UNKNOWN")

    checks.check("reflection_list", succeeds, [*by_reflection, address, "list"], 60, [service, health])
    checks.check("reflection_list_service", succeeds, [*by_reflection, address, "list", service], 60,
                 [f"{service}.{method}" for method in ("EmptyCall", "UnaryCall", "FullDuplexCall")])
    checks.check("reflection_describe", succeeds, [*by_reflection, address, "describe", service], 60,
                 ["rpc StreamingInputCall ( stream .grpc.testing.StreamingInputCallRequest )"])
    checks.check("reflection_describe_message", succeeds, [*by_reflection, address, "describe", "grpc.testing.Payload"], 60,
                 ["bytes body = 2;"])
    checks.check("reflection_unary", succeeds, call(by_reflection, f"{service}/UnaryCall", '{"response_size": 3}'), 60,
                 ['"body": "AAAA"'])
    checks.check("reflection_bidirectional", succeeds, call(by_reflection, f"{service}/FullDuplexCall", streamed), 60,
                 ['"AAAA"'])
    for version in ("v1", "v1alpha"):
        method = f"grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
        asked = [{"list_services": "*"}, {"file_containing_symbol": f"{service}.UnaryCall"}, {"file_containing_symbol": "no.Such"},
                 {"file_by_filename": "grpc/testing/messages.proto"}, {"file_by_filename": "no/such.proto"},
                 {"all_extension_numbers_of_type": "grpc.testing.Payload"}, {"all_extension_numbers_of_type": "no.Such"}]

        def reflect(method=method, asked=asked):
            text = succeeds(call(by_file, method, " ".join(json.dumps(one) for one in asked)))
            decoder, at, answers = json.JSONDecoder(), 0, []
            while at < len(text.rstrip()):
                answer, at = decoder.raw_decode(text, at)
                answers.append(answer)
                at += len(text[at:]) - len(text[at:].lstrip())
            assert len(answers) == len(asked), f"{len(answers)} answers to {len(asked)} questions"
            names = [one["name"] for one in answers[0]["listServicesResponse"]["service"]]
            assert service in names and health in names, f"services: {names}"
            for index, file in ((1, b"grpc/testing/test.proto"), (3, b"grpc/testing/messages.proto")):
                files = answers[index].get("fileDescriptorResponse", {}).get("fileDescriptorProto", [])
                assert any(file in base64.b64decode(one)[:40] for one in files), f"{asked[index]}: {answers[index]}"
            for index in (2, 4, 6):
                assert answers[index].get("errorResponse", {}).get("errorCode") == 5, f"{asked[index]}: {answers[index]}"
            assert answers[5].get("allExtensionNumbersResponse", {}).get("baseTypeName") == "grpc.testing.Payload" \
                or answers[5].get("errorResponse"), answers[5]
        checks.check(f"reflection_{version}", reflect)


def buf_curl(protocol):
    def run_buf(checks, address):
        program = buf(checks.out)
        command = [program, "curl", "--protocol", protocol, "--http2-prior-knowledge"]
        schema = ["--schema", PROTOS]
        base = f"http://{address}/grpc.testing.TestService"
        streamed = '{"responseParameters": [{"size": 1}, {"size": 2}, {"size": 3}]}'
        refused = '{"responseStatus": {"code": 9, "message": "as you wish \\u2713 100%"}}'
        summed = '{"payload": {"body": "AAAA"}} {"payload": {"body": "AAA="}}'
        checks.check("unary", succeeds, [*command, *schema, "-d", '{"responseSize": 3}', f"{base}/UnaryCall"], 60, ["AAAA"])
        checks.check("server_streaming", succeeds, [*command, *schema, "-d", streamed, f"{base}/StreamingOutputCall"], 60,
                     ["AA==", "AAA=", "AAAA"])
        checks.check("client_streaming", succeeds, [*command, *schema, "-d", "@-", f"{base}/StreamingInputCall"], 60, ["5"],
                     summed)
        checks.check("status", fails, [*command, *schema, "-d", refused, f"{base}/UnaryCall"], ["failed_precondition"])
        checks.check("status_message", fails, [*command, *schema, "-d", refused, f"{base}/UnaryCall"],
                     ["as you wish \u2713 100%"])
        checks.check("unimplemented", fails, [*command, *schema, "-d", "{}", f"{base}/UnimplementedCall"], ["unimplemented"])
        if protocol == "grpcweb":
            return
        checks.check("bidirectional", succeeds, [*command, *schema, "-d", streamed, f"{base}/FullDuplexCall"], 60, ["AAAA"])
        for version in ("v1", "v1alpha"):
            reflected = [*command, "--reflect", "--reflect-protocol", f"grpc-{version}", "-d", '{"responseSize": 3}']
            checks.check(f"reflection_{version}", succeeds, [*reflected, f"{base}/UnaryCall"], 60, ["AAAA"])
    return run_buf


def health_probe(checks, address):
    program = go_program(checks.out, "grpc-health-probe")
    command = [program, "-addr", address, "-connect-timeout", "10s", "-rpc-timeout", "10s"]
    if checks.tls:
        command += ["-tls", "-tls-ca-cert", checks.tls["ca"], "-tls-server-name", "localhost"]
    checks.check("serving", succeeds, command)
    checks.check("service", succeeds, [*command, "-service", "grpc.testing.TestService"])
    checks.check("nobody", fails, [*command, "-service", "no.Such"], ["NotFound"])


def ghz(checks, address):
    program = go_program(checks.out, "ghz")

    def load(method, data, count, workers, connections):
        text = succeeds([program, "--insecure", "-i", PROTOS, "--proto", PROTOS / "grpc" / "testing" / "test.proto",
                         "--call", f"grpc.testing.TestService.{method}", "-d", data, "-n", count, "-c", workers,
                         "--connections", connections, "-t", "30s", "-O", "json", address], 240)
        report = json.loads(text)
        assert report["statusCodeDistribution"] == {"OK": count}, report["statusCodeDistribution"]
        print(f"   {method}: {report['rps']:.0f} calls/s", flush=True)

    checks.check("empty_calls", load, "EmptyCall", "{}", 10000, 50, 5)
    large = json.dumps({"response_size": 20000, "payload": {"body": base64.b64encode(bytes(20000)).decode()}})
    checks.check("larger_calls", load, "UnaryCall", large, 2000, 20, 2)
    streamed = json.dumps({"response_parameters": [{"size": 100}] * 20})
    checks.check("server_streams", load, "StreamingOutputCall", streamed, 1000, 20, 2)
    checks.check("client_streams", load, "StreamingInputCall", json.dumps([{"payload": {"body": "AAAA"}}] * 20), 1000, 20, 2)
    checks.check("bidirectional", load, "FullDuplexCall", json.dumps([json.loads(streamed)] * 3), 500, 20, 2)


def h2load(checks, address):
    need("h2load")
    scheme = "https" if checks.tls else "http"

    def load(method, body, count, clients, streams):
        with tempfile.NamedTemporaryFile() as data:
            data.write(b"\0" + len(body).to_bytes(4, "big") + body)
            data.flush()
            text = succeeds(["h2load", "-n", count, "-c", clients, "-m", streams, "-d", data.name, "-H", "te: trailers", "-H",
                             "content-type: application/grpc", f"{scheme}://{address}/grpc.testing.TestService/{method}"], 240)
        found = re.search(r"requests: (\d+) total, .* (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", text)
        assert found and [int(number) for number in found.groups()] == [count, count, 0, 0, 0], text[-700:]
        assert f"status codes: {count} 2xx" in text, text[-700:]
        print("   " + re.search(r"finished in .*", text).group(0), flush=True)

    checks.check("empty_calls", load, "EmptyCall", b"", 20000, 4, 32)
    checks.check("one_stream_at_a_time", load, "EmptyCall", b"", 5000, 50, 1)
    # SimpleRequest{response_size 10000, payload{body: 10000 zeros}}
    payload = b"\x12\x90\x4e" + bytes(10000)
    checks.check("larger_calls", load, "UnaryCall", b"\x10\x90\x4e\x1a\x93\x4e" + payload, 3000, 4, 32)


def h2spec(checks, address):
    program = go_program(checks.out, "h2spec")
    host, port = address.rsplit(":", 1)

    def conforms():
        secure = ["-t", "-k"] if checks.tls else []
        _, text, _ = outcome([program, "-h", host, "-p", port, *secure, "-S", "-P", "/h2spec", "-o", "3"], 400)
        found = re.search(r"(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed", text)
        assert found, f"no summary: {text[-700:]}"
        tests, passed, skipped, failed = (int(number) for number in found.groups())
        print("  ", found.group(0), flush=True)
        if failed or skipped:
            print(text[text.find("Failures:"):] if "Failures:" in text else text, flush=True)
        assert tests - passed <= 2 and skipped == 0, found.group(0)
    checks.check("h2spec", conforms)


CLIENTS = {
    "go": grpc_go_client,
    "js": lines_of(lambda checks: ["node", node_folder(checks.out) / "client.js", "--protos", PROTOS, "--address", "{address}"]),
    "python": lines_of(lambda checks: [*python_command(checks.out, "client.py"), "--address", "{address}"]),
    "cpp": lines_of(lambda checks: [cpp_program(checks.out, "client"), "--address", "{address}"]),
    "grpcurl": grpcurl,
    "buf_grpc": buf_curl("grpc"),
    "buf_connect": buf_curl("connect"),
    "buf_grpcweb": buf_curl("grpcweb"),
    "health_probe": health_probe,
    "ghz": ghz,
    "h2load": h2load,
    "h2spec": h2spec,
}


def check(options):
    commands = list(options.commands)
    with contextlib.ExitStack() as stack:
        tls = stack.enter_context(certificates(options.tls))
        checks = Checks(options, tls)
        if options.server == "ours":
            server = polite_server(filled(commands.pop(0), tls))
        else:
            server = SERVERS[options.server](checks)
        client = CLIENTS.get(options.client)
        if not client:
            command = commands.pop(0)
            client = lines_of(lambda _: command)
        address = stack.enter_context(server)
        if options.through:
            address = stack.enter_context(proxy_before(address, options.through))
        client(checks, address)
    if checks.failed or not checks.ran:
        print(f"failed: {checks.failed} of {checks.ran}")
    return 1 if checks.failed or not checks.ran else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("build", "check", "list"))
    parser.add_argument("peers", nargs="*", help="what to build; default: everything")
    parser.add_argument("--out", type=pathlib.Path, help="where the programs go, outside the sources")
    parser.add_argument("--server", choices=("ours", *SERVERS))
    parser.add_argument("--client", choices=("ours", *CLIENTS))
    parser.add_argument("--through", choices=tuple(PROXIES))
    parser.add_argument("--tls", action="store_const", const="tls", help="the server has a certificate")
    parser.add_argument("--mtls", dest="tls", action="store_const", const="mtls", help="the client too")
    parser.add_argument("--cases", help="only these, with commas between")
    groups = [[]]
    for word in sys.argv[1:]:
        if word == "--":
            groups.append([])
        else:
            groups[-1].append(word)
    options = parser.parse_intermixed_args(groups[0])
    options.commands = groups[1:]
    if options.what == "list":
        print("peers:", *BUILD, "\nservers:", *SERVERS, "\nclients:", *CLIENTS, "\nproxies:", *PROXIES, "\ncases:", *CASES)
        return 0
    if not options.out:
        parser.error("where? --out DIR")
    options.out = options.out.resolve()
    options.cases = options.cases.split(",") if options.cases else None
    if options.through in SPOILT_BY and not options.cases:
        options.cases = [case for case in CASES if case not in SPOILT_BY[options.through]]
    if options.what == "check" and not (options.server and options.client):
        parser.error("check needs --server and --client")
    if len(options.commands) != [options.server, options.client].count("ours") or not all(options.commands):
        parser.error("each `ours` is a command behind a --")
    try:
        return build(options) if options.what == "build" else check(options)
    except Missing as why:
        print(f"skipped: {why}")
        return SKIPPED


if __name__ == "__main__":
    sys.exit(main())
