"""Writes the small weight files beside it, each with the library that such files come from, and truth.json with what is
in them. Python 3.11 with torch 2.15.0, numpy 2.4.6, jax 0.10.2, flax 0.12.0, msgpack 1.1.1, safetensors 0.6.2."""
import collections
import json
import pathlib

import flax.serialization
import jax.numpy as jnp
import numpy as np
import safetensors.torch
import torch

here = pathlib.Path(__file__).parent
random = np.random.default_rng(5)
torch.manual_seed(5)
truth = {}
names = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
         torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
         torch.uint16: "U16", torch.uint32: "U32", torch.uint64: "U64"}


def normal(*shape):
    return torch.from_numpy(random.standard_normal(shape).astype(np.float32))


def known(file, name, tensor):
    """Notes what a file holds under a name; the numbers as Python prints them, exactly."""
    if not torch.is_tensor(tensor):
        a = np.asarray(tensor)
        tensor = torch.from_numpy(a.astype(np.float32)).bfloat16() if a.dtype.name == "bfloat16" else torch.from_numpy(a.copy())
    numbers = " ".join(repr(float(x)) for x in tensor.detach().double().reshape(-1).tolist())
    truth.setdefault(file, {})[name] = {"type": names[tensor.dtype], "shape": list(tensor.shape), "numbers": numbers}


def every_type():
    x = normal(2, 3) * 3
    x[0, 0], x[0, 1], x[1, 2] = float("inf"), float("-inf"), 1e-7
    small = torch.tensor([[0, 1, 100], [5, 7, 127]])
    return {"f64": x.double() / 3, "f32": x, "f16": x.half(), "bf16": x.bfloat16(), "i64": small * -2**40, "i32": (small * -2**20).int(),
            "i16": (small * -200).short(), "i8": (small - 100).char(), "u8": (small * 2).byte(), "bool": small > 3}


# PyTorch: all types, and every way in which a tensor may lie in its storage.
types = every_type()
a = normal(4, 6)
image = normal(2, 3, 4, 5)
lies = {"whole": a, "transposed": a.t(), "columns": a[:, 1:4], "rows": a[::2], "sparse": a[1::2, 1::3], "one": a[3, 5],
        "channels_last": image.contiguous(memory_format=torch.channels_last), "permuted": image.permute(3, 0, 2, 1)[1:, :, ::2],
        "scalar": torch.tensor(2.5), "empty": torch.zeros(0, 3), "thin": normal(5, 1, 1)[:, :, :],
        "parameter": torch.nn.Parameter(normal(3))}
module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
tree = {"types": types, "lies": lies, "list": [normal(2), {"inner": normal(1, 2)}], "module": module.state_dict(),
        "step": 30000, "rate": 0.5, "kind": "small", "flag": True, "none": None, "big": -2**62, "bigger": 2**70, "betas": (0.9, 0.95)}
torch.save(tree, here / "types.pt")
torch.save(tree, here / "types_protocol4.pt", pickle_protocol=4)
torch.save(lies, here / "old.pt", _use_new_zipfile_serialization=False)
torch.save(a, here / "single.pt")
known("single.pt", "single", a)
for file in "types.pt", "types_protocol4.pt":
    for k, v in types.items():
        known(file, "types." + k, v)
    for k, v in lies.items():
        known(file, "lies." + k, v)
    for k, v in module.state_dict().items():
        known(file, "module." + k, v)
    known(file, "list.0", tree["list"][0])
    known(file, "list.1.inner", tree["list"][1]["inner"])

# A state as W-Flow's trainer writes it, of a compiled network, after a step of its optimiser.
net = torch.nn.ModuleDict({"embed": torch.nn.Embedding(3, 4), "model": torch.nn.ModuleDict({"head": torch.nn.Linear(4, 2)})})
optimizer = torch.optim.AdamW(net.parameters(), lr=4e-4, betas=(0.9, 0.95))
net["model"]["head"](net["embed"](torch.tensor([0, 2]))).square().sum().backward()
ema = {k: v.clone() for k, v in net.state_dict().items()}
optimizer.step()
state = {"step": 7, "model": collections.OrderedDict(("_orig_mod." + k, v) for k, v in net.state_dict().items()),
         "ema_model": collections.OrderedDict((k.replace("model.head", "model._orig_mod.head"), v) for k, v in ema.items()),
         "optimizer": optimizer.state_dict(), "ema_decay": 0.999}
torch.save(state, here / "state_00000007.pt")
for k, v in ema.items():
    known("state_00000007.pt/view", k, v)

# safetensors
wide = {"u16": np.array([0, 65535], np.uint16), "u32": np.array([7, 2**32 - 1], np.uint32), "u64": np.array([7, 2**63], np.uint64)}
both = types | {k: torch.from_numpy(v) for k, v in wide.items()} | {"scalar": torch.tensor(2.5), "empty": torch.zeros(0, 3)}
safetensors.torch.save_file(both, here / "types.safetensors", metadata={"step": "12", "ε": "0.05"})
for k, v in both.items():
    known("types.safetensors", k, v)

# The attention of AutoencoderKL, by its new and its old names; the official shapes are the new ones.
attention = {f"encoder.mid_block.attentions.0.{part}.{leaf}": normal(4, 4) if leaf == "weight" else normal(4)
             for part in ("to_q", "to_k", "to_v", "to_out.0") for leaf in ("weight", "bias")}
attention |= {"encoder.mid_block.attentions.0.group_norm.weight": normal(4), "encoder.conv_in.weight": normal(4, 3, 3, 3)}
safetensors.torch.save_file(attention, here / "vae_new.safetensors")
renamed = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
old, conv = {}, {}
for k, v in attention.items():
    for new, before in renamed.items():
        k = k.replace(new, before)
    old[k] = v
    conv[k] = v[:, :, None, None] if v.ndim == 2 else v
safetensors.torch.save_file(old, here / "vae_old.safetensors")
torch.save(conv, here / "vae_old.bin")
for file in "vae_new.safetensors", "vae_old.safetensors", "vae_old.bin":
    for k, v in attention.items():
        known(file + "/view", k, v)

# numpy
arrays = {k: v.numpy() for k, v in types.items() if k != "bf16"} | wide
arrays |= {"fortran": np.asfortranarray(image.numpy()), "scalar": np.float64(2.5), "empty": np.zeros((0, 3), np.float32)}
np.savez(here / "types.npz", **arrays)
np.savez_compressed(here / "types_deflated.npz", **arrays)
np.save(here / "c.npy", image.numpy())
np.save(here / "f.npy", np.asfortranarray(image.numpy()))
known("c.npy", "c", image)
known("f.npy", "f", image)
for file in "types.npz", "types_deflated.npz":
    for k, v in arrays.items():
        known(file, k, v)

# Flax: all types, arrays in chunks of 40 bytes, scalars.
leaves = {k: jnp.asarray(v.float().numpy()).astype(jnp.bfloat16) if k == "bf16" else v.numpy() for k, v in types.items()} | wide
flax_tree = {"params": {"types": leaves, "list": {"0": np.float32(1.5)}, "empty": np.zeros((0, 3), np.float32)},
             "step": 30000, "negative": -5, "rate": 0.5, "kind": "small", "flag": True, "none": None}
for k, v in leaves.items():
    known("types.msgpack", "params.types." + k, v)
known("types.msgpack", "params.list.0", np.float32(1.5))
known("types.msgpack", "params.empty", np.zeros((0, 3), np.float32))
(here / "types.msgpack").write_bytes(flax.serialization.msgpack_serialize(flax_tree))
flax.serialization.MAX_CHUNK_SIZE = 40
(here / "chunks.msgpack").write_bytes(flax.serialization.msgpack_serialize({"a": a.numpy(), "b": np.arange(3, dtype=np.int8)}))
flax.serialization.MAX_CHUNK_SIZE = 2**30
known("chunks.msgpack", "a", a)
known("chunks.msgpack", "b", np.arange(3, dtype=np.int8))

# A few parameters of Drifting's encoder, in Flax's layout; the official ones are PyTorch's.
conv1, proj, dense, scale = (random.standard_normal(s).astype(np.float32) for s in ((3, 3, 4, 6), (1, 1, 6, 12), (12, 5), (6,)))
(here / "ema_params.msgpack").write_bytes(flax.serialization.msgpack_serialize(
    {"encoder": {"conv1": {"kernel": conv1}, "gn1": {"scale": scale, "bias": -scale},
                 "stages_1": {"layers_0": {"proj_conv": {"kernel": proj}}}}, "fc": {"kernel": dense, "bias": dense[0]}}))
(here / "metadata.json").write_text(json.dumps({"schema_version": 1, "kind": "mae", "backend": "jax",
                                                "model_config": {"base_channels": 6, "layers": [3, 4, 6, 3]}}))
for k, v in {"encoder.conv1.weight": conv1.transpose(3, 2, 0, 1), "encoder.gn1.weight": scale, "encoder.gn1.bias": -scale,
             "encoder.stages.1.0.proj_conv.weight": proj.transpose(3, 2, 0, 1), "fc.weight": dense.T, "fc.bias": dense[0]}.items():
    known("ema_params.msgpack/view", k, v)

(here / "truth.json").write_text(json.dumps(truth, indent=0))
