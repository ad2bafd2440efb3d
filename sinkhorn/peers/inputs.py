"""The seeded clouds of bench-peers, the same for every library, and the files in which this project's side reads them."""
import os

SEED = 20261121
SIZES = (256, 1024, 2048, 4096, 8192)
W3_ETA = 0.1
W3_STEPS = 200
W4_EPS_REL = 0.05


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


def w4_mean(x, y):
    return float(0.5 * ((x * x).sum(-1).mean() + (y * y).sum(-1).mean()) - (x.mean(1) * y.mean(1)).sum(-1).mean())


def dump_inputs(out):
    """Writes all clouds to a folder, as little-endian float64."""
    import numpy as np

    def put(name, values):
        np.ascontiguousarray(values, dtype="<f8").tofile(os.path.join(out, name + ".f64"))

    for N in SIZES:
        for d in (2, 64):
            x, y = data_w1(N, d)
            put(f"w1_x_{N}_{d}", x)
            put(f"w1_y_{N}_{d}", y)
    q, p = data_w3()
    put("w3_q", q)
    put("w3_p", p)
    x, y = data_w4()
    put("w4_x", x)
    put("w4_y", y)
    put("w4_epsilon", [W4_EPS_REL * w4_mean(x, y)])
