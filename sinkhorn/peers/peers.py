"""make bench-peers: this project and the libraries it would replace, side by side on the same seeded inputs, on the CPU.

Every (workload, library, precision) runs in a process of its own. A line a measurement goes to standard output:

    workload  peer  N  d  dtype  metric  value

The cost is ½‖x−y‖² and weights are uniform; ε is a share of the mean cost. README.md beside this file says what each
workload is and what keeps the comparison fair; report.py makes the tables of ../BENCHMARKS.md. The workloads are one file
each: iterations, convergence, flow, batch, exact.
"""
import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

from batch import w4
from convergence import w2
from exact import emd
from flow import w3
from inputs import SEED, W3_STEPS, dump_inputs
from iterations import w1

OURS = ["wflowlab AVX-512", "wflowlab AVX2"]
results = []


def spawn(kind, cfg, timeout=400, cores=None):
    """Runs one process and keeps its lines."""
    env = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    env["JAX_PLATFORMS"] = "cpu"
    if cfg["dtype"] == "f64":
        env["JAX_ENABLE_X64"] = "1"
    pre = None
    if cores is not None:
        env.update({k: str(len(cores)) for k in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")})
        cfg = dict(cfg, threads=len(cores))
        pre = lambda: os.sched_setaffinity(0, cores)
    job = json.dumps([kind, cfg])
    ours = cfg["peer"].startswith("wflowlab")
    command = [OPTIONS.go, job] if ours else [sys.executable, os.path.abspath(__file__), "--worker", job]
    start = time.time()
    p = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, preexec_fn=pre)
    try:
        out, err = p.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        p.kill()
        out, err = p.communicate()
        err += f"\nstopped after {timeout} s"
    rows = [json.loads(line) for line in out.splitlines() if line.startswith('["')]
    if p.returncode:
        rows.append([cfg.get("name", kind), cfg["peer"], 0, 0, cfg["dtype"], "error", " | ".join(err.strip().splitlines()[-3:])[:300]])
    results.extend(rows)
    for row in rows:
        print(*(json.dumps(v).replace(" ", "") if isinstance(v, list) else v for v in row), sep="  ", flush=True)
    print(f"# {time.time() - BEGAN:5.0f} s  {cfg.get('name', kind)} {cfg['peer']} {cfg['dtype']} took {time.time() - start:.1f} s", file=sys.stderr, flush=True)


ROUNDS = 2  # minutes apart: the processor is not always equally fast, and the shortest time of each library counts


def everything(inputs, first):
    """Runs all workloads, each library's process after the other's; those that take others a minute only at first."""
    sizes = [(256, 2), (1024, 2), (2048, 2), (4096, 2), (8192, 2)]
    base = dict(batch=256, reps=3, budget=1.0, inputs=inputs)
    for dtype, peers in (("f32", ["pot-sinkhorn", "ott-dense", "ott-online", "jax-plain", "geomloss-keops"]), ("f64", ["pot-sinkhorn", "ott-dense", "ott-online", "jax-plain"])):
        for peer in OURS + [peer for peer in peers if first or peer != "geomloss-keops"]:
            high = peer in ("ott-online", "geomloss-keops") or peer in OURS
            spawn("W1", dict(base, peer=peer, dtype=dtype, sizes=sizes[:3] + ([(2048, 64)] if high else [])))
            spawn("W1", dict(base, peer=peer, dtype=dtype, sizes=sizes[3:]))
    for rel, itmax, cap in ((0.05, 5000, 20.0), (0.002, 200000, 60.0)):
        for peer in OURS + ["pot-sinkhorn", "ott-dense-mom1.5", "ott-dense-mom1.8"] * (first or rel == 0.05):
            spawn("W2", dict(base, peer=peer, dtype="f64", rel=rel, itmax=itmax, cap_s=cap, name=f"W2-eps{rel}"))
    plain, converged = ["wflowlab plain AVX-512", "wflowlab plain AVX2"], ["wflowlab converged AVX-512", "wflowlab converged AVX2"]
    for dtype, peers, times in (("f32", OURS + plain + ["ott"], 3), ("f64", OURS + plain + converged + ["ott"], 2), ("f64", ["pot-sinkhorn"], 1)):
        for peer in peers * times:  # in turn: a process times its flow once
            spawn("W3", dict(base, peer=peer, dtype=dtype, steps=W3_STEPS, cap_s=60.0))
    for peer in OURS + ["ott-vmap", "ott-vmap-kernel", "jax-plain-vmap", "torch-own-compile", "torch-own"]:
        spawn("W4", dict(base, peer=peer, dtype="f32"))
    for peer in OURS[:1] + ["pot-emd"]:
        spawn("EMD", dict(base, peer=peer, dtype="f64", sizes=[(1024, 2), (2048, 2)]))
    for peer in OURS:
        for kind in ("SHARE", "FLAT", "MILLION"):
            spawn(kind, dict(base, peer=peer, dtype="f32"), cores={0} if kind == "SHARE" else None)
        spawn("LARGE", dict(base, peer=peer, dtype="f64"))


def main():
    global OPTIONS, BEGAN
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--go", help="the program that runs this project's side", default="peers")
    ap.add_argument("--json", help="where the lines go", default="peers.json")
    ap.add_argument("--worker", help=argparse.SUPPRESS)
    OPTIONS, BEGAN = ap.parse_args(), time.time()
    if OPTIONS.worker:
        warnings.filterwarnings("ignore")
        kind, cfg = json.loads(OPTIONS.worker)
        {"W1": w1, "W2": w2, "W3": w3, "W4": w4, "EMD": emd}[kind](cfg)
        return
    with tempfile.TemporaryDirectory() as inputs:
        dump_inputs(inputs)
        for turn in range(ROUNDS):
            everything(inputs, first=turn == 0)
    meta = dict(
        date=time.strftime("%Y-%m-%d"),
        processor=next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.processor()),
        cores=os.cpu_count(), seed=SEED, seconds=round(time.time() - BEGAN),
        versions=[l.strip() for l in open(Path(__file__).parent / "requirements.txt") if l.strip() and not l.startswith("#")],
    )
    with open(OPTIONS.json, "w") as f:
        json.dump(dict(meta=meta, rows=results), f, indent=0)


if __name__ == "__main__":
    main()
