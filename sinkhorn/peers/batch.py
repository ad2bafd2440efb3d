"""W4: many small problems: costs, 10 iterations, barycentric projection."""
import math
import time

from inputs import W4_EPS_REL, data_w4, w4_mean
from measure import emit, reset_peak, timed, vm

ITERATIONS = 10


def torch_own(x64, y64, eps, dtype, compiled):
    """Returns project() → projections, and what makes an array of them: a loop of ten lines in PyTorch."""
    import numpy as np
    import torch
    la = -math.log(x64.shape[1])
    td = torch.float32 if dtype == np.float32 else torch.float64
    x, y = torch.tensor(x64, dtype=td), torch.tensor(y64, dtype=td)

    def solve(x, y):
        C = torch.baddbmm(0.5 * ((x * x).sum(-1)[:, :, None] + (y * y).sum(-1)[:, None, :]), x, y.transpose(1, 2), alpha=-1.0) / eps
        f = torch.zeros(x.shape[:2], dtype=x.dtype)
        for _ in range(ITERATIONS):
            g = -torch.logsumexp(f[:, :, None] + la - C, 1)
            f = -torch.logsumexp(g[:, None, :] + la - C, 2)
        return torch.softmax(g[:, None, :] - C, 2) @ y
    if compiled:
        solve = torch.compile(solve)

    def project():
        with torch.no_grad():
            return solve(x, y)
    return project, lambda out: out.numpy()


def ott_one(eps, kernel):
    """Returns the projection of one problem by OTT-JAX, in the kernel domain or in the log domain."""
    from ott.geometry import pointcloud
    from ott.problems.linear import linear_problem
    from ott.solvers.linear import sinkhorn
    solver = sinkhorn.Sinkhorn(min_iterations=ITERATIONS, max_iterations=ITERATIONS, threshold=0.0, lse_mode=not kernel)

    def one(x, y):
        P = solver(linear_problem.LinearProblem(pointcloud.PointCloud(x, y, epsilon=eps, scale_cost=2.0))).matrix
        return (P @ y) / P.sum(1)[:, None]
    return one


def jax_one(eps, n, dtype):
    """Returns the projection of one problem by a loop of ten lines in JAX."""
    import jax
    import jax.numpy as jnp
    la = -math.log(n)

    def one(x, y):
        C = (0.5 * ((x * x).sum(1)[:, None] + (y * y).sum(1)[None]) - x @ y.T) / eps

        def body(_, fg):
            g = -jax.nn.logsumexp(fg[0][:, None] + la - C, axis=0)
            return -jax.nn.logsumexp(g[None, :] + la - C, axis=1), g
        f, g = jax.lax.fori_loop(0, ITERATIONS, body, (jnp.zeros(n, dtype), jnp.zeros(n, dtype)))
        return jax.nn.softmax(g[None, :] - C, axis=1) @ y
    return one


def w4(cfg):
    import numpy as np
    peer, dt = cfg["peer"], cfg["dtype"]
    x64, y64 = data_w4()
    B, n, d = x64.shape
    eps = W4_EPS_REL * w4_mean(x64, y64)
    dtype = np.float32 if dt == "f32" else np.float64
    if peer.startswith("torch"):
        project, array = torch_own(x64, y64, eps, dtype, peer.endswith("compile"))
    else:
        import jax
        import jax.numpy as jnp
        x, y = jnp.asarray(x64, dtype), jnp.asarray(y64, dtype)
        one = jax_one(eps, n, dtype) if peer == "jax-plain-vmap" else ott_one(eps, peer == "ott-vmap-kernel")
        every = jax.jit(jax.vmap(one))
        project, array = lambda: jax.block_until_ready(every(x, y)), np.asarray
    start = time.perf_counter()
    project()
    first = time.perf_counter() - start
    reset_peak()
    t, ratio, out = timed(project, cfg["reps"], 4.0)
    emit("W4", peer, n, d, dt, "ms_per_batch_2048", round(1e3 * t, 2))
    emit("W4", peer, n, d, dt, "ns_per_pair", round(1e9 * t / (2 * ITERATIONS * n * n * B), 3))
    emit("W4", peer, n, d, dt, "compile_s", round(max(first - t, 0), 2))
    emit("W4", peer, n, d, dt, "cpu_over_wall", round(ratio, 2))
    emit("W4", peer, n, d, dt, "other_busy_cores", round(ratio.other, 2))
    emit("W4", peer, n, d, dt, "peak_rss_mb", round(vm("VmHWM"), 1))
    some = np.float64(array(out)[:64])
    emit("W4", peer, n, d, dt, "T_checksum_64", float(np.sqrt((some ** 2).sum())))
