#!/bin/sh
# make bench-peers, first half: measures, and writes ../BENCHMARKS.md.
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
peers=$WFLOW_ROOT/.lab/peers
"$here/install.sh"
go build -o "$peers/peers" "$WFLOW_ROOT/sinkhorn/peers"
"$peers/venv/bin/python" "$here/peers.py" --go "$peers/peers" --json "$peers/peers.json"
"$peers/venv/bin/python" "$here/report.py" "$peers/peers.json" "$here/../BENCHMARKS.md"
