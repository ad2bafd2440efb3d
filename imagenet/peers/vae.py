"""AutoencoderKL of stabilityai/sd-vae-ft-mse in plain PyTorch with random weights: images encoded or decoded per second.

    python vae.py encode|decode [--compile] [--seconds 8]

prints one line of JSON. One image a pass, 256 × 256 pixels, float32, all cores; the better of two memory layouts.
"""

import torch
from torch import nn
from torch.nn import functional as F

from measure import options, rate, tell, torch_on_all_cores

WIDTHS = (128, 256, 512, 512)
LAYERS = 2
LATENT = 4


def norm(channels):
    return nn.GroupNorm(32, channels, eps=1e-6)


def conv(inputs, outputs):
    return nn.Conv2d(inputs, outputs, 3, padding=1)


class Residual(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.norm1, self.conv1 = norm(inputs), conv(inputs, outputs)
        self.norm2, self.conv2 = norm(outputs), conv(outputs, outputs)
        self.conv_shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else None

    def forward(self, x):
        y = self.conv1(F.silu(self.norm1(x)))
        y = self.conv2(F.silu(self.norm2(y)))
        return y + (x if self.conv_shortcut is None else self.conv_shortcut(x))


class Attention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.group_norm = norm(width)
        self.to_q, self.to_k, self.to_v = (nn.Linear(width, width) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(width, width)])

    def forward(self, x):
        y = self.group_norm(x).flatten(2).transpose(1, 2)
        y = F.scaled_dot_product_attention(self.to_q(y), self.to_k(y), self.to_v(y))
        return x + self.to_out[0](y).transpose(1, 2).reshape(x.shape)


class Middle(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.attentions = nn.ModuleList([Attention(width)])
        self.resnets = nn.ModuleList([Residual(width, width), Residual(width, width)])

    def forward(self, x):
        return self.resnets[1](self.attentions[0](self.resnets[0](x)))


class Half(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, stride=2)

    def forward(self, x):
        return self.conv(F.pad(x, (0, 1, 0, 1)))


class Double(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = conv(width, width)

    def forward(self, x):
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class Block(nn.Module):
    def __init__(self, inputs, outputs, layers, resize, name):
        super().__init__()
        self.resnets = nn.ModuleList(Residual(inputs if i == 0 else outputs, outputs) for i in range(layers))
        self.resize = name
        setattr(self, name, nn.ModuleList([resize(outputs)] if resize else []))

    def forward(self, x):
        for layer in [*self.resnets, *getattr(self, self.resize)]:
            x = layer(x)
        return x


class Encoder(nn.Module):
    def __init__(self, widths, layers):
        super().__init__()
        self.conv_in = conv(3, widths[0])
        self.down_blocks = nn.ModuleList(
            Block(widths[max(i - 1, 0)], w, layers, Half if i < len(widths) - 1 else None, "downsamplers") for i, w in enumerate(widths))
        self.mid_block = Middle(widths[-1])
        self.conv_norm_out, self.conv_out = norm(widths[-1]), conv(widths[-1], 2 * LATENT)

    def forward(self, x):
        x = self.conv_in(x)
        for block in self.down_blocks:
            x = block(x)
        return self.conv_out(F.silu(self.conv_norm_out(self.mid_block(x))))


class Decoder(nn.Module):
    def __init__(self, widths, layers):
        super().__init__()
        widths = widths[::-1]
        self.conv_in = conv(LATENT, widths[0])
        self.up_blocks = nn.ModuleList(
            Block(widths[max(i - 1, 0)], w, layers + 1, Double if i < len(widths) - 1 else None, "upsamplers") for i, w in enumerate(widths))
        self.mid_block = Middle(widths[0])
        self.conv_norm_out, self.conv_out = norm(widths[-1]), conv(widths[-1], 3)

    def forward(self, x):
        x = self.mid_block(self.conv_in(x))
        for block in self.up_blocks:
            x = block(x)
        return self.conv_out(F.silu(self.conv_norm_out(x)))


class Autoencoder(nn.Module):
    def __init__(self, widths=WIDTHS, layers=LAYERS):
        super().__init__()
        self.encoder, self.decoder = Encoder(widths, layers), Decoder(widths, layers)
        self.quant_conv = nn.Conv2d(2 * LATENT, 2 * LATENT, 1)
        self.post_quant_conv = nn.Conv2d(LATENT, LATENT, 1)

    def encode(self, image):
        mean, variance = self.quant_conv(self.encoder(image)).chunk(2, 1)
        return mean, variance.clamp(-30, 20)

    def decode(self, latent):
        return self.decoder(self.post_quant_conv(latent))


def main():
    args = options(__doc__, ("direction", dict(choices=["encode", "decode"])))
    torch_on_all_cores()
    network, rates = Autoencoder().eval(), []
    call, shape = (network.encode, (1, 3, 256, 256)) if args.direction == "encode" else (network.decode, (1, LATENT, 32, 32))
    if args.compile:
        call = torch.compile(call)
    with torch.inference_mode():
        for layout in torch.contiguous_format, torch.channels_last:
            network.to(memory_format=layout)
            x = torch.randn(shape).contiguous(memory_format=layout)
            rates.append(rate(lambda: call(x), args.seconds / 2))
    tell(torch, max(rates), by_layout=rates)


if __name__ == "__main__":
    main()
