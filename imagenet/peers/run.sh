#!/bin/sh
# make bench-peers, second half: the networks here and in PyTorch, to ../BENCHMARKS.md.
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
peers=$WFLOW_ROOT/.lab/peers
"$WFLOW_ROOT/sinkhorn/peers/install.sh"
for package in dit mae vae; do
	go test -c -o "$peers/$package.test" "$WFLOW_ROOT/imagenet/$package"
done
"$peers/venv/bin/python" "$here/compare.py" "$peers" "$here/../BENCHMARKS.md"
