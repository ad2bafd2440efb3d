"""A training step of a reduced generator and encoder in plain PyTorch: steps a second.

    python step.py FILE [--compile] [--seconds 8]

prints one line of JSON. FILE is what BenchmarkStep of imagenet/train writes: weights and inputs of a first step, and what ours
measured in it, to which this one is held. It is the official step: no gradient of data and second batch, then a loss for each group of
features, one after the other, clipping, AdamW and a moving average. What is compiled: the generator, the encoder, the loss of a
group.
"""

import json
import sys

import torch
from safetensors import safe_open

import dit
import mae
import transport
from measure import options, rate, tell, torch_on_all_cores

TOLERANCE = 1e-4  # relative, of loss, gradient norm, scales and mean V² in float32


class Step:
    def __init__(self, path, compiled):
        with safe_open(path, "pt") as f:
            self.meta = json.loads(f.metadata()["step"])
            tensors = {name: f.get_tensor(name) for name in f.keys()}
        under = lambda prefix: {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
        self.input = under("input.")
        self.generator = generator(under("generator."))
        self.encoder = encoder(under("encoder."))
        weights = list(self.generator.parameters())
        self.average = [w.detach().clone() for w in weights]
        self.optimizer = torch.optim.AdamW(weights, self.meta["rate"], self.meta["betas"], weight_decay=self.meta["decay"], fused=True)
        self.weights, self.loss = weights, transport.loss
        if compiled:
            torch._dynamo.config.recompile_limit = 64  # there are some twenty shapes of features
            self.generator, self.encoder = torch.compile(self.generator), torch.compile(self.encoder)
            self.loss = torch.compile(self.loss, dynamic=False)

    def generate(self, noise, styles):
        """Images [classes · n, S, S, C]."""
        classes, n = noise.shape[:2]
        each = lambda x: x.repeat_interleave(n)
        return self.generator(noise.flatten(0, 1), each(self.input["labels"]), styles.flatten(0, 1), each(self.input["alpha"]))

    def features(self, images):
        """Features of images [classes · n, S, S, C], each [classes · vectors, n, channels]."""
        classes = len(self.input["labels"])
        list = self.encoder(images.permute(0, 3, 1, 2))
        return [f.unflatten(0, (classes, -1)).transpose(1, 2).flatten(0, 1) for f in list]

    def __call__(self):
        """Takes a step and returns its loss, the norm of its gradient, and the scales and mean V² of all groups."""
        i = self.input
        with torch.no_grad():
            second = self.features(self.generate(i["second_noise"], i["second_styles"]))
            real = i["real"].shape[1]
            given = self.features(torch.cat([i["real"], i["unconditional"]], 1).flatten(0, 1))
        moving = self.features(self.generate(i["noise"], i["styles"]))
        parts, (r,) = [], self.meta["R"]
        for x, other, fixed in zip(moving, second, given):
            weight = (i["alpha"] - 1).repeat_interleave(len(x) // len(i["alpha"])).view(-1, 1, 1)
            parts.append(self.loss(x, other, fixed[:, :real], r, fixed[:, real:], weight))
        loss = sum(part[0] for part in parts) / len(parts)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.weights, self.meta["clip"])
        self.optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(self.average, self.weights, 1 - self.meta["average"])
        return loss.item(), norm.item(), [part[1].item() for part in parts], [part[2].item() for part in parts]


def generator(weights):
    """The generator whose parameters have these official names and numbers."""
    weights = {name.removeprefix("model.").replace(".linear.", "."): t for name, t in weights.items()}
    weights = {name.replace("final_layer.weight", "final_layer.linear.weight").replace("final_layer.bias", "final_layer.linear.bias"): t
               for name, t in weights.items()}
    count = lambda prefix: len({name.split(".")[1] for name in weights if name.startswith(prefix)})
    width, head = weights["cls_embed"].shape[2], len(weights["blocks.0.attn.q_norm.weight"])
    side = round(weights["pos_embed"].shape[1] ** 0.5)
    network = dit.Generator(size=2 * side, width=width, depth=count("blocks."), heads=width // head, inner=len(weights["blocks.0.mlp.w1.weight"]),
                            classes=len(weights["class_embed.weight"]), codebooks=count("noise_embeds."),
                            entries=len(weights["noise_embeds.0.weight"]), context=weights["cls_embed"].shape[1])
    network.load_state_dict(weights)
    return network


def encoder(weights):
    """The frozen encoder whose parameters have these official names and numbers."""
    network = mae.Encoder(len(weights["conv1.weight"]))
    network.load_state_dict(weights)
    return network.requires_grad_(False)


def misfit(measured, ours):
    """The largest relative difference to what our first step measured."""
    loss, norm, scale, square = measured
    names = {name: i for i, name in enumerate(ours["Features"])}
    order = [names[name] for name in feature_names() if name in names]
    assert len(order) == len(names) == len(scale)
    pairs = [(loss, ours["Loss"]), (norm, ours["GradientNorm"])]
    pairs += zip(scale, (ours["Scale"][i] for i in order))
    pairs += zip(square, (ours["MeanSquare"][0][i] for i in order))
    return max(abs(a - b) / abs(b) for a, b in pairs)


def feature_names():
    """The official names of the features, in the order of mae.Encoder; small maps have no squares of 4."""
    maps = ["conv1", "layer1", "layer2", "layer3", "layer4"]
    maps += [f"layer{stage}_blk{k}" for stage, blocks in enumerate((3, 4, 6, 3), 1) for k in range(2, blocks + 1, 2)]
    return ["global", "norm_x"] + [m + suffix for m in maps for suffix in ("", "_mean", "_std", "_mean_2", "_mean_4", "_std_2", "_std_4")]


def main():
    args = options(__doc__, ("file", {}))
    torch_on_all_cores()
    step = Step(args.file, args.compile)
    off = misfit(step(), step.meta["measure"])
    if not off <= TOLERANCE:
        sys.exit(f"the first step is off ours by {off:.1e}, want at most {TOLERANCE:.0e}")
    tell(torch, rate(step, args.seconds), off=off)


if __name__ == "__main__":
    main()
