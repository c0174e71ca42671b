#!/usr/bin/env python3
"""golden.py PROTOC PLUGIN [--update]: what the plugin writes for each case in golden/ is what stands there."""

import difflib
import pathlib
import subprocess
import sys
import tempfile

GOLDEN = pathlib.Path(__file__).resolve().parent / "golden"
ENDINGS = ["polyrpc.hpp", "polyrpc_async.hpp"]


def check(case, protoc, plugin, update):
    """Returns the differences as text."""
    with tempfile.TemporaryDirectory() as out:
        run = subprocess.run(
            [protoc, f"--plugin=protoc-gen-polyrpc={plugin}", f"--polyrpc_out={out}", f"-I{case}", str(case / "in.proto")],
            capture_output=True, text=True)
        if run.returncode != 0:
            return f"{case.name}: protoc failed\n{run.stderr}"
        differences = ""
        made = {path.name for path in pathlib.Path(out).iterdir()}
        if made != {f"in.{ending}" for ending in ENDINGS}:
            differences += f"{case.name}: made {', '.join(sorted(made))}\n"
        for ending in ENDINGS:
            text = (pathlib.Path(out) / f"in.{ending}").read_text()
            expected = case / f"expected.{ending}"
            if update:
                expected.write_text(text)
            elif not expected.exists():
                differences += f"{case.name}: {expected.name} is missing; --update writes it\n"
            else:
                differences += "".join(difflib.unified_diff(
                    expected.read_text().splitlines(True), text.splitlines(True), f"{case.name}/{expected.name}", "made"))
        return differences


def main():
    protoc, plugin = sys.argv[1:3]
    cases = sorted(path.parent for path in GOLDEN.glob("*/in.proto"))
    failed = [text for case in cases if (text := check(case, protoc, plugin, "--update" in sys.argv[3:]))]
    print("".join(failed), end="")
    print(f"{len(cases) - len(failed)} of {len(cases)} cases as expected")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
