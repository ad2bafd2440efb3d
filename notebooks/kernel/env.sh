#!/bin/sh
# env.sh COMMAND ... runs COMMAND as everything here is run: the pinned Go, the lab's tools, XLA where it is installed,
# and none of the user's own Jupyter settings.
set -eu
WFLOW_ROOT=$(cd "$(dirname "$0")/../.." && pwd -P)
lab=$WFLOW_ROOT/.lab
export WFLOW_ROOT

# A front end started from a desktop menu may have no Go on its PATH.
for folder in /usr/local/go/bin "${HOME-}/go/bin" "${HOME-}/sdk/go/bin" /opt/homebrew/bin; do
	command -v go >/dev/null || PATH=$PATH:$folder
done
export PATH="$lab/bin:$PATH"

# The one pin of the Go version is the toolchain line of go.mod.
GOTOOLCHAIN=$(sed -n 's/^toolchain //p' "$WFLOW_ROOT/go.mod")
export GOTOOLCHAIN GOEXPERIMENT=simd GOWORK=off

# With GOEXPERIMENT=simd, Go 1.26 saves and restores whole vector registers when it preempts a goroutine by a signal. Intel's
# processors then take them for in use, and scalar float code, such as math.Exp's, runs up to a hundred times slower until
# something clears them. Goroutines still yield wherever they call a function.
GODEBUG=asyncpreemptoff=1${GODEBUG:+,$GODEBUG}
export GODEBUG

# Large arrays lie in huge pages, where the C library can: glibc from 2.35 on. XLA takes its arrays from the system anew for every
# step, and a training step is then some 15 % faster: BenchmarkStep of imagenet/train, with GLIBC_TUNABLES set but empty and without.
GLIBC_TUNABLES=${GLIBC_TUNABLES-glibc.malloc.hugetlb=1}
export GLIBC_TUNABLES

# Set but empty, WFLOW_XLA_PLUGIN means: the pure Go backend. XLA needs cgo, which needs a C compiler.
plugin=${WFLOW_XLA_PLUGIN-$lab/xla/lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so}
if [ -e "$plugin" ]; then
	[ "$(go env CGO_ENABLED 2>/dev/null)" = 1 ] || plugin=
	export WFLOW_XLA_PLUGIN="$plugin"
fi
export WFLOW_CACHE="${WFLOW_CACHE:-$lab/cache}"

export JUPYTER_CONFIG_DIR="$lab/jupyter/config" JUPYTER_DATA_DIR="$lab/jupyter/data" JUPYTER_RUNTIME_DIR="$lab/jupyter/runtime"
export IPYTHONDIR="$lab/ipython"
unset JUPYTER_CONFIG_PATH JUPYTER_PATH
export PYTHONDONTWRITEBYTECODE=1
exec "$@"
