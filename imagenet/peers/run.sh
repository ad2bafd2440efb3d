#!/bin/sh
# make bench-peers, second half: networks and their training here, in PyTorch and in JAX, to ../BENCHMARKS.md. ROWS says which rows.
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
peers=$WFLOW_ROOT/.lab/peers
"$WFLOW_ROOT/sinkhorn/peers/install.sh"
for package in imagenet/dit imagenet/mae imagenet/vae imagenet/fid imagenet/train wflow/onestep; do
	go test -c -o "$peers/$(basename "$package").test" "$WFLOW_ROOT/$package"
done
"$peers/venv/bin/python" "$here/compare.py" "$peers" "$here/../BENCHMARKS.md" "${ROWS-}"
