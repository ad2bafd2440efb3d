"""The encoder of imagenet/mae in PyTorch, features included: images per second of a forward pass, as JSON.

Run with the same number of threads as the Go benchmark: python mae.py [--width 256] [--batch 8] [--threads 2].
"""

import argparse
import json
import resource
import time

import torch
from torch import nn
from torch.nn import functional as F


def norm(channels):
    groups = next(g for g in range(min(32, channels), 0, -1) if channels % g == 0)
    return nn.GroupNorm(groups, channels)


def conv(inputs, outputs, side, stride=1):
    return nn.Conv2d(inputs, outputs, side, stride, side // 2, bias=False)


class Block(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        stride = 1 if inputs == outputs else 2
        self.main = nn.Sequential(conv(inputs, outputs, 3, stride), norm(outputs), nn.ReLU(inplace=True),
                                  conv(outputs, outputs, 3), norm(outputs))
        self.skip = nn.Identity() if stride == 1 else nn.Sequential(conv(inputs, outputs, 1, stride), norm(outputs))

    def forward(self, x):
        return F.relu(self.main(x) + self.skip(x), inplace=True)


class Encoder(nn.Module):
    def __init__(self, width, layers=(3, 4, 6, 3), channels=4):
        super().__init__()
        self.stem = nn.Sequential(conv(channels, width, 3), norm(width), nn.ReLU(inplace=True))
        self.stages, self.norms, inputs = nn.ModuleList(), nn.ModuleList(), width
        for stage, blocks in enumerate(layers):
            outputs = width << stage
            self.stages.append(nn.ModuleList([Block(inputs if k == 0 else outputs, outputs) for k in range(blocks)]))
            self.norms.append(norm(outputs))
            inputs = outputs

    def forward(self, x):
        """The features of latents [B, C, S, S], as a list of [B, vectors, channels]."""
        features = [x.permute(0, 2, 3, 1).reshape(len(x), 1, -1), x.square().mean((2, 3)).add(1e-6).sqrt()[:, None]]
        h = self.stem(x)
        maps, blocks = [h], []
        for stage, end in zip(self.stages, self.norms):
            for k, block in enumerate(stage):
                h = block(h)
                if k % 2 == 1:
                    blocks.append(h)
            h = end(h)
            maps.append(h)
        for m in maps + blocks:
            features += statistics(m)
        return features


def statistics(x):
    """All positions, their mean and deviation, and those of squares of 2 and 4."""
    b, c, s, _ = x.shape
    rows = x.permute(0, 2, 3, 1)  # a view; no copy where the memory format is channels last
    out = [rows.reshape(b, s * s, c), rows.mean((1, 2))[:, None], (rows.var((1, 2), correction=0) + 1e-6).sqrt()[:, None]]
    squares = {p: rows.reshape(b, s // p, p, s // p, p, c) for p in (2, 4)}
    out += [squares[p].mean((2, 4)).reshape(b, -1, c) for p in (2, 4)]
    out += [(squares[p].var((2, 4), correction=0) + 1e-6).sqrt().reshape(b, -1, c) for p in (2, 4)]
    return out


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--width", type=int, default=256)
    a.add_argument("--batch", type=int, default=8)
    a.add_argument("--threads", type=int, default=2)
    a.add_argument("--repeats", type=int, default=5)
    a = a.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(0)
    encoder = Encoder(a.width).eval()
    best = {}
    with torch.inference_mode():
        for name, layout in (("contiguous", torch.contiguous_format), ("channels_last", torch.channels_last)):
            encoder = encoder.to(memory_format=layout)
            x = torch.randn(a.batch, 4, 32, 32).contiguous(memory_format=layout)
            features = encoder(x)
            assert len(features) == 86 and sum(f.shape[1] for f in features) == 6734
            times = []
            for _ in range(a.repeats):
                start = time.perf_counter()
                encoder(x)
                times.append(time.perf_counter() - start)
            best[name] = a.batch / min(times)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"library": f"PyTorch {torch.__version__}", "width": a.width, "batch": a.batch, "threads": a.threads,
                      "images_per_s": max(best.values()), "by_layout": best, "peak_MB": peak}))


if __name__ == "__main__":
    main()
