"""Makes BENCHMARKS.md of what peers.py measured: one table of goals, one of times.

    python report.py peers.json ../BENCHMARKS.md
"""

import json
import sys
from pathlib import Path

WIDE, NARROW = "AVX-512", "AVX2"
OUR = {WIDE: "wflowlab AVX-512", NARROW: "wflowlab AVX2"}
LOG_DOMAIN = ["ott-dense", "ott-online", "jax-plain", "geomloss-keops"]
UNSTORED = ["ott-online", "geomloss-keops"]
PLAIN = {WIDE: "wflowlab plain AVX-512", NARROW: "wflowlab plain AVX2"}
CONVERGED = {WIDE: "wflowlab converged AVX-512", NARROW: "wflowlab converged AVX2"}


TIMES = {"ms_per_iter", "total_s", "total_s_200", "ms_per_batch_2048", "ns_per_pair", "ns_per_pair_iteration"}


class Measured:
    """What was measured; of several rounds the shortest time, the largest share, and the smaller ratio of 10⁶ to 10⁵."""

    def __init__(self, rows):
        self.values = {}
        for *key, v in rows:
            of = {"share_of_limit": max, "pairs_per_s_over_those_at_1e5": min, **dict.fromkeys(TIMES, min)}.get(key[-1], lambda _, new: new)
            self.values[tuple(key)] = of(self.values.get(tuple(key), v), v)
        self.errors = [row for row in rows if row[5] == "error"]

    def __call__(self, workload, peer, n, d, dtype, metric):
        return self.values.get((workload, peer, n, d, dtype, metric))

    def fastest(self, workload, peers, n, d, dtype, metric):
        """Returns (time, peer) of the fastest of some libraries, or None."""
        times = [(self(workload, peer, n, d, dtype, metric), peer) for peer in peers]
        return min((t for t in times if t[0] is not None), default=None)


def ratio(theirs, ours):
    return f"{theirs / ours:.1f}×" if theirs and ours else "–"


def number(v, unit=""):
    if v is None:
        return "–"
    return (f"{v:.3g}" if abs(v) < 1000 else f"{v:,.0f}") + unit


def goals(m):
    """Returns rows of (work, peer, theirs, goal and result by instruction set)."""
    rows = []

    def against(work, workload, peers, n, d, dtype, metric, unit, wide, narrow, ours=OUR):
        best = m.fastest(workload, peers, n, d, dtype, metric)
        cells = []
        for isa, goal in ((WIDE, wide), (NARROW, narrow)):
            t = m(workload, ours[isa], n, d, "f64" if ours is CONVERGED else dtype, metric)
            holds = "" if goal is None or best is None or t is None else " ✓" if best[0] / t >= goal else " ✗"
            cells.append(f"{number(t, unit)}, {ratio(best and best[0], t)}" + (f" (goal {goal}){holds}" if goal else ""))
        rows.append((work, f"{best[1]} {number(best[0], unit)}" if best else "–", *cells))

    def alone(work, values, want):
        rows.append((work, "", *(text if ok is None else f"{text}{' ✓' if ok else ' ✗'} ({want[isa]})" for isa, (text, ok) in values.items())))

    for n in (256, 1024):
        against(f"iteration, float32, N = {n}", "W1", LOG_DOMAIN, n, 2, "f32", "ms_per_iter", " ms", 3.5, 2)
    for n in (2048, 4096, 8192):
        against(f"iteration, float32, N = {n}", "W1", LOG_DOMAIN, n, 2, "f32", "ms_per_iter", " ms", 5, 2.5)
    for n in (1024, 2048, 4096, 8192):
        against(f"the same against the kernel domain, N = {n}", "W1", ["pot-sinkhorn"], n, 2, "f32", "ms_per_iter", " ms", 1, None)
    for n in (256, 1024):
        against(f"iteration, float64, N = {n}", "W1", LOG_DOMAIN, n, 2, "f64", "ms_per_iter", " ms", 3, 1.5)
    for n in (2048, 4096, 8192):
        against(f"iteration, float64, N = {n}", "W1", LOG_DOMAIN, n, 2, "f64", "ms_per_iter", " ms", 4, 2)
    against("iteration, float32, d = 64, N = 2048, against those that store no matrix", "W1", UNSTORED, 2048, 64, "f32", "ms_per_iter", " ms", 2, 1.2)

    share = {isa: m("SHARE", OUR[isa], 2048, 2, "f32", "share_of_limit") for isa in OUR}
    alone("share of the processor's limit, one core, N = 2048", {i: (f"{100 * v:.0f} %", v >= 0.5) for i, v in share.items()}, {WIDE: "≥ 50 %", NARROW: "≥ 50 %"})

    reached = [p for p in ("pot-sinkhorn", "ott-dense-mom1.5", "ott-dense-mom1.8") if (m("W2-eps0.05", p, 2048, 2, "f64", "l1_err_f64") or 1) <= 2e-6]
    against("ε = 0.05 × mean cost to 1e-6, N = 2048", "W2-eps0.05", reached, 2048, 2, "f64", "total_s", " s", 3, 1.5)
    small = {}
    for isa, limit in ((WIDE, 5), (NARROW, 10)):
        t, e = (m("W2-eps0.002", OUR[isa], 2048, 2, "f64", k) for k in ("total_s", "l1_err_f64"))
        small[isa] = (f"{number(t)} s to {e:.1e}", t < limit and e <= 1.1e-6)
    alone("ε = 0.002 × mean cost to 1e-6, N = 2048", small, {WIDE: "< 5 s", NARROW: "< 10 s"})
    against("exact transport, N = 2048", "EMD", ["pot-emd"], 2048, 2, "f64", "total_s", " s", 0.5, None)
    for dtype in ("f32", "f64"):
        against(f"flow, 200 steps of 20 iterations a solve, {dtype}", "W3", ["ott"], 1000, 2, dtype, "total_s_200", " s", 5, 2.5)
        against(f"the same, the self term by plain iterations too, {dtype}", "W3", ["ott"], 1000, 2, dtype, "total_s_200", " s", 5, 2.5, PLAIN)
    against("200 steps, each converged to 1e-3 from the last by `sinkhorn.Target`, against 20 iterations in f32", "W3", ["ott"], 1000, 2, "f32", "total_s_200", " s", 5, 2.5, CONVERGED)

    large = {isa: m("LARGE", OUR[isa], 100_000, 2, "f64", "peak_rss_mb") for isa in OUR}
    alone("N = M = 100,000, 10 iterations", {i: (f"{v:.0f} MB", v < 200) for i, v in large.items()}, {WIDE: "< 200 MB", NARROW: "< 200 MB"})
    million = {isa: m("MILLION", OUR[isa], 1_000_000, 3, "f32", "pairs_per_s_over_those_at_1e5") for isa in OUR}
    alone("pairs/s at N = 10⁶ over those at 10⁵, d = 3", {i: (f"{v:.2f}", v >= 0.9) for i, v in million.items()}, {WIDE: "≥ 0.9", NARROW: "≥ 0.9"})
    against("2,048 problems of 64 × 64, d = 64, 10 iterations", "W4", ["ott-vmap", "ott-vmap-kernel", "jax-plain-vmap", "torch-own", "torch-own-compile"], 64, 64, "f32", "ms_per_batch_2048", " ms", 3, 1.5)
    def spread(isa, metric):
        v = [m("FLAT", OUR[isa], n, 2, "f32", metric) for n in (1000, 3000, 10_000, 30_000, 100_000)]
        return max(v) / min(v)
    alone("cost of a pair in the rows' sums, nothing kept, N = 10³ to 10⁵, most over least", {i: (f"{v:.2f}", v <= 1.15) for i in OUR for v in [spread(i, "ns_per_pair")]}, {WIDE: "≤ 1.15", NARROW: "≤ 1.15"})
    alone("the same in a whole iteration", {i: (f"{spread(i, 'ns_per_pair_iteration'):.2f}", None) for i in OUR}, {})
    return rows


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def agreement(m):
    """Returns how far the answers to one problem lie apart."""
    rows = []
    for dtype in ("f32", "f64"):
        for n, d in ((256, 2), (1024, 2), (2048, 2), (2048, 64)):
            costs = {peer: v for (w, peer, a, b, t, k), v in m.values.items() if (w, a, b, t, k) == ("W1", n, d, dtype, "linear_cost_at_100") and peer != "geomloss-keops"}
            if len(costs) > 1:
                rows.append((f"linear cost after 100 iterations, N = {n}, d = {d}, {dtype}", str(len(costs)), f"{(max(costs.values()) - min(costs.values())) / min(costs.values()):.1e}"))
    for workload, metric, n, d, dtype in (("W3", "q_norm_after_2", 1000, 2, "f64"), ("W4", "T_checksum_64", 64, 64, "f32"), ("EMD", "value", 2048, 2, "f64")):
        values = [v for (w, peer, a, b, t, k), v in m.values.items() if (w, a, b, t, k) == (workload, n, d, dtype, metric) and (workload != "W3" or peer not in (*OUR.values(), *CONVERGED.values()))]
        rows.append(({"W3": "particles after two steps of the flow, norm", "W4": "projections of the batch, norm", "EMD": "exact cost, N = 2048"}[workload] + f", {dtype}", str(len(values)), f"{(max(values) - min(values)) / max(values):.1e}"))
    return rows


def times(m):
    """Returns milliseconds an iteration and peak memory, a row a library."""
    sizes = [(256, 2), (1024, 2), (2048, 2), (4096, 2), (8192, 2), (2048, 64)]
    rows = []
    for dtype in ("f32", "f64"):
        for peer in [*OUR.values(), *LOG_DOMAIN, "pot-sinkhorn"]:
            cells = [number(m("W1", peer, n, d, dtype, "ms_per_iter")) for n, d in sizes]
            if any(c != "–" for c in cells):
                rows.append((peer + (" (kernel domain)" if peer == "pot-sinkhorn" else ""), dtype, *cells, number(m("W1", peer, 8192, 2, dtype, "peak_rss_mb"), " MB")))
    return rows


def main():
    source, target = map(Path, sys.argv[1:])
    data = json.loads(source.read_text())
    meta, m = data["meta"], Measured(data["rows"])
    where = f"{meta['processor']}, {meta['cores']} cores, {meta['date']}; one run of `make bench-peers`, {meta['seconds'] / 60:.0f} minutes"
    rest = [(w, peer, number(m(w, peer, 2048, 2, "f64", "total_s"), " s"), str(m(w, peer, 2048, 2, "f64", "iters")), number(m(w, peer, 2048, 2, "f64", "l1_err_f64")))
            for w in ("W2-eps0.05", "W2-eps0.002") for peer in [*OUR.values(), "pot-sinkhorn", "ott-dense-mom1.5", "ott-dense-mom1.8"]]
    flows = [(peer, dtype, number(m("W3", peer, 1000, 2, dtype, "total_s_200"), " s"), number(m("W3", peer, 1000, 2, dtype, "exact_ot_final")))
             for dtype in ("f32", "f64") for peer in [*OUR.values(), *PLAIN.values(), *CONVERGED.values(), "ott", "pot-sinkhorn"] if m("W3", peer, 1000, 2, dtype, "total_s_200")]
    text = f"""# Benchmarks

Measured on {where}. The processor's speed changes from run to run: compare within a table only. A library's name stands
with its best; *float32* of ours is that of the iterations, whose answers are checked in float64. Other libraries:
{", ".join(v for v in meta["versions"] if v.split("==")[0] in ("POT", "jax", "ott-jax", "torch", "geomloss", "pykeops"))}.

## Goals

{table(("work", "best of the others", WIDE, NARROW), goals(m))}

## An iteration, in ms

Both potentials of N × N points once, ε = 0.05 × the mean cost; the last column is the process's peak memory at N = 8192.
Ours keeps the powers of all pairs where they take no more than 32 MiB, here up to N = 2048, and makes them anew when
potentials have moved far; beyond, it makes them in every iteration. OTT-JAX online and KeOps keep nothing.

{table(("library", "precision", "256", "1024", "2048", "4096", "8192", "2048, d = 64", "peak"), times(m))}

## To convergence

N = 2048, d = 2, stopped at an L1 marginal error of 1e-6, which is recomputed here in float64 for rows and columns together.
At the smaller ε the others are stopped after 60 s.

{table(("workload", "library", "time", "iterations", "error"), rest)}

## A debiased flow

200 steps, N = M = 1000, ε = 0.01. Ours takes the self term by the symmetric iteration of one potential, as `Solve` does;
*plain* makes it as for two clouds, as the others here do. The last column is the exact transport cost from the particles to the data in the end:
20 iterations a step are too few at this ε; *converged* solves every step to 1e-3, as `wflow.Flow` does, and ends where the flow ends.

{table(("library", "precision", "time", "cost left"), flows)}

## Agreement

The largest relative difference between all libraries' answers.

{table(("what", "answers", "difference"), agreement(m))}
"""
    if m.errors:
        text += "\n## What failed\n\n" + "\n".join(f"- {e[0]} {e[1]} {e[4]}: {e[6]}" for e in m.errors) + "\n"
    target.write_text(text)
    print(table(("work", "best of the others", WIDE, NARROW), goals(m)))
    sys.exit("✗" in text)


if __name__ == "__main__":
    main()
