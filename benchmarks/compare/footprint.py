#!/usr/bin/env python3
"""What a server of one method weighs, and how long it takes to compile: polyrpc's, and its peers' (peers/*/hello.cpp).

    footprint.py [--build build/benchmarks] [--only gRPC] [--repetitions 3]

Prints a list in JSON, an object a server:

    static_bytes        stripped, all libraries but the C and C++ ones linked into it
    static_libraries    the shared libraries that it still needs, and those need
    fully_static_bytes  with -static: null where Debian has no archive of a library
    dynamic_bytes       stripped, with the system's shared libraries (polyrpc's own is an archive here too, as it is built by default)
    libraries           the shared libraries that this needs, and those need
    own_tu_seconds      to compile the one source that its author writes: g++ -O2, median
    generated_seconds   to compile what a generator writes for it

All are compiled and linked with the same options. Times are processor time of the compiler, which others on the machine change least.
polyrpc's libraries are taken from the build folder as they are.
"""

import argparse
import glob
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PEERS = HERE / "peers"
COMPILER = os.environ.get("CXX", "g++")
OPTIONS = ["-std=c++20", "-O2", "-DNDEBUG", "-ffunction-sections", "-fdata-sections"]
LINKING = ["-O2", "-Wl,--gc-sections", "-Wl,--as-needed"]
# What "no shared library but libc's and libstdc++'s" allows.
OF_THE_LANGUAGE = ("libc.so", "libm.so", "libstdc++.so", "libgcc_s.so", "libpthread.so", "libdl.so", "librt.so", "ld-linux")


class Failure(Exception):
    pass


def say(text):
    print(text, file=sys.stderr, flush=True)


def package(*names):
    """Compiler options and libraries, as pkg-config knows them."""
    def ask(*what):
        done = subprocess.run(["pkg-config", *what, *names], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failure(done.stderr.strip())
        return done.stdout.split()

    return {"flags": ask("--cflags"), "libraries": ask("--libs"), "static": ask("--static", "--libs")}


def run(*command, **more):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise Failure(f"{command[0]}: " + "\n".join(done.stderr.splitlines()[:6]))
    return done.stdout


def asio_flags(build):
    with open(build / "CMakeCache.txt", encoding="ascii", errors="replace") as cache:
        folder = re.search(r"^Asio_INCLUDE_DIR:\w+=(.+)$", cache.read(), re.MULTILINE)
    found = ["-DASIO_STANDALONE", "-DASIO_NO_DEPRECATED"]
    return found + ([f"-I{folder[1]}"] if folder and folder[1] != "/usr/include" else [])


def polyrpc(build, *more):
    archives = sorted(glob.glob(f"{build}/**/libpolyrpc_*.a", recursive=True))
    if not archives:
        raise Failure(f"no libraries of polyrpc in {build}")
    includes = [f"-I{ROOT / folder}" for folder in ("include", "codecs/gob/include", "codecs/json/include", "codecs/protobuf/include")]
    if glob.glob("/usr/lib/*/libllhttp.a"):  # where it is no library, polyrpc has its source within
        more += ("-lllhttp",)
    libraries = ["-Wl,--start-group", *archives, "-Wl,--end-group", *more, "-pthread"]
    return {"flags": [*includes, *asio_flags(build), "-DPOLYRPC_HAS_HTTP1=1"], "libraries": libraries, "static": libraries}


def grpc_generated(folder):
    plugin = shutil.which("grpc_cpp_plugin")
    if not plugin:
        raise Failure("no grpc_cpp_plugin")
    run("protoc", f"--cpp_out={folder}", f"--grpc_out={folder}", f"--plugin=protoc-gen-grpc={plugin}",
        "-I", PEERS / "grpc_cpp", "hello.proto")
    return ["hello.pb.cc", "hello.grpc.pb.cc"]


def capnp_generated(folder):
    run("capnp", "compile", f"-oc++:{folder}", f"--src-prefix={PEERS / 'capnp'}", PEERS / "capnp" / "hello.capnp")
    return ["hello.capnp.c++"]


def thrift_generated(folder):
    run("thrift", "--gen", "cpp:no_skeleton", "-out", folder, PEERS / "thrift" / "hello.thrift")
    return ["HelloService.cpp"]


# Name, source, its libraries, what generates code for it.
SERVERS = [
    ("polyrpc, gob and JSON", "polyrpc/hello.cpp", polyrpc, None),
    ("polyrpc, gob, JSON and gRPC", "polyrpc/hello_grpc.cpp",
     lambda build: polyrpc(build, "-lprotobuf", "-lnghttp2", "-lz", "-lsnappy"), None),
    ("plain asio", "asio_echo/callbacks.cpp", lambda build: {"flags": [f"-I{HERE}", *asio_flags(build)],
                                                             "libraries": ["-pthread"], "static": ["-pthread"]}, None),
    ("Cap'n Proto", "capnp/hello.cpp", lambda _: package("capnp-rpc"), capnp_generated),
    ("Thrift, threaded", "thrift/hello.cpp", lambda _: package("thrift"), thrift_generated),
    ("gRPC C++", "grpc_cpp/hello.cpp", lambda _: package("grpc++", "protobuf"), grpc_generated),
]


def compile_one(source, target, flags):
    """Returns the processor time that it took."""
    environment = dict(os.environ, CCACHE_DISABLE="1")
    with tempfile.TemporaryFile("w+") as errors:
        language = ["-x", "c++"] if str(source).endswith(".c++") else []
        process = subprocess.Popen([COMPILER, *OPTIONS, *flags, "-c", "-o", str(target), *language, str(source)],
                                   stderr=errors, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            raise Failure(f"{source}: " + "\n".join(errors.read().splitlines()[:6]))
    return usage.ru_utime + usage.ru_stime


def shared_libraries(program):
    text = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    names = [line.split()[0] for line in text.splitlines() if "=>" in line]
    return sorted(names)


def serves(program):
    """Starts it once: it must say where it listens."""
    process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL)
    line = process.stdout.readline()
    process.terminate()
    process.wait(20)
    process.stdout.close()
    if "listening" not in line:
        raise Failure(f"{program} does not say where it listens: {line!r}")


def link(program, objects, libraries, *more):
    run(COMPILER, *LINKING, *more, "-o", program, *objects, *libraries)
    serves(program)
    stripped = f"{program}.stripped"
    run("strip", "--strip-all", "-o", stripped, program)
    return os.stat(stripped).st_size


def measure(name, source, of_libraries, generate, options, folder):
    libraries = of_libraries(options.build)
    generated = generate(folder) if generate else []
    flags = [*libraries["flags"], f"-I{folder}"]
    own = [compile_one(PEERS / source, f"{folder}/own.o", flags) for _ in range(options.repetitions)]
    objects, of_generated = [f"{folder}/own.o"], []
    for i, part in enumerate(generated):
        objects.append(f"{folder}/generated{i}.o")
        of_generated.append(statistics.median(
            compile_one(f"{folder}/{part}", objects[-1], flags) for _ in range(options.repetitions)))
    result = {"server": name}
    program = f"{folder}/static"
    result["static_bytes"] = link(program, objects, ["-Wl,-Bstatic", *libraries["static"], "-Wl,-Bdynamic"])
    result["static_libraries"] = shared_libraries(program)
    result["others_than_the_languages"] = [
        library for library in result["static_libraries"] if not library.startswith(OF_THE_LANGUAGE)]
    try:
        result["fully_static_bytes"] = link(f"{folder}/fully_static", objects, libraries["static"], "-static")
    except Failure as failure:
        say(f"  {name}, -static: {failure}")
        result["fully_static_bytes"] = None
    program = f"{folder}/dynamic"
    result["dynamic_bytes"] = link(program, objects, libraries["libraries"])
    result["libraries"] = shared_libraries(program)
    result["own_tu_seconds"] = round(statistics.median(own), 2)
    result["generated_seconds"] = round(sum(of_generated), 2)
    return result


def measure_all(options):
    results = []
    for name, *rest in SERVERS:
        if not re.search(options.only, name):
            continue
        say(f"footprint: {name}")
        with tempfile.TemporaryDirectory() as folder:
            try:
                results.append(measure(name, *rest, options, folder))
            except (Failure, OSError) as failure:
                say(f"left out: {name}: {failure}")
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "benchmarks", help="folder with polyrpc's libraries")
    parser.add_argument("--repetitions", type=int, help="of each compilation, by default 3")
    parser.add_argument("--quick", action="store_true", help="compile once")
    parser.add_argument("--only", default="", help="only servers whose name matches this expression")
    options = parser.parse_args()
    options.repetitions = options.repetitions or (1 if options.quick else 3)
    json.dump(measure_all(options), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
