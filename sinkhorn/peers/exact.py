"""EMD: exact transport by network simplex."""
from inputs import data_w1
from measure import emit, timed


def emd(cfg):
    import numpy as np
    import ot
    for N, d in cfg["sizes"]:
        x, y = data_w1(N, d)
        M = ot.dist(x, y) / 2
        a = np.full(N, 1.0 / N)
        t, ratio, value = timed(lambda: ot.emd2(a, a, M, numItermax=10**8), cfg["reps"], 2.0)
        emit("EMD", "pot-emd", N, d, "f64", "total_s", round(t, 4))
        emit("EMD", "pot-emd", N, d, "f64", "value", float(value))
        emit("EMD", "pot-emd", N, d, "f64", "cpu_over_wall", round(ratio, 2))
        emit("EMD", "pot-emd", N, d, "f64", "other_busy_cores", round(ratio.other, 2))
