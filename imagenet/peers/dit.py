"""The one-step generator in plain PyTorch, for comparing speeds: prints images/s as JSON.

    python dit.py [--batch 4] [--seconds 10]

B/2, 32 x 32 x 4 latents, float32, forward only, random weights. Attention is PyTorch's own fused one.
"""
import argparse, json, math, os, time

import torch
from torch import nn
from torch.nn import functional as F


class RMSNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return F.rms_norm(x, self.weight.shape, self.weight, 1e-6)


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, d = heads, width // heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.q_norm, self.k_norm = RMSNorm(d), RMSNorm(d)

    def forward(self, x, cos, sin):
        b, n, width = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, -1).permute(2, 0, 3, 1, 4)

        def rotate(x):
            x1, x2 = x.chunk(2, -1)
            return x * cos + torch.cat([-x2, x1], -1) * sin

        x = F.scaled_dot_product_attention(rotate(self.q_norm(q)), rotate(self.k_norm(k)), v)
        return self.proj(x.transpose(1, 2).reshape(b, n, width))


class SwiGLU(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.w1, self.w2, self.w3 = nn.Linear(width, inner), nn.Linear(inner, width), nn.Linear(width, inner)

    def forward(self, x):
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


def modulate(x, shift, scale):
    return x * (1 + scale) + shift


class Block(nn.Module):
    def __init__(self, width, heads, inner):
        super().__init__()
        self.norm1, self.norm2 = RMSNorm(width), RMSNorm(width)
        self.attention, self.mlp = Attention(width, heads), SwiGLU(width, inner)
        self.modulation = nn.Linear(width, 6 * width)

    def forward(self, x, condition, cos, sin):
        m = self.modulation(F.silu(condition))[:, None].chunk(6, -1)
        x = x + m[2] * self.attention(modulate(self.norm1(x), m[0], m[1]), cos, sin)
        return x + m[5] * self.mlp(modulate(self.norm2(x), m[3], m[4]))


class Generator(nn.Module):
    def __init__(self, size=32, channels=4, patch=2, width=768, depth=12, heads=12, inner=2048, classes=1000,
                 codebooks=32, entries=64, context=16):
        super().__init__()
        self.patch, self.context, self.side, self.channels = patch, context, size // patch, channels
        point = patch * patch * channels
        self.classes = nn.Embedding(classes, width)
        self.styles = nn.ModuleList(nn.Embedding(entries, width) for _ in range(codebooks))
        self.guidance = nn.Sequential(nn.Linear(256, width), nn.SiLU(), nn.Linear(width, width), RMSNorm(width))
        self.places = nn.Parameter(torch.randn(1, self.side ** 2, width))
        self.contexts = nn.Parameter(torch.randn(1, context, width))
        self.patches, self.to_context = nn.Linear(point, width), nn.Linear(width, width)
        self.blocks = nn.ModuleList(Block(width, heads, inner) for _ in range(depth))
        self.norm, self.modulation, self.last = RMSNorm(width), nn.Linear(width, 2 * width), nn.Linear(width, point)
        half = width // heads // 2
        angle = torch.outer(torch.arange(self.side ** 2 + context), 10000 ** (-torch.arange(half) / half)).repeat(1, 2)
        self.register_buffer("cos", angle.cos())
        self.register_buffer("sin", angle.sin())

    def forward(self, noise, labels, styles, alpha):
        b, s, p = len(noise), self.side, self.patch
        angle = alpha[:, None] * torch.exp(-math.log(10000) * torch.arange(128) / 128)
        condition = self.classes(labels) + sum(e(styles[:, i]) for i, e in enumerate(self.styles))
        condition = condition + 0.02 * self.guidance(torch.cat([angle.cos(), angle.sin()], -1))
        x = noise.view(b, s, p, s, p, -1).transpose(2, 3).reshape(b, s * s, -1)
        x = self.patches(x) + self.places
        x = torch.cat([self.to_context(condition)[:, None] + self.contexts, x], 1)
        for block in self.blocks:
            x = block(x, condition, self.cos, self.sin)
        m = self.modulation(F.silu(condition))[:, None].chunk(2, -1)
        x = self.last(modulate(self.norm(x[:, self.context:]), m[0], m[1]))
        return x.view(b, s, s, p, p, -1).transpose(2, 3).reshape(b, s * p, s * p, -1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=10)
    args = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(os.cpu_count())
    generator = Generator().eval()
    noise = torch.randn(args.batch, 32, 32, 4)
    labels, styles = torch.arange(args.batch), torch.randint(64, (args.batch, 32))
    alpha, calls = torch.ones(args.batch), 0
    with torch.inference_mode():
        generator(noise, labels, styles, alpha)  # warms up
        start = time.perf_counter()
        while calls == 0 or time.perf_counter() - start < args.seconds:
            generator(noise, labels, styles, alpha)
            calls += 1
    print(json.dumps({
        "torch": torch.__version__,
        "parameters": sum(p.numel() for p in generator.parameters()),
        "images_per_s": args.batch * calls / (time.perf_counter() - start),
    }))


if __name__ == "__main__":
    main()
