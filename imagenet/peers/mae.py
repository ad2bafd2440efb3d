"""The encoder of imagenet/mae in plain PyTorch with random weights, its 86 groups of features included: latents a second.

    python mae.py [--width 256] [--batch 8] [--seconds 10]

prints one line of JSON. Latents 32 × 32 × 4, float32, all cores; the better of two memory layouts.
"""

import argparse
import json
import os
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=10)
    a = parser.parse_args()
    torch.set_num_threads(os.cpu_count())
    torch.manual_seed(1)
    encoder = Encoder(a.width).eval()
    rates = {}
    with torch.inference_mode():
        for layout in torch.contiguous_format, torch.channels_last:
            encoder.to(memory_format=layout)
            x = torch.randn(a.batch, 4, 32, 32).contiguous(memory_format=layout)
            features = encoder(x)  # warms up
            assert len(features) == 86 and sum(f.shape[1] for f in features) == 6734
            start, calls = time.perf_counter(), 0
            while calls == 0 or time.perf_counter() - start < a.seconds / 2:
                encoder(x)
                calls += 1
            rates[str(layout)] = a.batch * calls / (time.perf_counter() - start)
    print(json.dumps({
        "torch": torch.__version__,
        "parameters": sum(p.numel() for p in encoder.parameters()),
        "images_per_s": max(rates.values()),
        "by_layout": rates,
    }))


if __name__ == "__main__":
    main()
