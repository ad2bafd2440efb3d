#!/bin/sh
# Installs the other libraries of make bench-peers into .lab/peers.
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
peers=$WFLOW_ROOT/.lab/peers
if ! cmp -s "$here/requirements.txt" "$peers/installed"; then
	echo "bench-peers: installing POT, OTT-JAX, GeomLoss, PyTorch, torch-fidelity and others into .lab/peers (6 GB, once)"
	"$WFLOW_ROOT/.lab/venv/bin/python" -m venv "$peers/venv"
	"$peers/venv/bin/python" -m pip install --quiet --requirement "$here/requirements.txt"
	cp "$here/requirements.txt" "$peers/installed"
fi
