"""make bench-peers: this project and the libraries it would replace, side by side on the same seeded inputs, on the CPU.

Every (workload, library, precision) runs in a process of its own. A line a measurement goes to standard output:

    workload  peer  N  d  dtype  metric  value

The cost is ½‖x−y‖² and weights are uniform; ε is a share of the mean cost. README.md beside this file says what each
workload is and what keeps the comparison fair; report.py makes the tables of ../BENCHMARKS.md.
"""
import argparse
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

SEED = 20261121
W1_PEERS = ["pot-sinkhorn", "pot-log", "pot-lazy", "ott-dense", "ott-online", "ott-kernel",
            "jax-plain", "geomloss-tensorized", "geomloss-keops"]
W1_JAX = {"ott-dense", "ott-online", "ott-kernel", "jax-plain"}


# ------------------------------------------------------------------ inputs (numpy only)
def data_w1(N, d):
    import numpy as np
    r = np.random.default_rng([SEED, 1, N, d])
    x = r.standard_normal((N, d))
    y = 0.7 * r.standard_normal((N, d))
    y[:, 0] += 1.0
    return x, y


def mean_cost(x, y):
    return float(0.5 * ((x * x).sum(-1).mean() + (y * y).sum(-1).mean()) - x.mean(0) @ y.mean(0))


def data_w3(N=1000):
    import numpy as np
    r = np.random.default_rng([SEED, 3, N])
    q = 0.3 * r.standard_normal((N, 2))
    k = r.integers(0, 8, N)
    p = 2.0 * np.stack([np.cos(2 * np.pi * k / 8), np.sin(2 * np.pi * k / 8)], 1) + 0.2 * r.standard_normal((N, 2))
    return q, p


def data_w4(B=2048, n=64, d=64):
    import numpy as np
    r = np.random.default_rng([SEED, 4, B, n, d])
    x = r.standard_normal((B, n, d), dtype=np.float32).astype(np.float64)
    y = (0.7 * r.standard_normal((B, n, d), dtype=np.float32)).astype(np.float64)
    y[:, :, 0] += 1.0
    return x, y


W4_EPS_REL = 0.05


def dump_inputs(out):
    import numpy as np
    os.makedirs(out, exist_ok=True)
    man = []

    def put(name, arr, **kw):
        arr = np.ascontiguousarray(arr, dtype="<f8")
        arr.tofile(os.path.join(out, name + ".f64"))
        man.append(dict(file=name + ".f64", shape=list(arr.shape), **kw))
    for N in (256, 1024, 2048, 4096, 8192):
        for d in (2, 64):
            x, y = data_w1(N, d)
            mc = mean_cost(x, y)
            put(f"w1_x_{N}_{d}", x, mean_cost=mc)
            put(f"w1_y_{N}_{d}", y, mean_cost=mc)
    q, p = data_w3()
    put("w3_q", q, eps=0.01, eta=W3_ETA); put("w3_p", p)
    x, y = data_w4()
    put("w4_x", x); put("w4_y", y); put("w4_epsilon", np.array([W4_EPS_REL * w4_mean(x, y)]))
    json.dump(man, open(os.path.join(out, "manifest.json"), "w"), indent=1)


def w4_mean(x, y):
    return float(0.5 * ((x * x).sum(-1).mean() + (y * y).sum(-1).mean()) - (x.mean(1) * y.mean(1)).sum(-1).mean())


W3_ETA = 0.1
W3_STEPS = 200


# ------------------------------------------------------------------ measuring tools
def reset_peak():
    try:
        open("/proc/self/clear_refs", "w").write("5")
    except OSError:
        pass


def vm(key):
    for line in open("/proc/self/status"):
        if line.startswith(key + ":"):
            return int(line.split()[1]) / 1024.0
    return float("nan")


def busy_s():
    v = [int(s) for s in open("/proc/stat").readline().split()[1:9]]
    return (sum(v) - v[3] - v[4]) / os.sysconf("SC_CLK_TCK")


class Ratio(float):
    """cpu seconds per wall second of the best repeat; .other = cores kept busy by other processes meanwhile"""
    other = 0.0


PATIENT = os.environ.get("BENCH_PATIENT") == "1"      # --full: repeat more while other processes are busy


def timed(fn, reps=1, budget=4.0):
    """min wall over reps; stops when the budget is spent, unless other processes were busy in the best repeat."""
    best, ratio, spent, out = float("inf"), Ratio(0), 0.0, None
    for k in range(2 * reps + 1):
        b0, c0, t0 = busy_s(), time.process_time(), time.perf_counter()
        out = fn()
        t, c = time.perf_counter() - t0, time.process_time() - c0
        o = max(0.0, busy_s() - b0 - c) / t
        spent += t
        if t < best:
            best, ratio = t, Ratio(c / t)
            ratio.other = o
        noisy = PATIENT and ratio.other > 0.15
        if spent > (2 * budget if noisy else budget) or (k + 1 >= reps and not noisy):
            break
    return best, ratio, out


def emit(w, peer, N, d, dt, metric, value):
    print(json.dumps([w, peer, N, d, dt, metric, value]), flush=True)


def check_f64(x, y, f, g, eps):
    """own check in float64; f, g in the KL-to-product convention P = ab exp((f+g-C)/eps). Blockwise."""
    import numpy as np
    n, m = len(x), len(y)
    f, g = np.asarray(f, np.float64), np.asarray(g, np.float64)
    col, lin, row_err = np.zeros(m), 0.0, 0.0
    yy = (y * y).sum(1)
    for i in range(0, n, 512):
        xi = x[i:i + 512]
        C = 0.5 * ((xi * xi).sum(1)[:, None] + yy[None, :]) - xi @ y.T
        P = np.exp((f[i:i + 512, None] + g[None, :] - C) / eps) / (n * m)
        lin += float((P * C).sum()); col += P.sum(0)
        row_err += float(np.abs(P.sum(1) - 1.0 / n).sum())
    return lin, row_err + float(np.abs(col - 1.0 / m).sum()), float(f.mean() + g.mean())


# ------------------------------------------------------------------ one Sinkhorn solve per peer
def torch_sinkhorn_loop(x, y, eps, sweeps, online, dtype):
    """GeomLoss' own loop at constant eps: 1 init sweep + (sweeps-2) averaged sweeps + 1 extrapolation."""
    import torch
    from functools import partial
    from geomloss._legacy import sinkhorn_samples as ss, sinkhorn_divergence as sd
    n, m = len(x), len(y)
    a = torch.full((1, n), 1.0 / n, dtype=dtype); b = torch.full((1, m), 1.0 / m, dtype=dtype)
    if online:
        soft = partial(ss.softmin_online, log_conv=ss.lse_genred(ss.cost_formulas[2], x.shape[-1], dtype=str(dtype)[6:]))
        Cxy, Cyx = (x, y), (y, x)
    else:
        soft = ss.softmin_tensorized
        Cxy = ss.cost_routines[2](x[None], y[None]); Cyx = ss.cost_routines[2](y[None], x[None])

    def run(it):
        with torch.no_grad():
            _, _, g, f = sd.sinkhorn_loop(soft, sd.log_weights(a), sd.log_weights(b), None, None, Cxy, Cyx,
                                          [eps] * max(it - 2, 1), None, debias=False)
        return f.reshape(-1).detach(), g.reshape(-1).detach()
    return run


def ott_shim():
    """ott-jax 0.6.0 with batch_size needs jax.interpreters.batching.is_vmappable, no longer exported by jax 0.10"""
    import jax.interpreters.batching as pub
    if not hasattr(pub, "is_vmappable"):
        from jax._src.interpreters import batching
        pub.is_vmappable = batching.is_vmappable


def make_w1(peer, x64, y64, eps, dt, batch):
    """returns (run(iters) -> handle, potentials(handle) -> f, g numpy in KL convention)"""
    import numpy as np
    n = len(x64)
    la = -math.log(n)
    nd = np.float32 if dt == "f32" else np.float64
    if peer.startswith("pot"):
        import ot
        x, y = x64.astype(nd), y64.astype(nd)
        a = np.full(n, 1.0 / n, nd)
        if peer == "pot-lazy":      # cost is |x-y|^2 inside, so eps is doubled
            def run(it):
                return ot.solve_sample(x, y, a, a, metric="sqeuclidean", reg=nd(2 * eps), lazy=True,
                                       max_iter=it, tol=0.0, batch_size=batch)
            return run, lambda r: (eps * (np.float64(r.potentials[0]) - la), eps * (np.float64(r.potentials[1]) - la))
        M = ot.dist(x, y) / nd(2)
        meth = {"pot-sinkhorn": "sinkhorn", "pot-log": "sinkhorn_log", "pot-stabilized": "sinkhorn_stabilized"}[peer]
        # default tau=1e3 returns a plan of mass 1/N^2 once N > 1000 (absorption resets u to 1/N, the next v is N > tau)
        kw = dict(tau=1e6) if peer == "pot-stabilized" else {}

        def run(it):
            return ot.sinkhorn2(a, a, M, nd(eps), method=meth, numItermax=it, stopThr=0.0, log=True, warn=False, **kw)

        def pots(r):
            if peer == "pot-stabilized":
                return np.float64(r[1]["alpha"]) - eps * la, np.float64(r[1]["beta"]) - eps * la
            u, v = np.float64(r[1]["u"]), np.float64(r[1]["v"])
            if peer == "pot-log":
                lu, lv = np.float64(r[1]["log_u"]), np.float64(r[1]["log_v"])
            else:
                lu, lv = np.log(u), np.log(v)
            return eps * (lu - la), eps * (lv - la)
        return run, pots
    if peer.startswith("geomloss"):
        import torch
        td = torch.float32 if dt == "f32" else torch.float64
        x, y = torch.tensor(x64, dtype=td), torch.tensor(y64, dtype=td)
        return torch_sinkhorn_loop(x, y, eps, None, peer.endswith("keops"), td), \
            lambda r: (r[0].double().numpy(), r[1].double().numpy())
    import jax, jax.numpy as jnp
    jd = jnp.float32 if dt == "f32" else jnp.float64
    x, y = jnp.asarray(x64, jd), jnp.asarray(y64, jd)
    if peer == "jax-plain":
        from functools import partial

        @partial(jax.jit, static_argnums=2)
        def solve(x, y, it):
            C = (0.5 * ((x * x).sum(1)[:, None] + (y * y).sum(1)[None]) - x @ y.T) / eps

            def body(_, fg):
                f, g = fg
                g = -jax.nn.logsumexp(f[:, None] + la - C, axis=0)
                f = -jax.nn.logsumexp(g[None, :] + la - C, axis=1)
                return f, g
            return jax.lax.fori_loop(0, it, body, (jnp.zeros(n, jd), jnp.zeros(n, jd)))
        return lambda it: jax.block_until_ready(solve(x, y, it)), \
            lambda r: (eps * np.float64(r[0]), eps * np.float64(r[1]))
    from functools import partial
    from ott.geometry import pointcloud
    from ott.problems.linear import linear_problem
    from ott.solvers.linear import sinkhorn
    bs = batch if peer == "ott-online" else None
    if bs:
        ott_shim()
    lse = peer != "ott-kernel"

    @partial(jax.jit, static_argnums=2)
    def solve(x, y, it):
        geom = pointcloud.PointCloud(x, y, epsilon=eps, scale_cost=2.0, batch_size=bs)
        out = sinkhorn.Sinkhorn(lse_mode=lse, min_iterations=it, max_iterations=it, inner_iterations=min(it, 10),
                                threshold=0.0)(linear_problem.LinearProblem(geom))
        return out.f, out.g, out.reg_ot_cost
    return lambda it: jax.block_until_ready(solve(x, y, it)), \
        lambda r: (np.float64(r[0]) - eps * la, np.float64(r[1]) - eps * la)


def w1(cfg):
    peer, dt, budget = cfg["peer"], cfg["dtype"], cfg["budget"]
    name = cfg.get("name", "W1")
    isjax = peer in W1_JAX
    first = True
    for N, d in cfg["sizes"]:
        x, y = data_w1(N, d)
        eps = 0.05 * mean_cost(x, y)
        t0 = time.perf_counter()
        run, pots = make_w1(peer, x, y, eps, dt, cfg["batch"])
        if first:
            emit(name, peer, N, d, dt, "rss_after_import_mb", round(vm("VmRSS"), 1)); first = False
        reset_peak()
        p0 = 3
        tc0 = time.perf_counter(); run(p0); tcomp = time.perf_counter() - tc0     # compile / warm
        t2, _, _ = timed(lambda: run(p0), 1, 0.5)
        per = t2 / p0
        if peer == "pot-sinkhorn":      # set-up (two exponentials of the matrix) must be spread over the full 100
            it = 100
        else:
            it = 100 if per * 100 <= budget else max(10, int(budget / per))
        if isjax:
            tc0 = time.perf_counter(); run(it); tc = time.perf_counter() - tc0
        t, ratio, h = timed(lambda: run(it), cfg["reps"], budget)
        if isjax:
            emit(name, peer, N, d, dt, "compile_s", round(max(tc - t, 0), 3))
        elif peer == "geomloss-keops":
            emit(name, peer, N, d, dt, "compile_s", round(max(tcomp - t2, 0), 3))
        emit(name, peer, N, d, dt, "ms_per_iter", round(1e3 * t / it, 4))
        emit(name, peer, N, d, dt, "ns_per_pair", round(1e9 * t / it / (2 * N * N), 3))
        emit(name, peer, N, d, dt, "iters_timed", it)
        emit(name, peer, N, d, dt, "cpu_over_wall", round(ratio, 2))
        emit(name, peer, N, d, dt, "other_busy_cores", round(ratio.other, 2))
        emit(name, peer, N, d, dt, "peak_rss_mb", round(vm("VmHWM"), 1))
        if it == 100 and N <= 2048:
            f, g = pots(h)
            lin, err, dual = check_f64(x, y, f, g, eps)
            emit(name, peer, N, d, dt, "linear_cost_at_100", lin)
            emit(name, peer, N, d, dt, "l1_marginal_err_at_100", err)
        del run, pots, h
    if cfg.get("threads"):
        import threadpoolctl
        for i in threadpoolctl.threadpool_info():
            emit(name, peer, 0, 0, dt, "threadpool_%s_%s_%s" % (i["internal_api"], i.get("architecture", "-"), i["prefix"]), i["num_threads"])


# ------------------------------------------------------------------ W2: stop at L1 marginal error 1e-6
def w2(cfg):
    import numpy as np
    peer, dt, rel, cap = cfg["peer"], cfg["dtype"], cfg["rel"], cfg["cap_s"]
    N, d, tol, itmax = cfg.get("N", 2048), 2, 1e-6, cfg["itmax"]
    x64, y64 = data_w1(N, d)
    eps = rel * mean_cost(x64, y64)
    la = -math.log(N)
    w = f"W2-eps{rel}"
    nd = np.float32 if dt == "f32" else np.float64
    extra = {}
    if peer.startswith("pot"):
        import ot
        run, pots = make_w1(peer, x64, y64, eps, dt, cfg["batch"])
        run(2)
        t, _, _ = timed(lambda: run(11))
        itm = int(min(itmax, max(20, cap / (t / 11))))
        x, y = x64.astype(nd), y64.astype(nd)
        a = np.full(N, 1.0 / N, nd)
        l2 = tol / math.sqrt(N)          # POT stops on the L2 norm: this is the level that guarantees L1 <= tol
        if peer == "pot-lazy":
            go = lambda: ot.solve_sample(x, y, a, a, metric="sqeuclidean", reg=nd(2 * eps), lazy=True, max_iter=itm,
                                         tol=tol, batch_size=cfg["batch"])
            iters = lambda r: r.log["niter"] + 1 if r.log else -1
        else:
            M = ot.dist(x, y) / nd(2)
            meth = {"pot-sinkhorn": "sinkhorn", "pot-log": "sinkhorn_log", "pot-stabilized": "sinkhorn_stabilized"}[peer]
            go = lambda: ot.sinkhorn2(a, a, M, nd(eps), method=meth, numItermax=itm, stopThr=l2, log=True, warn=False,
                                       **(dict(tau=1e6) if peer == "pot-stabilized" else {}))
            iters = lambda r: r[1].get("niter", r[1].get("n_iter")) + 1
        t, _, h = timed(go, 1, 0.01)
        it, (f, g) = iters(h), pots(h)
        extra["iter_cap"] = itm
    elif peer.startswith("ott"):
        import jax, jax.numpy as jnp
        from ott.geometry import pointcloud
        from ott.problems.linear import linear_problem
        from ott.solvers.linear import sinkhorn, acceleration
        jd = jnp.float32 if dt == "f32" else jnp.float64
        x, y = jnp.asarray(x64, jd), jnp.asarray(y64, jd)
        lse = not peer.startswith("ott-kernel")
        bs = cfg["batch"] if peer.startswith("ott-online") else None
        if bs:
            ott_shim()
        kw = {}
        if "mom" in peer:
            kw["momentum"] = acceleration.Momentum(start=0, value=float(peer.split("mom")[1]))
        if peer.endswith("anderson"):
            kw["anderson"] = acceleration.AndersonAcceleration(memory=5)

        def mk(itm):
            @jax.jit
            def solve(x, y):
                geom = pointcloud.PointCloud(x, y, epsilon=eps, scale_cost=2.0, batch_size=bs)
                o = sinkhorn.Sinkhorn(lse_mode=lse, threshold=tol, norm_error=1, max_iterations=itm, **kw)(
                    linear_problem.LinearProblem(geom))
                return o.f, o.g, o.n_iters, o.converged, o.reg_ot_cost
            return lambda: jax.block_until_ready(solve(x, y))
        s = mk(10); s()
        t, _, _ = timed(s)
        itm = int(min(itmax, max(20, cap / (t / 10)))) // 10 * 10
        tc0 = time.perf_counter()
        solve = mk(itm)
        if t / 10 * itm < 5:      # short: warm first
            solve(); t, _, h = timed(solve, 1, 0.01)
        else:                     # long: compile separately, run once
            lowered = None
            t, _, h = timed(solve, 1, 0.01)      # includes ~1 s compile, negligible against the run
            extra["includes_compile"] = 1
        it = int(h[2]); f, g = np.float64(h[0]) - eps * la, np.float64(h[1]) - eps * la
        extra["iter_cap"] = itm; extra["own_converged_flag"] = int(h[3])
    else:                                           # geomloss: no stop criterion, schedule set by `scaling`
        import torch
        from geomloss import SamplesLoss
        from geomloss._legacy import sinkhorn_divergence as sd
        td = torch.float32 if dt == "f32" else torch.float64
        x, y = torch.tensor(x64, dtype=td), torch.tensor(y64, dtype=td)
        backend = "online" if "keops" in peer else "tensorized"
        for scaling in cfg["scalings"]:
            L = SamplesLoss("sinkhorn", p=2, blur=math.sqrt(eps), scaling=scaling, debias=False, potentials=True, backend=backend)
            nit = len(sd.epsilon_schedule(2, sd.max_diameter(x, y), math.sqrt(eps), scaling)) + 2
            a = torch.full((N,), 1.0 / N, dtype=td)
            if backend == "online":
                L(a[:64], x[:64], a[:64], y[:64])
            t, _, (f, g) = timed(lambda: L(a, x, a, y), 1, 0.01)
            lin, err, dual = check_f64(x64, y64, f.detach().double().numpy().ravel(), g.detach().double().numpy().ravel(), eps)
            p = f"{peer}-scaling{scaling}"
            for k, v in (("total_s", round(t, 4)), ("iters", nit), ("l1_err_f64", err), ("linear_cost", lin)):
                emit(w, p, N, d, dt, k, v)
        return
    lin, err, dual = check_f64(x64, y64, f, g, eps)
    for k, v in [("total_s", round(t, 4)), ("iters", it), ("l1_err_f64", err), ("linear_cost", lin)] + list(extra.items()):
        emit(w, peer, N, d, dt, k, v)


# ------------------------------------------------------------------ W3: debiased gradient flow
def w3(cfg):
    import numpy as np
    peer, dt, steps = cfg["peer"], cfg["dtype"], cfg["steps"]
    q0, p0 = data_w3()
    N, d, eps, its, eta = 1000, 2, 0.01, 20, W3_ETA
    nd = np.float32 if dt == "f32" else np.float64
    compile_s = 0.0
    if peer.startswith("pot"):
        import ot
        meth = {"pot-sinkhorn": "sinkhorn", "pot-log": "sinkhorn_log"}[peer]
        a = np.full(N, 1.0 / N, nd); p = p0.astype(nd)

        def T(x, y):
            P = ot.sinkhorn(a, a, ot.dist(x, y) / nd(2), nd(eps), method=meth, numItermax=its, stopThr=0.0, warn=False)
            return P @ y / P.sum(1)[:, None]
        step = lambda q: q + nd(eta) * (T(q, p) - T(q, q))
        q = q0.astype(nd); fin = lambda q: q
    elif peer.startswith("ott"):
        import jax, jax.numpy as jnp
        from ott.geometry import pointcloud
        from ott.problems.linear import linear_problem
        from ott.solvers.linear import sinkhorn
        from ott.tools import sinkhorn_divergence as sdiv
        jd = jnp.float32 if dt == "f32" else jnp.float64
        p = jnp.asarray(p0, jd)
        if peer == "ott-grad":
            def div(q):
                return sdiv.sinkhorn_divergence(pointcloud.PointCloud, q, p, static_b=True, epsilon=eps, scale_cost=2.0,
                                                solve_kwargs=dict(min_iterations=its, max_iterations=its))[0]
            stepj = jax.jit(lambda q: q - eta * N * jax.grad(div)(q))
        else:
            S = sinkhorn.Sinkhorn(min_iterations=its, max_iterations=its, threshold=0.0)

            def T(x, y):
                o = S(linear_problem.LinearProblem(pointcloud.PointCloud(x, y, epsilon=eps, scale_cost=2.0)))
                P = o.matrix
                return (P @ y) / P.sum(1)[:, None]
            stepj = jax.jit(lambda q: q + eta * (T(q, p) - T(q, q)))
        step = lambda q: jax.block_until_ready(stepj(q))
        q = jnp.asarray(q0, jd); fin = lambda q: np.asarray(q)
        t0 = time.perf_counter(); step(q); compile_s = time.perf_counter() - t0
    else:
        import torch
        td = torch.float32 if dt == "f32" else torch.float64
        a = torch.full((N,), 1.0 / N, dtype=td); p = torch.tensor(p0, dtype=td)
        q = torch.tensor(q0, dtype=td); fin = lambda q: q.detach().numpy()
        if peer == "torch-own":
            la = -math.log(N)

            def T(x, y):
                C = (0.5 * ((x * x).sum(1)[:, None] + (y * y).sum(1)[None]) - x @ y.T) / eps
                f = torch.zeros(N, dtype=td)
                for _ in range(its):
                    g = -torch.logsumexp(f[:, None] + la - C, 0)
                    f = -torch.logsumexp(g[None] + la - C, 1)
                return torch.softmax(g[None] - C, 1) @ y
            step = lambda q: q + eta * (T(q, p) - T(q, q))
        else:
            from geomloss import SamplesLoss
            sc = 0.5 if peer.endswith("-default") else 0.8
            L = SamplesLoss("sinkhorn", p=2, blur=math.sqrt(eps), scaling=sc, debias=True,
                            backend="online" if "keops" in peer else "tensorized")

            def step(q):
                q = q.detach().requires_grad_(True)
                gr, = torch.autograd.grad(L(a, q, a, p), [q])
                return (q - eta * N * gr).detach()
            t0 = time.perf_counter(); step(q); compile_s = time.perf_counter() - t0
            from geomloss._legacy import sinkhorn_divergence as sd
            emit("W3", peer, N, d, dt, "sweeps_first_step", len(sd.epsilon_schedule(2, sd.max_diameter(q, p), math.sqrt(eps), sc)) + 2)
    step(q)
    state = {"q": q, "k": 0}

    def go():
        t0 = time.perf_counter()
        while state["k"] < 2 or (state["k"] < steps and time.perf_counter() - t0 < cfg["cap_s"]):
            state["q"] = step(state["q"]); state["k"] += 1
            if state["k"] == 2:
                state["q2"] = fin(state["q"]).copy()
    t, ratio, _ = timed(go, 1, 0.01)
    k = state["k"]
    emit("W3", peer, N, d, dt, "total_s_200", round(t * W3_STEPS / k, 3))
    emit("W3", peer, N, d, dt, "steps_timed", k)
    emit("W3", peer, N, d, dt, "compile_s", round(compile_s, 2))
    emit("W3", peer, N, d, dt, "cpu_over_wall", round(ratio, 2))
    emit("W3", peer, N, d, dt, "other_busy_cores", round(ratio.other, 2))
    q2 = np.float64(state["q2"])
    emit("W3", peer, N, d, dt, "q_norm_after_2", float(np.sqrt((q2 ** 2).sum())))
    emit("W3", peer, N, d, dt, "q_after_2_first4", [float(v) for v in q2[:2].ravel()])
    if k == W3_STEPS:
        import ot
        qf = np.float64(fin(state["q"]))
        a = np.full(N, 1.0 / N)
        emit("W3", peer, N, d, dt, "exact_ot_final", float(ot.emd2(a, a, ot.dist(qf, p0) / 2, numItermax=10**7)) if np.isfinite(qf).all() else float("nan"))


def w3v(cfg):
    """value of one debiased divergence, 20 iterations / default schedule: ms per call"""
    import numpy as np
    peer, dt = cfg["peer"], cfg["dtype"]
    q0, p0 = data_w3(); N, eps, its = 1000, 0.01, 20
    nd = np.float32 if dt == "f32" else np.float64
    if peer == "pot-empirical":
        import ot
        q, p = q0.astype(nd), p0.astype(nd)
        go = lambda: ot.bregman.empirical_sinkhorn_divergence(q, p, nd(2 * eps), numIterMax=its, stopThr=0.0, warn=False)
        val = lambda r: float(r) / 2
    elif peer == "pot-empirical-log":
        import ot
        q, p = q0.astype(nd), p0.astype(nd)
        go = lambda: ot.bregman.empirical_sinkhorn_divergence(q, p, nd(2 * eps), numIterMax=its, stopThr=0.0, warn=False, method="sinkhorn_log")
        val = lambda r: float(r) / 2
    elif peer == "ott":
        import jax, jax.numpy as jnp
        from ott.geometry import pointcloud
        from ott.tools import sinkhorn_divergence as sdiv
        jd = jnp.float32 if dt == "f32" else jnp.float64
        q, p = jnp.asarray(q0, jd), jnp.asarray(p0, jd)
        f = jax.jit(lambda q, p: sdiv.sinkhorn_divergence(pointcloud.PointCloud, q, p, epsilon=eps, scale_cost=2.0,
                    solve_kwargs=dict(min_iterations=its, max_iterations=its))[0])
        go = lambda: jax.block_until_ready(f(q, p)); val = float
    else:
        import torch
        from geomloss import SamplesLoss
        td = torch.float32 if dt == "f32" else torch.float64
        q, p = torch.tensor(q0, dtype=td), torch.tensor(p0, dtype=td)
        L = SamplesLoss("sinkhorn", p=2, blur=math.sqrt(eps), debias=True, backend="online" if "keops" in peer else "tensorized")
        go = lambda: L(q, p); val = float
    go()
    t, ratio, h = timed(go, 3)
    emit("W3-value", peer, N, 2, dt, "ms_per_call", round(1e3 * t, 2))
    emit("W3-value", peer, N, 2, dt, "value", val(h))


# ------------------------------------------------------------------ W4: many small problems
def w4(cfg):
    import numpy as np
    peer, dt = cfg["peer"], cfg["dtype"]
    B, n, d, its = cfg.get("B", 2048), 64, 64, 10
    x64, y64 = data_w4(B, n, d)
    eps = W4_EPS_REL * w4_mean(x64, y64)
    la = -math.log(n)
    nd = np.float32 if dt == "f32" else np.float64
    comp, scale = 0.0, 1.0
    if peer == "pot-loop":
        import ot
        k = min(64, B); scale = B / k
        x, y = x64[:k].astype(nd), y64[:k].astype(nd)
        a = np.full(n, 1.0 / n, nd)

        def go():
            out = np.empty_like(x)
            for i in range(k):
                P = ot.sinkhorn(a, a, ot.dist(x[i], y[i]) / nd(2), nd(eps), method=cfg.get("method", "sinkhorn_log"), numItermax=its, stopThr=0.0, warn=False)
                out[i] = P @ y[i] * n
            return out
        res = lambda o: o
    elif peer in ("pot-batch-numpy", "pot-batch-torch"):
        import ot.batch as ob
        if peer.endswith("torch"):
            import torch
            td = torch.float32 if dt == "f32" else torch.float64
            x, y = torch.tensor(x64, dtype=td), torch.tensor(y64, dtype=td); res = lambda o: o.numpy()
            a = torch.full((B, n), 1.0 / n, dtype=td)
        else:
            x, y = x64.astype(nd), y64.astype(nd); res = lambda o: o
            a = np.full((B, n), 1.0 / n, nd)

        def go():
            r = ob.solve_sample_batch(x, y, reg=2 * eps, a=a, b=a, max_iter=its, tol=0.0, method="log_sinkhorn", grad="detach")
            return (r.plan @ y) / r.plan.sum(-1)[..., None]
    elif peer in ("torch-own", "torch-own-compile", "geomloss-tensorized"):
        import torch
        td = torch.float32 if dt == "f32" else torch.float64
        x, y = torch.tensor(x64, dtype=td), torch.tensor(y64, dtype=td); res = lambda o: o.numpy()

        def solve(x, y):
            C = torch.baddbmm(0.5 * ((x * x).sum(-1)[:, :, None] + (y * y).sum(-1)[:, None, :]), x, y.transpose(1, 2), alpha=-1.0) / eps
            f = torch.zeros(x.shape[:2], dtype=x.dtype)
            for _ in range(its):
                g = -torch.logsumexp(f[:, :, None] + la - C, 1)
                f = -torch.logsumexp(g[:, None, :] + la - C, 2)
            return torch.softmax(g[:, None, :] - C, 2) @ y
        if peer == "geomloss-tensorized":
            from geomloss._legacy import sinkhorn_samples as ss, sinkhorn_divergence as sd
            a = torch.full((B, n), 1.0 / n, dtype=td)

            def solve(x, y):
                Cxy, Cyx = ss.cost_routines[2](x, y), ss.cost_routines[2](y, x)
                _, _, g, f = sd.sinkhorn_loop(ss.softmin_tensorized, sd.log_weights(a), sd.log_weights(a), None, None, Cxy, Cyx, [eps] * (its - 2), None, debias=False)
                return torch.softmax((g[:, None, :] - Cxy) / eps, 2) @ y
        if peer.endswith("compile"):
            solve = torch.compile(solve)

        def go():
            with torch.no_grad():
                return solve(x, y)
    else:
        import jax, jax.numpy as jnp
        jd = jnp.float32 if dt == "f32" else jnp.float64
        x, y = jnp.asarray(x64, jd), jnp.asarray(y64, jd); res = np.asarray
        if peer.startswith("ott"):
            from ott.geometry import pointcloud
            from ott.problems.linear import linear_problem
            from ott.solvers.linear import sinkhorn
            S = sinkhorn.Sinkhorn(min_iterations=its, max_iterations=its, threshold=0.0, lse_mode=peer != "ott-vmap-kernel")

            def one(x, y):
                o = S(linear_problem.LinearProblem(pointcloud.PointCloud(x, y, epsilon=eps, scale_cost=2.0)))
                P = o.matrix
                return (P @ y) / P.sum(1)[:, None]
        else:
            def one(x, y):
                C = (0.5 * ((x * x).sum(1)[:, None] + (y * y).sum(1)[None]) - x @ y.T) / eps

                def body(_, fg):
                    g = -jax.nn.logsumexp(fg[0][:, None] + la - C, axis=0)
                    return -jax.nn.logsumexp(g[None, :] + la - C, axis=1), g
                f, g = jax.lax.fori_loop(0, its, body, (jnp.zeros(n, jd), jnp.zeros(n, jd)))
                return jax.nn.softmax(g[None, :] - C, axis=1) @ y
        fn = jax.jit(jax.vmap(one))
        go = lambda: jax.block_until_ready(fn(x, y))
    t0 = time.perf_counter(); h = go(); comp = time.perf_counter() - t0
    reset_peak()
    t, ratio, h = timed(go, cfg["reps"], 4.0)
    N = n
    emit("W4", peer, N, d, dt, "ms_per_batch_2048", round(1e3 * t * scale, 2))
    emit("W4", peer, N, d, dt, "ns_per_pair", round(1e9 * t * scale / (2 * its * n * n * B), 3))
    emit("W4", peer, N, d, dt, "compile_s", round(max(comp - t, 0), 2))
    emit("W4", peer, N, d, dt, "cpu_over_wall", round(ratio, 2))
    emit("W4", peer, N, d, dt, "other_busy_cores", round(ratio.other, 2))
    emit("W4", peer, N, d, dt, "peak_rss_mb", round(vm("VmHWM"), 1))
    o = np.float64(res(h)[:64])
    emit("W4", peer, N, d, dt, "T_checksum_64", float(np.sqrt((o ** 2).sum())))


def emd(cfg):
    import numpy as np, ot
    for N, d in cfg["sizes"]:
        x, y = data_w1(N, d)
        M = ot.dist(x, y) / 2
        a = np.full(N, 1.0 / N)
        t, ratio, h = timed(lambda: ot.emd2(a, a, M, numItermax=10**8), cfg["reps"], 2.0)
        emit("EMD", "pot-emd", N, d, "f64", "total_s", round(t, 4))
        emit("EMD", "pot-emd", N, d, "f64", "value", float(h))
        emit("EMD", "pot-emd", N, d, "f64", "cpu_over_wall", round(ratio, 2))
        emit("EMD", "pot-emd", N, d, "f64", "other_busy_cores", round(ratio.other, 2))


# ------------------------------------------------------------------ driver
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
