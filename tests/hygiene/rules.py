"""What the hygiene test demands. Change a rule here when docs/architecture.md changes, not to silence a finding."""

import re

# The folder of a file: the first pattern that matches its path below the root.
FOLDERS = [
    (r"include/polyrpc/[^/]+\.hpp$", "front"),
    (r"include/polyrpc/([^/]+)/", r"\1"),
    (r"src/[^/]+\.[ch]pp$", "front"),
    (r"src/(?!cmake/|tools/)([^/]+)/", r"\1"),
    (r"codecs/([^/]+)/", r"codecs/\1"),
]

# The folder of an included header.
INCLUDED_FOLDERS = [
    (r"polyrpc/codecs/([^/._]+)[/._]", r"codecs/\1"),  # codecs/json.hpp, codecs/json_dynamic.hpp
    (r"polyrpc/([^/]+)/", r"\1"),
    (r"polyrpc/[^/]+\.hpp$", "front"),
]

# A folder may include itself and these. A folder that is not listed is a finding.
MAY_INCLUDE = {
    "core": [],
    "compression": ["core"],
    "codecs/gob": ["core"],
    "codecs/json": ["core"],
    "codecs/protobuf": ["core"],
    "runtime": ["core"],
    "transports": ["core", "runtime"],
    "discovery": ["core", "runtime"],
    "interceptors": ["core", "runtime"],
    "services": ["core", "runtime"],
    "grpc": ["core", "runtime", "transports", "codecs/protobuf"],
    "front": None,  # everything
}

# Libraries stay at the leaves: includes that match belong to these folders (and the front door) only; "path" narrows it.
LIBRARIES = [
    {"include": r"asio(/|\.hpp)", "folders": ["runtime", "transports", "discovery", "interceptors", "services", "grpc"]},
    {"include": r"nlohmann/", "folders": ["codecs/json"]},
    {"include": r"llhttp\.h", "folders": ["transports"], "path": r"^src/transports/.*http1"},
    {"include": r"openssl/", "folders": ["transports"], "path": r"/transports/.*tls"},
    {"include": r"google/protobuf/", "folders": ["codecs/protobuf", "grpc"]},
    {"include": r"snappy\.h", "folders": ["codecs/protobuf"], "path": r"/rpc_snappy\.cpp$"},
    {"include": r"nghttp2/", "folders": ["grpc"]},
    {"include": r"zlib\.h", "folders": ["compression"], "path": r"^src/compression/"},
]

# The core is values and contracts: no sockets, no threads.
CORE_FORBIDDEN = r"(sys/socket\.h|netinet/|arpa/|poll\.h|sys/epoll\.h|thread|future|iostream)$"

# Nobody else's headers in the library: what is neither polyrpc, nor a library above, nor one of these is a finding.
SYSTEM_HEADER = re.compile(r"[a-z_0-9]+$|(c?[a-z]+|sys/[a-z]+|netinet/[a-z]+|arpa/inet|net/if|linux/[a-z_]+|winsock2|ws2tcpip)\.h$")

# Words that may not stand in any text of the repository: (pattern, why).
FORBIDDEN_TEXT = [
    (r"\bFIXME\b|\bXXX\b|\bHACK\b", "an open end: fix it, or write TODO(area): with what is missing"),
    (r"\bTODO\b(?!\([a-z0-9_]+\):)", "an open end without an area: TODO(area): what is missing"),
    (r"(?i)todo\S*\s+real implementation", "a stub"),
    (r"(?<![\w.])/(?:work|home|root|Users)/", "a path of one machine"),
    (r"\.\./shared\b", "a path outside the repository"),
    (r"(?i)\b(registry\.npmjs|proxy\.golang|sum\.golang|deb\.debian|security\.debian|files\.pythonhosted)\.", "a registry's host"),
    (r"^(<{7}|>{7}) ", "a merge conflict"),
]

# Files whose bytes are not ours to judge.
BINARY = re.compile(r"(\.(gob|bin|png|pb|gz)$)|^tests/(golden|fuzz/corpus)/|/corpus/|^benchmarks/results/")

# What is taken for a path when it stands in a page as code.
PATH_IN_TEXT = re.compile(r"(benchmarks|codecs|docs|examples|include|scripts|src|tests)/[\w./-]*$|polyrpc/[\w./-]+\.hpp$")
CODECS = ["gob", "json", "protobuf"]  # with headers of their own

# These name what they forbid.
EXEMPT = re.compile(r"^tests/hygiene/")

# Unicode is the subject of these.
MAY_HAVE_UNICODE = re.compile(r"^\b$")
