"""What every peer measures with: options, the rate of a call, one line of JSON."""

import argparse
import json
import os
import time


def options(description, *more):
    """Reads a peer's options. More are (name, keywords) of further arguments."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    for name, keywords in more:
        parser.add_argument(name, **keywords)
    parser.add_argument("--compile", action="store_true", help="by torch.compile, which is left out of the time")
    parser.add_argument("--seconds", type=float, default=8, help="of a measurement, at least one call")
    return parser.parse_args()


def torch_on_all_cores():
    """Sets PyTorch's threads, as many as this process may use cores, and its seed."""
    import torch
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.manual_seed(1)


def rate(call, seconds, warm_up=2):
    """Returns calls a second, after some to warm up."""
    for _ in range(warm_up):
        call()
    start, calls = time.perf_counter(), 0
    while calls == 0 or time.perf_counter() - start < seconds:
        call()
        calls += 1
    return calls / (time.perf_counter() - start)


def tell(library, per_second, **more):
    """Prints what compare.py reads: the library with its version, and images or steps a second."""
    print(json.dumps({"library": f"{library.__name__} {library.__version__}", "rate": per_second, **more}))
