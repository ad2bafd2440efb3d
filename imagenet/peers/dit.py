"""The one-step generator of imagenet/dit in plain PyTorch with random weights: images a second.

    python dit.py [--compile] [--seconds 8]

prints one line of JSON. B/2, four latents 32 × 32 × 4 a pass, float32, all cores. Attention is PyTorch's own fused one. Parameters
have the official names, without the wrapper .linear.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

from measure import options, rate, tell, torch_on_all_cores


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
        self.attn, self.mlp = Attention(width, heads), SwiGLU(width, inner)
        self.adaLN_mod = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))

    def forward(self, x, condition, cos, sin):
        m = self.adaLN_mod(condition)[:, None].chunk(6, -1)
        x = x + m[2] * self.attn(modulate(self.norm1(x), m[0], m[1]), cos, sin)
        return x + m[5] * self.mlp(modulate(self.norm2(x), m[3], m[4]))


class Guidance(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(256, width), nn.Linear(width, width)

    def forward(self, alpha):
        angle = alpha[:, None] * torch.exp(-math.log(10000) * torch.arange(128) / 128)
        return self.fc2(F.silu(self.fc1(torch.cat([angle.cos(), angle.sin()], -1))))


class Output(nn.Module):
    def __init__(self, width, point):
        super().__init__()
        self.norm_final, self.linear = RMSNorm(width), nn.Linear(width, point)
        self.adaLN_mod = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))

    def forward(self, x, condition):
        return self.linear(modulate(self.norm_final(x), *self.adaLN_mod(condition)[:, None].chunk(2, -1)))


class Generator(nn.Module):
    def __init__(self, size=32, channels=4, patch=2, width=768, depth=12, heads=12, inner=2048, classes=1000, codebooks=32, entries=64,
                 context=16):
        super().__init__()
        self.patch, self.context, self.side = patch, context, size // patch
        point = patch * patch * channels
        self.class_embed = nn.Embedding(classes, width)
        self.noise_embeds = nn.ModuleList(nn.Embedding(entries, width) for _ in range(codebooks))
        self.cfg_embedder, self.cfg_norm = Guidance(width), RMSNorm(width)
        self.pos_embed = nn.Parameter(torch.randn(1, self.side ** 2, width))
        self.cls_embed = nn.Parameter(torch.randn(1, context, width))
        self.patch_embed, self.c_token_proj = nn.Linear(point, width), nn.Linear(width, width)
        self.blocks = nn.ModuleList(Block(width, heads, inner) for _ in range(depth))
        self.final_layer = Output(width, point)
        half = width // heads // 2
        angle = torch.outer(torch.arange(self.side ** 2 + context), 10000 ** (-torch.arange(half) / half)).repeat(1, 2)
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)

    def forward(self, noise, labels, styles, alpha):
        """Latents [B, S, S, C] of noise [B, S, S, C], labels [B], styles [B, codebooks] and guidance scales [B]."""
        b, s, p = len(noise), self.side, self.patch
        condition = self.class_embed(labels) + sum(e(styles[:, i]) for i, e in enumerate(self.noise_embeds))
        condition = condition + 0.02 * self.cfg_norm(self.cfg_embedder(alpha))
        x = noise.view(b, s, p, s, p, -1).transpose(2, 3).reshape(b, s * s, -1)
        x = self.patch_embed(x) + self.pos_embed
        x = torch.cat([self.c_token_proj(condition)[:, None] + self.cls_embed, x], 1)
        for block in self.blocks:
            x = block(x, condition, self.cos, self.sin)
        x = self.final_layer(x[:, self.context:], condition)
        return x.view(b, s, s, p, p, -1).transpose(2, 3).reshape(b, s * p, s * p, -1)


def main():
    args, batch = options(__doc__), 4
    torch_on_all_cores()
    generator = Generator().eval()
    noise, alpha = torch.randn(batch, 32, 32, 4), torch.ones(batch)
    labels, styles = torch.arange(batch), torch.randint(64, (batch, 32))
    if args.compile:
        generator = torch.compile(generator)
    with torch.inference_mode():
        tell(torch, batch * rate(lambda: generator(noise, labels, styles, alpha), args.seconds))


if __name__ == "__main__":
    main()
