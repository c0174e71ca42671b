#!/usr/bin/env bash
# errors.sh PROTOC PLUGIN: what the plugin refuses, and in which words.
set -euo pipefail

protoc=$1 plugin=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

failures=0
refuses() {  # <file> <parameter> <what it must say>
  if "$protoc" "--plugin=protoc-gen-polyrpc=$plugin" "--polyrpc_out=$2." "$1" >log 2>&1; then
    echo "accepted: $1, parameter '$2'"
    failures=1
  elif ! grep -qF -- "$3" log; then
    echo "of $1, parameter '$2', it should say: $3; but it says:"
    cat log
    failures=1
  fi
}

cat >plain.proto <<'PROTO'
syntax = "proto3";
message Empty {}
PROTO
cat >generic.proto <<'PROTO'
syntax = "proto3";
option cc_generic_services = true;
message Empty {}
service Old { rpc Get(Empty) returns (Empty); }
PROTO

refuses plain.proto "flavour=sweet:" 'unknown parameter "flavour=sweet"; there are none'
refuses generic.proto "" 'generic.proto: with option cc_generic_services protoc makes a class Old of its own; remove the option'
test ! -e plain.polyrpc.hpp
exit $failures
