"""What a library's process measures with: time, memory, and an answer's errors in float64."""
import json
import os
import time


def reset_peak():
    try:
        open("/proc/self/clear_refs", "w").write("5")
    except OSError:
        pass


def vm(key):
    """Returns a line of this process's status, in MB: VmRSS is its memory now, VmHWM the most since reset_peak."""
    for line in open("/proc/self/status"):
        if line.startswith(key + ":"):
            return int(line.split()[1]) / 1024.0
    return float("nan")


def busy_s():
    v = [int(s) for s in open("/proc/stat").readline().split()[1:9]]
    return (sum(v) - v[3] - v[4]) / os.sysconf("SC_CLK_TCK")


class Ratio(float):
    """Processor seconds per second of the best repeat; other is how many cores other processes kept busy meanwhile."""
    other = 0.0


def timed(fn, reps=1, budget=4.0):
    """Returns the shortest time of reps repeats, or of as many as the budget allows, its Ratio, and the last result."""
    best, ratio, spent, out = float("inf"), Ratio(0), 0.0, None
    for _ in range(reps):
        b0, c0, t0 = busy_s(), time.process_time(), time.perf_counter()
        out = fn()
        t, c = time.perf_counter() - t0, time.process_time() - c0
        o = max(0.0, busy_s() - b0 - c) / t
        spent += t
        if t < best:
            best, ratio = t, Ratio(c / t)
            ratio.other = o
        if spent > budget:
            break
    return best, ratio, out


def emit(w, peer, N, d, dt, metric, value):
    print(json.dumps([w, peer, N, d, dt, metric, value]), flush=True)


def check_f64(x, y, f, g, eps):
    """Returns the linear cost and the L1 marginal error of potentials f, g for which P = ab exp((f + g − C)/eps)."""
    import numpy as np
    n, m = len(x), len(y)
    f, g = np.asarray(f, np.float64), np.asarray(g, np.float64)
    col, lin, row_err = np.zeros(m), 0.0, 0.0
    yy = (y * y).sum(1)
    for i in range(0, n, 512):
        xi = x[i:i + 512]
        C = 0.5 * ((xi * xi).sum(1)[:, None] + yy[None, :]) - xi @ y.T
        P = np.exp((f[i:i + 512, None] + g[None, :] - C) / eps) / (n * m)
        lin += float((P * C).sum())
        col += P.sum(0)
        row_err += float(np.abs(P.sum(1) - 1.0 / n).sum())
    return lin, row_err + float(np.abs(col - 1.0 / m).sum())
