"""The encoder of imagenet/mae in plain PyTorch with random weights, its 86 groups of features included: latents a second.

    python mae.py [--compile] [--seconds 8]

prints one line of JSON. Width 256, eight latents 32 × 32 × 4 a pass, float32, all cores; the better of two memory layouts. Parameters
have the official names, without encoder.
"""

import torch
from torch import nn
from torch.nn import functional as F

from measure import options, rate, tell, torch_on_all_cores


def norm(channels):
    groups = next(g for g in range(min(32, channels), 0, -1) if channels % g == 0)
    return nn.GroupNorm(groups, channels)


def conv(inputs, outputs, side, stride=1):
    return nn.Conv2d(inputs, outputs, side, stride, side // 2, bias=False)


class Block(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        stride = 1 if inputs == outputs else 2
        self.conv1, self.gn1 = conv(inputs, outputs, 3, stride), norm(outputs)
        self.conv2, self.gn2 = conv(outputs, outputs, 3), norm(outputs)
        if stride == 2:
            self.proj_conv, self.proj_gn = conv(inputs, outputs, 1, stride), norm(outputs)

    def forward(self, x):
        h = self.gn2(self.conv2(F.relu(self.gn1(self.conv1(x)))))
        return F.relu(h + (self.proj_gn(self.proj_conv(x)) if hasattr(self, "proj_gn") else x))


class Encoder(nn.Module):
    def __init__(self, width, layers=(3, 4, 6, 3), channels=4):
        super().__init__()
        self.conv1, self.gn1 = conv(channels, width, 3), norm(width)
        self.stages, inputs = nn.ModuleList(), width
        for stage, blocks in enumerate(layers):
            outputs = width << stage
            self.stages.append(nn.ModuleList([Block(inputs if k == 0 else outputs, outputs) for k in range(blocks)]))
            self.add_module(f"layer{stage + 1}_norm", norm(outputs))
            inputs = outputs

    def forward(self, x):
        """The features of latents [B, C, S, S], as a list of [B, vectors, channels]."""
        features = [x.permute(0, 2, 3, 1).reshape(len(x), 1, -1), x.square().mean((2, 3)).add(1e-6).sqrt()[:, None]]
        h = F.relu(self.gn1(self.conv1(x)))
        maps, blocks = [h], []
        for number, stage in enumerate(self.stages, 1):
            for k, block in enumerate(stage):
                h = block(h)
                if k % 2 == 1:
                    blocks.append(h)
            h = getattr(self, f"layer{number}_norm")(h)
            maps.append(h)
        for m in maps + blocks:
            features += statistics(m)
        return features


def statistics(x):
    """All positions, their mean and deviation, and those of squares of 2 and 4, where they fill the map."""
    b, c, s, _ = x.shape
    rows = x.permute(0, 2, 3, 1)  # a view; no copy where the memory format is channels last
    out = [rows.reshape(b, s * s, c), rows.mean((1, 2))[:, None], (rows.var((1, 2), correction=0) + 1e-6).sqrt()[:, None]]
    squares = {p: rows.reshape(b, s // p, p, s // p, p, c) for p in (2, 4) if s % p == 0}
    out += [squares[p].mean((2, 4)).reshape(b, -1, c) for p in squares]
    out += [(squares[p].var((2, 4), correction=0) + 1e-6).sqrt().reshape(b, -1, c) for p in squares]
    return out


def main():
    args, batch = options(__doc__), 8
    torch_on_all_cores()
    encoder, rates = Encoder(256).eval(), []
    with torch.inference_mode():
        for layout in torch.contiguous_format, torch.channels_last:
            encoder.to(memory_format=layout)
            x = torch.randn(batch, 4, 32, 32).contiguous(memory_format=layout)
            features = encoder(x)
            assert len(features) == 86 and sum(f.shape[1] for f in features) == 6734
            call = torch.compile(encoder) if args.compile else encoder
            rates.append(batch * rate(lambda: call(x), args.seconds / 2))
    tell(torch, max(rates), by_layout=rates)


if __name__ == "__main__":
    main()
