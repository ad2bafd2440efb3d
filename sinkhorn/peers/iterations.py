"""W1: full iterations, both potentials, without a stop. Any of the libraries that W1 compares."""
import math
import time

from inputs import data_w1, mean_cost
from measure import check_f64, emit, reset_peak, timed, vm


def pot_sinkhorn(x64, y64, eps, dtype):
    import numpy as np
    import ot
    n, la = len(x64), -math.log(len(x64))
    a = np.full(n, 1.0 / n, dtype)
    M = ot.dist(x64.astype(dtype), y64.astype(dtype)) / dtype(2)

    def run(it):
        return ot.sinkhorn2(a, a, M, dtype(eps), method="sinkhorn", numItermax=it, stopThr=0.0, log=True, warn=False)

    def potentials(r):
        return tuple(eps * (np.log(np.float64(r[1][k])) - la) for k in ("u", "v"))
    return run, potentials


def geomloss_keops(x64, y64, eps, dtype):
    """GeomLoss's own loop at constant eps: one first sweep, it − 2 averaged ones, one extrapolation."""
    from functools import partial

    import numpy as np
    import torch
    from geomloss._legacy import sinkhorn_divergence as sd, sinkhorn_samples as ss
    td = torch.float32 if dtype == np.float32 else torch.float64
    x, y = torch.tensor(x64, dtype=td), torch.tensor(y64, dtype=td)
    a = torch.full((1, len(x)), 1.0 / len(x), dtype=td)
    b = torch.full((1, len(y)), 1.0 / len(y), dtype=td)
    soft = partial(ss.softmin_online, log_conv=ss.lse_genred(ss.cost_formulas[2], x.shape[-1], dtype=str(td)[6:]))

    def run(it):
        with torch.no_grad():
            _, _, g, f = sd.sinkhorn_loop(soft, sd.log_weights(a), sd.log_weights(b), None, None, (x, y), (y, x),
                                          [eps] * max(it - 2, 1), None, debias=False)
        return f.reshape(-1).detach(), g.reshape(-1).detach()
    return run, lambda r: (r[0].double().numpy(), r[1].double().numpy())


def jax_plain(x64, y64, eps, dtype):
    from functools import partial

    import jax
    import jax.numpy as jnp
    import numpy as np
    n, la = len(x64), -math.log(len(x64))
    x, y = jnp.asarray(x64, dtype), jnp.asarray(y64, dtype)

    @partial(jax.jit, static_argnums=2)
    def solve(x, y, it):
        C = (0.5 * ((x * x).sum(1)[:, None] + (y * y).sum(1)[None]) - x @ y.T) / eps

        def body(_, fg):
            f, g = fg
            g = -jax.nn.logsumexp(f[:, None] + la - C, axis=0)
            f = -jax.nn.logsumexp(g[None, :] + la - C, axis=1)
            return f, g
        return jax.lax.fori_loop(0, it, body, (jnp.zeros(n, dtype), jnp.zeros(n, dtype)))
    return lambda it: jax.block_until_ready(solve(x, y, it)), lambda r: (eps * np.float64(r[0]), eps * np.float64(r[1]))


def ott_shim():
    """ott-jax 0.6.0 with batch_size needs jax.interpreters.batching.is_vmappable, which jax 0.10 does not export any more."""
    import jax.interpreters.batching as pub
    if not hasattr(pub, "is_vmappable"):
        from jax._src.interpreters import batching
        pub.is_vmappable = batching.is_vmappable


def ott(x64, y64, eps, dtype, batch):
    """OTT-JAX; with a batch it makes that many rows of the cost matrix at a time, without one it stores the matrix."""
    from functools import partial

    import jax
    import jax.numpy as jnp
    import numpy as np
    from ott.geometry import pointcloud
    from ott.problems.linear import linear_problem
    from ott.solvers.linear import sinkhorn
    la = -math.log(len(x64))
    x, y = jnp.asarray(x64, dtype), jnp.asarray(y64, dtype)
    if batch:
        ott_shim()

    @partial(jax.jit, static_argnums=2)
    def solve(x, y, it):
        geom = pointcloud.PointCloud(x, y, epsilon=eps, scale_cost=2.0, batch_size=batch)
        out = sinkhorn.Sinkhorn(min_iterations=it, max_iterations=it, inner_iterations=min(it, 10),
                                threshold=0.0)(linear_problem.LinearProblem(geom))
        return out.f, out.g, out.reg_ot_cost
    return lambda it: jax.block_until_ready(solve(x, y, it)), \
        lambda r: (np.float64(r[0]) - eps * la, np.float64(r[1]) - eps * la)


def make(peer, x64, y64, eps, dt, batch):
    """Returns run(iterations) → handle, and potentials(handle) → f, g for which P = ab exp((f + g − C)/eps)."""
    import numpy as np
    dtype = np.float32 if dt == "f32" else np.float64
    if peer.startswith("ott"):
        return ott(x64, y64, eps, dtype, batch if peer == "ott-online" else None)
    return {"pot-sinkhorn": pot_sinkhorn, "geomloss-keops": geomloss_keops, "jax-plain": jax_plain}[peer](x64, y64, eps, dtype)


def w1_size(cfg, N, d, first):
    """Measures one size; the first of a process also tells what the libraries take before any work."""
    peer, dt, budget = cfg["peer"], cfg["dtype"], cfg["budget"]
    compiles = peer.startswith(("ott", "jax"))
    x, y = data_w1(N, d)
    eps = 0.05 * mean_cost(x, y)
    run, potentials = make(peer, x, y, eps, dt, cfg["batch"])
    if first:
        emit("W1", peer, N, d, dt, "rss_after_import_mb", round(vm("VmRSS"), 1))
    reset_peak()
    few = 3
    start = time.perf_counter()
    run(few)     # compiles, and warms up
    cold = time.perf_counter() - start
    warm, _, _ = timed(lambda: run(few), 1, 0.5)
    per = warm / few
    if peer == "pot-sinkhorn":      # its two exponentials of the matrix must be spread over the full 100
        it = 100
    else:
        it = 100 if per * 100 <= budget else max(10, int(budget / per))
    if compiles:
        start = time.perf_counter()
        run(it)
        cold = time.perf_counter() - start
    t, ratio, h = timed(lambda: run(it), cfg["reps"], budget)
    if compiles:
        emit("W1", peer, N, d, dt, "compile_s", round(max(cold - t, 0), 3))
    elif peer == "geomloss-keops":
        emit("W1", peer, N, d, dt, "compile_s", round(max(cold - warm, 0), 3))
    emit("W1", peer, N, d, dt, "ms_per_iter", round(1e3 * t / it, 4))
    emit("W1", peer, N, d, dt, "ns_per_pair", round(1e9 * t / it / (2 * N * N), 3))
    emit("W1", peer, N, d, dt, "iters_timed", it)
    emit("W1", peer, N, d, dt, "cpu_over_wall", round(ratio, 2))
    emit("W1", peer, N, d, dt, "other_busy_cores", round(ratio.other, 2))
    emit("W1", peer, N, d, dt, "peak_rss_mb", round(vm("VmHWM"), 1))
    if it == 100 and N <= 2048:
        linear, error = check_f64(x, y, *potentials(h), eps)
        emit("W1", peer, N, d, dt, "linear_cost_at_100", linear)
        emit("W1", peer, N, d, dt, "l1_marginal_err_at_100", error)


def w1(cfg):
    for k, (N, d) in enumerate(cfg["sizes"]):
        w1_size(cfg, N, d, first=k == 0)
