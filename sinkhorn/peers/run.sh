#!/bin/sh
# make bench-peers: installs the other libraries into .lab/peers, measures, and writes ../BENCHMARKS.md.
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
peers=$WFLOW_ROOT/.lab/peers
if ! cmp -s "$here/requirements.txt" "$peers/installed"; then
	echo "bench-peers: installing POT, OTT-JAX, GeomLoss and PyTorch into .lab/peers (6 GB, once)"
	"$WFLOW_ROOT/.lab/venv/bin/python" -m venv "$peers/venv"
	"$peers/venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
	cp "$here/requirements.txt" "$peers/installed"
fi
go build -o "$peers/peers" "$WFLOW_ROOT/sinkhorn/peers"
"$peers/venv/bin/python" "$here/peers.py" --go "$peers/peers" --json "$peers/peers.json"
"$peers/venv/bin/python" "$here/report.py" "$peers/peers.json" "$here/../BENCHMARKS.md"
