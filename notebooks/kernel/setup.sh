#!/bin/sh
# env.sh setup.sh [browser] fills .lab: JupyterLab, the Go tools, XLA for the CPU, the kernel; with "browser" also Playwright, for
# the tests in a browser. It does what is missing and may be interrupted and run again at any time; with nothing missing it takes a
# tenth of a second.
set -eu
kernel=$WFLOW_ROOT/notebooks/kernel
lab=$WFLOW_ROOT/.lab
python=$lab/venv/bin/python
plugin=xla/lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so

say() { printf 'lab: %s\n' "$*"; }

# die WHAT FIX: says what is wrong and what to do about it.
die() {
	printf '\nlab: %s\n     Fix: %s\n' "$1" "$2" >&2
	exit 1
}

# logged NAME COMMAND ...: keeps what COMMAND prints in .lab/log, and shows its end if it fails.
logged() {
	log=$lab/log/$1.log
	shift
	"$@" >"$log" 2>&1 || {
		tail -n 6 "$log" >&2
		return 1
	}
}

check_go() {
	command -v go >/dev/null ||
		die "Go is not installed, or not on PATH." "install Go 1.26 or later from https://go.dev/dl, then: make lab"
	found=$(GOTOOLCHAIN=local go env GOVERSION)
	minor=${found#go1.}
	[ "${minor%%[!0-9]*}" -ge 26 ] ||
		die "this is Go ${found#go}; 1.26 or later is needed." "install it from https://go.dev/dl, then: make lab"
	cgo=$(go env CGO_ENABLED 2>/dev/null) ||
		die "Go ${GOTOOLCHAIN#go}, which this repository is pinned to, could not be fetched by Go ${found#go}." \
			"check the network (or GOPROXY), or install Go ${GOTOOLCHAIN#go} from https://go.dev/dl, then: make lab"
}

# check_c refuses a C compiler without the C library's headers: with it no Go program that uses C would build.
check_c() {
	# shellcheck disable=SC2046 # CC may hold arguments
	[ "$cgo" != 1 ] || echo '#include <stdlib.h>' | logged cc $(go env CC) -E -x c - ||
		die "the C compiler does not work." \
			"Debian, Ubuntu: sudo apt install gcc libc6-dev; or do without it, and without XLA: CGO_ENABLED=0 make lab"
}

# find_python sets base to a Python that can make the environment: $PYTHON, or the first on PATH that will do.
find_python() {
	if [ -n "${PYTHON-}" ]; then set -- "$PYTHON"; else set -- python3 python3.14 python3.13 python3.12 python3.11 python3.10; fi
	refused='' failed=''
	for base; do
		verdict=$("$base" -c '
import sys
if sys.version_info < (3, 10):
    sys.exit(print("is %d.%d" % sys.version_info[:2]))
try:
    import ensurepip, venv
except ImportError:
    sys.exit(print("has no venv module"))
print("ok")' 2>"$lab/log/base.log") || verdict=
		case $verdict in
		ok) return 0 ;;
		"is "* | "has "*) [ -n "$refused" ] || refused="$base $verdict" ;;
		*) [ -n "$failed" ] || ! command -v "$base" >/dev/null || failed="$base does not run Python: $(tail -n 3 "$lab/log/base.log")" ;;
		esac
	done
	[ -n "$refused" ] || [ -z "$failed" ] || die "$failed" "name one that does: make lab PYTHON=/path/to/python3"
	case $refused in
	"") die "${PYTHON:-Python} is not installed, or not on PATH." "install Python 3.10 or later (Debian, Ubuntu: sudo apt install python3-venv), then: make lab" ;;
	*venv*) die "$refused." "install it (Debian, Ubuntu: sudo apt install python3-venv), then: make lab" ;;
	*) die "$refused; Python 3.10 or later is needed." "install one, then: make lab PYTHON=/path/to/python3" ;;
	esac
}

# python_works looks at a few files of the environment: a part of it may have been deleted.
python_works() {
	(cd "$lab/venv" && ls lib/python*/site-packages/jupyterlab/labapp.py share/jupyter/lab/static/index.html) >/dev/null 2>&1 &&
		"$python" -c '' 2>/dev/null
}

install_python() {
	wanted=$(cksum <"$kernel/requirements.txt")
	[ "$(cat "$lab/venv/installed" 2>/dev/null)" != "$wanted" ] || ! python_works || return 0
	find_python
	say "JupyterLab, for $base (a minute; .lab/log/python.log)"
	logged python "$base" -m venv --clear "$lab/venv" ||
		die "the Python environment could not be made." "see above and .lab/log/python.log, then: make lab"
	logged python "$python" -m pip install --disable-pip-version-check --require-hashes -r "$kernel/requirements.txt" ||
		die "the Python packages could not be installed." "if the network is down or behind a proxy, mend that; then: make lab"
	echo "$wanted" >"$lab/venv/installed"
}

# install_playwright adds what the tests drive a browser with. Without it these tests are left out.
install_playwright() {
	wanted=$(cksum <"$kernel/browser.txt")
	[ "$(cat "$lab/venv/browser" 2>/dev/null)" != "$wanted" ] || return 0
	say "Playwright, for the tests in a browser (47 MB; .lab/log/browser.log)"
	logged browser "$python" -m pip install --disable-pip-version-check --only-binary :all: --require-hashes -r "$kernel/browser.txt" || {
		say "Playwright could not be installed: the tests in a browser are left out"
		return 0
	}
	echo "$wanted" >"$lab/venv/browser"
}

# mend_gonb makes .lab/gonb.mod: our tools, with a GoNB mended as gonb/mend.py says.
mend_gonb() {
	go mod download github.com/janpfeifer/gonb &&
		"$python" "$kernel/gonb/mend.py" "$(go list -m -f '{{.Dir}}' github.com/janpfeifer/gonb)" "$lab/gonb" &&
		cp go.mod "$lab/gonb.mod" && cp go.sum "$lab/gonb.sum" &&
		go mod edit -replace=github.com/janpfeifer/gonb="$lab/gonb" "$lab/gonb.mod"
}

install_tools() {
	say "gonb, goimports, gopls, staticcheck, actionlint (from notebooks/kernel/go.mod; .lab/log/tools.log)"
	(
		cd "$kernel"
		export GOBIN="$lab/bin" GOFLAGS=-ldflags=-w
		logged gonb mend_gonb && logged tools go install -modfile="$lab/gonb.mod" tool
	) || die "the Go tools could not be built." "if the network is down or behind a proxy, mend that; then: make lab"
}

# install_xla returns 1 if there ought to be a plugin and is none.
install_xla() {
	fallback="training uses the pure Go backend, several times slower"
	case $(uname -s)/$(uname -m) in
	Linux/x86_64) ;;
	*) say "XLA's plugin is for linux/amd64 only: $fallback" && return 0 ;;
	esac
	case $(printf %s "$WFLOW_ROOT" | tr '[:upper:]' '[:lower:]') in
	*cuda* | *nvidia*) say "XLA takes a plugin below a folder named cuda or nvidia for a GPU's: $fallback. Fix: rename the folder" && rm -rf "$lab/xla" && return 0 ;;
	esac
	if [ "$cgo" != 1 ]; then
		say "no C compiler: $fallback. Fix: install one (Debian, Ubuntu: sudo apt install gcc libc6-dev), then: make lab"
		return 0
	fi
	wanted=$(cksum <"$kernel/xla.txt")
	[ "$(cat "$lab/xla/installed" 2>/dev/null)" != "$wanted" ] || [ ! -e "$lab/$plugin" ] || return 0
	say "XLA for the CPU (63 MB; .lab/log/xla.log)"
	rm -rf "$lab/xla"
	logged xla "$python" -m pip install --disable-pip-version-check --no-deps --require-hashes -r "$kernel/xla.txt" --target "$lab/xla" || {
		rm -rf "$lab/xla"
		say "XLA's plugin could not be installed: $fallback. The next make lab tries again"
		return 1
	}
	echo "$wanted" >"$lab/xla/installed"
}

# install_kernel writes what holds the checkout's path: this is what mends a checkout that was moved.
install_kernel() {
	"$python" -c '
import pathlib, sys
here = pathlib.Path(sys.prefix)
place = here / "place"
old = place.read_text() if place.exists() else str(here)
for script in [here / "pyvenv.cfg", *here.glob("bin/*")] if old != str(here) else []:
    if not script.is_symlink() and old.encode() in (text := script.read_bytes()):
        script.write_bytes(text.replace(old.encode(), str(here).encode()))
place.write_text(str(here))'
	share=$lab/venv/share/jupyter
	mkdir -p "$share/lab/settings"
	cp "$kernel/overrides.json" "$share/lab/settings/"
	JUPYTER_DATA_DIR=$share logged kernel gonb --install
	"$python" -c '
import json, sys
folder, spec = sys.argv[1:]
json.dump({"argv": [folder + "/env.sh", folder + "/kernel.sh", "{connection_file}"], "display_name": "Go (gonb)",
    "language": "go", "interrupt_mode": "message"}, open(spec, "w"), indent=1)' "$kernel" "$share/kernels/gonb/kernel.json"
}

warm() {
	say "the packages, compiled once so that cells start quickly (.lab/log/build.log)"
	(cd "$WFLOW_ROOT" && logged build go build ./... github.com/janpfeifer/gonb/gonbui github.com/janpfeifer/must) ||
		say "a package does not compile (above): notebooks that import it will say so too"
}

# state sums up what the set-up depends on, and what there is of what it makes: while it stays the same, there is nothing to do.
state() {
	{
		printf '%s\n' "$WFLOW_ROOT $GOTOOLCHAIN $cgo"
		(cd "$kernel" && cat setup.sh gonb/*.py gonb/*/*.go go.mod go.sum requirements.txt xla.txt overrides.json)
		(cd "$lab" && ls bin/goimports bin/gonb bin/gopls bin/staticcheck bin/actionlint "$plugin" venv/share/jupyter/kernels/gonb/kernel.json \
			venv/share/jupyter/lab/settings/overrides.json 2>/dev/null) || true
	} | cksum
}

check_go
mkdir -p "$lab/log"
if [ "$(cat "$lab/ready" 2>/dev/null)" != "$(state)" ] || ! python_works; then
	rm -f "$lab/ready"
	check_c
	install_python
	install_tools
	if install_xla; then ready=yes; else ready=no; fi
	install_kernel
	warm
	[ $ready = no ] || state >"$lab/ready"
fi
[ "${1-}" != browser ] || install_playwright
