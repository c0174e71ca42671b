#!/bin/sh
# Builds the Go peers. Usage: go_build.sh SOURCE_FOLDER OUTPUT_FOLDER
set -eu
source=$1 output=$2
if ! command -v go >/dev/null; then
  echo "skipped: no Go here"
  exit 77
fi
mkdir -p "$output"
cd "$source"
go build -o "$output/" ./peer_client ./peer_server
# The peers with cancellation use a module that is not in the standard library.
if ! (cd cancel && go build -o "$output/" ./cancel_client ./cancel_server); then
  echo "the module github.com/keegancsmith/rpc can't be had: the tests with it will be skipped"
fi
