#!/usr/bin/env python3
"""Checks the order of the folders, the words and the links of the repository against rules.py.

    hygiene.py includes|text|links ROOT    prints findings, exits with 1 when there are any
    hygiene.py selftest                       proves that each rule can fail
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

import rules

SOURCE = (".hpp", ".cpp", ".h", ".c", ".ipp")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)


def files(root):
    """Paths below root that git tracks or would track; without git, all outside build folders."""
    git = subprocess.run(["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                         capture_output=True, check=False)
    if git.returncode == 0:
        names = [name for name in git.stdout.decode().split("\0") if name]
    else:
        names = [str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()]
        names = [name for name in names if not re.match(r"(build[^/]*|\.git)/", name)]
    return sorted(name for name in set(names) if os.path.lexists(root / name))


def folder_of(path, table):
    for pattern, folder in table:
        match = re.match(pattern, path)
        if match:
            return match.expand(folder)
    return None


def check_include(path, folder, quote, included, line):
    def finding(why):
        return f"{path}:{line}: includes {included}: {why}"

    if ".." in included.split("/"):
        return finding("write the path from include/ or from the file's own folder")
    target = folder_of(included, rules.INCLUDED_FOLDERS)
    if target:
        if quote != '"':
            return finding('write "..." for our own headers')
        allowed = rules.MAY_INCLUDE[folder]
        if target != folder and allowed is not None and target not in allowed:
            return finding(f"{folder} may include only {', '.join(allowed) or 'itself'}")
        return None
    for library in rules.LIBRARIES:
        if re.match(library["include"], included):
            if folder == "front" or (folder in library["folders"] and re.search(library.get("path", ""), path)):
                return None
            return finding(f"this library belongs to {', '.join(library['folders'])}")
    if quote == '"':
        return None if path.startswith(("src/", "codecs/")) else finding("a public header names headers as polyrpc/...")
    if folder == "core" and re.match(rules.CORE_FORBIDDEN, included):
        return finding("the core has no sockets, no threads and prints nothing")
    if not rules.SYSTEM_HEADER.match(included):
        return finding("an unknown library; if it belongs here, name it in tests/hygiene/rules.py")
    return None


def check_includes(root):
    findings = []
    for path in files(root):
        if not path.endswith(SOURCE):
            continue
        folder = folder_of(path, rules.FOLDERS)
        if folder is None:
            continue
        if folder not in rules.MAY_INCLUDE:
            findings.append(f"{path}: folder {folder} has no rule in tests/hygiene/rules.py")
            continue
        text = (root / path).read_text(errors="replace")
        if path.endswith(".hpp") and not re.search(r"^#pragma once$", text, re.MULTILINE):
            findings.append(f"{path}: no #pragma once")
        for match in INCLUDE.finditer(text):
            line = text.count("\n", 0, match.start(2)) + 1
            found = check_include(path, folder, match.group(1), match.group(2), line)
            if found:
                findings.append(found)
            elif match.group(1) == '"' and not match.group(2).startswith("polyrpc/"):
                # A private header: in the file's own folder, or below src/ or the codec's src/.
                bases = [(root / path).parent, root / "src", root / "/".join(path.split("/")[:3])]
                if not any((base / match.group(2)).exists() for base in bases):
                    findings.append(f"{path}:{line}: includes {match.group(2)}: not in this folder")
    return findings


def check_text(root):
    findings = []
    for path in files(root):
        full = root / path
        if full.is_symlink():
            target = (full.parent / os.readlink(full)).resolve()
            if root.resolve() not in target.parents:
                findings.append(f"{path}: a link to outside the repository")
            continue
        if rules.BINARY.search(path):
            continue
        raw = full.read_bytes()
        if b"\r\n" in raw:
            findings.append(f"{path}: CRLF line ends")
        if raw and not raw.endswith(b"\n"):
            findings.append(f"{path}: no newline at the end")
        for number, line in enumerate(raw.decode("utf-8", errors="replace").split("\n"), 1):
            strange = next((char for char in line if ord(char) > 126 or (ord(char) < 32 and char not in "\t\r")), None)
            if strange and not rules.MAY_HAVE_UNICODE.search(path):
                findings.append(f"{path}:{number}: not ASCII: U+{ord(strange):04X}")
            if rules.EXEMPT.search(path):
                continue
            for pattern, why in rules.FORBIDDEN_TEXT:
                match = re.search(pattern, line)
                if match:
                    findings.append(f"{path}:{number}: '{match.group(0)}': {why}")
    return findings


LINK = re.compile(r"\]\(([^()\s]+)\)")
CODE = re.compile(r"`([^`]+)`")


def anchors(text):
    """The names by which the headings of a page are linked to."""
    headings = re.findall(r"^#+ +(.+)$", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def check_links(root):
    findings = []
    tracked = files(root)
    known = set(tracked) | {str(parent) for name in tracked for parent in pathlib.PurePath(name).parents}
    for path in tracked:
        if not path.endswith(".md") or rules.BINARY.search(path):
            continue
        fenced = False
        for number, line in enumerate((root / path).read_text(errors="replace").split("\n"), 1):
            if line.startswith("```"):
                fenced = not fenced
            if fenced or line.startswith("    "):
                continue
            for target in LINK.findall(CODE.sub("", line)):
                if re.match(r"[a-z]+:", target):
                    continue
                name, _, anchor = target.partition("#")
                page = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
                if page not in known:
                    findings.append(f"{path}:{number}: a link to {target}, which is not there")
                elif anchor and anchor not in anchors((root / page).read_text(errors="replace")):
                    findings.append(f"{path}:{number}: a link to {target}, which has no such heading")
            for code in CODE.findall(line):
                if not rules.PATH_IN_TEXT.match(code):
                    continue
                name = code.rstrip("/")
                places = [name, os.path.join(os.path.dirname(path), name), "include/" + name]
                places += [f"codecs/{codec}/include/{name}" for codec in rules.CODECS]
                if not any(os.path.normpath(place) in known for place in places):
                    findings.append(f"{path}:{number}: {code} is not there")
    return findings


def selftest():
    """One file per rule that breaks it, next to files that break none."""
    good = {
        "include/polyrpc/core/a.hpp": "#pragma once\n#include <string>\n",
        "include/polyrpc/runtime/b.hpp": '#pragma once\n#include "polyrpc/core/a.hpp"\n#include <asio/awaitable.hpp>\n',
        "src/runtime/b.cpp": '#include "polyrpc/runtime/b.hpp"\n#include "private.hpp"\n#include <sys/un.h>\n',
        "src/runtime/private.hpp": "#pragma once\n",
        "src/transports/http1.cpp": "#include <llhttp.h>\n",
        "codecs/gob/src/c.cpp": '#include "polyrpc/core/a.hpp"\n// TODO(perf): one allocation less\n',
        "include/polyrpc/polyrpc.hpp": '#pragma once\n#include "polyrpc/codecs/gob.hpp"\n',
        "README.md": "unix:///tmp/hello.sock and https://example.org/work/\n",
        "docs/good.md": "# One and `two`\n[a](../README.md) [b](#one-and-two) [c](good.md#one-and-two) [d](https://x.org/y)\n"
                        "`docs/good.md` `polyrpc/core/a.hpp` `src/runtime` `src/*/b.cpp` `[no](link)` `src`\n```\n[no](link)\n```\n",
    }
    bad = {
        "include/polyrpc/core/asio.hpp": ("includes", "#pragma once\n#include <asio.hpp>\n"),
        "include/polyrpc/core/up.hpp": ("includes", '#pragma once\n#include "polyrpc/runtime/b.hpp"\n'),
        "include/polyrpc/core/threads.hpp": ("includes", "#pragma once\n#include <thread>\n"),
        "include/polyrpc/core/twice.hpp": ("includes", "#include <string>\n"),
        "include/polyrpc/runtime/door.hpp": ("includes", '#pragma once\n#include "polyrpc/polyrpc.hpp"\n'),
        "include/polyrpc/runtime/angle.hpp": ("includes", "#pragma once\n#include <polyrpc/core/a.hpp>\n"),
        "include/polyrpc/runtime/short.hpp": ("includes", '#pragma once\n#include "b.hpp"\n'),
        "include/polyrpc/unruly/x.hpp": ("includes", "#pragma once\n"),
        "src/runtime/wire.cpp": ("includes", '#include "polyrpc/codecs/gob.hpp"\n'),
        "src/runtime/dots.cpp": ("includes", '#include "../core/private.hpp"\n'),
        "src/runtime/missing.cpp": ("includes", '#include "nowhere.hpp"\n'),
        "src/runtime/boost.cpp": ("includes", "#include <boost/asio.hpp>\n"),
        "src/transports/tcp.cpp": ("includes", "#include <llhttp.h>\n"),
        "codecs/gob/src/json.cpp": ("includes", "#include <nlohmann/json.hpp>\n"),
        "docs/home.md": ("text", "see /" + "home/me/notes\n"),
        "docs/open.md": ("text", "TODO\n"),
        "docs/open2.md": ("text", "FIX" + "ME later\n"),
        "docs/outside.md": ("text", "in ../" + "shared/x\n"),
        "docs/unicode.md": ("text", "\u201cquoted\u201d\n"),
        "docs/control.md": ("text", "a\x01b\n"),
        "docs/crlf.md": ("text", "a\r\n"),
        "docs/end.md": ("text", "no newline"),
        "docs/gone.md": ("links", "[a](gone/there.md)\n"),
        "docs/heading.md": ("links", "# Here\n[a](#there)\n"),
        "docs/path.md": ("links", "see `src/runtime/gone.cpp`\n"),
        "docs/header.md": ("links", "see `polyrpc/core/gone.hpp`\n"),
        "docs/host.md": ("text", "https://registry." + "npmjs.org/\n"),
    }
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        for path, text in [*good.items(), *((path, text) for path, (_, text) in bad.items())]:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(text.encode())
        (root / "docs/link.md").symlink_to("/etc/hostname")
        bad["docs/link.md"] = ("text", "")
        results = {"includes": check_includes(root), "text": check_text(root), "links": check_links(root)}
    failures = []
    for path, (check, _) in bad.items():
        if not any(re.match(re.escape(path) + r"\b", finding) for finding in results[check]):
            failures.append(f"{check} does not see what is wrong in {path}")
    for findings in results.values():
        for finding in findings:
            if not any(re.match(re.escape(path) + r"\b", finding) for path in bad):
                failures.append(f"wrong finding: {finding}")
    return failures


def main(arguments):
    if arguments == ["selftest"]:
        findings = selftest()
    elif len(arguments) == 2 and arguments[0] in ("includes", "text", "links"):
        root = pathlib.Path(arguments[1])
        findings = {"includes": check_includes, "text": check_text, "links": check_links}[arguments[0]](root)
    else:
        print(__doc__, file=sys.stderr)
        return 2
    for finding in findings:
        print(finding)
    print(f"{len(findings)} finding(s)")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
