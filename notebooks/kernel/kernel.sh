#!/bin/sh
# The kernel of the notebooks. Its kernelspec runs "env.sh kernel.sh CONNECTION_FILE", from any folder and any front end.
set -eu
if ! WFLOW_GO=$(command -v go) || ! command -v gonb >/dev/null; then
	echo "wflowlab kernel: Go or the lab's tools are missing. Fix: run 'make lab' in $WFLOW_ROOT, then restart the kernel." >&2
	exit 1
fi
export WFLOW_GO PATH="$WFLOW_ROOT/notebooks/kernel/shim:$PATH"
export GOFLAGS="-ldflags=-w ${GOFLAGS-}" # no DWARF: cells link sooner
# The C library gives threads pools of memory, and a pool keeps what XLA's compiler had of it: one for each processor is enough.
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-$(getconf _NPROCESSORS_ONLN)}"
mkdir -p "$WFLOW_CACHE"
exec gonb --kernel "$1" ${WFLOW_RAW_ERRORS:+-raw_error} \
	-logtostderr=false -stderrthreshold=FATAL -log_file="$WFLOW_ROOT/.lab/kernel.log"
