"""Writes the files under odd/: what people save besides plain tensors, each file by the library that it comes from, and
odd.json with what is in them. Python 3.11 with torch 2.15.0, numpy 2.4.6, safetensors 0.6.2."""
import argparse
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import io
import json
import pathlib
import pickle
import re
import struct
import tarfile
import types
import uuid
import zipfile

import numpy as np
import torch

here = pathlib.Path(__file__).parent / "odd"
here.mkdir(exist_ok=True)
torch.manual_seed(7)
random = np.random.default_rng(7)
truth = {}
names = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64", torch.int32: "I32",
         torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL", torch.uint16: "U16", torch.uint32: "U32", torch.uint64: "U64"}


def known(file, tensors=None, left=None, meta=None, refused=None):
    """Notes what a file holds: tensors; what is left out, by key and a part of what is said of it; metadata; and tensors
    that are listed and not read, by name, type and shape."""
    said = {}
    for name, x in (tensors or {}).items():
        x = torch.as_tensor(np.ascontiguousarray(x).astype(x.dtype.newbyteorder("="))) if isinstance(x, np.ndarray) else x.detach()
        said[name] = {"type": names[x.dtype], "shape": list(x.shape), "numbers": " ".join(repr(float(v)) for v in x.double().reshape(-1).tolist())}
    truth[file] = {"tensors": said, "left": left or {}, "meta": meta or {}, "refused": refused or {}}


class Color(enum.Enum):
    RED = 1


class Bits(enum.Flag):
    A = 1
    B = 2


@dataclasses.dataclass
class Config:
    width: int
    rate: float
    inner: object = None


@dataclasses.dataclass(slots=True)
class Slots:
    width: int


class Tight:
    __slots__ = ("a", "b")


class Attributes(dict):
    """As Lightning's AttributeDict and EasyDict."""


class Listed(list):
    pass


class Stated:
    def __getstate__(self):
        return (1, [2, 3])

    def __setstate__(self, state):
        pass


class Reduced:
    def __reduce__(self):
        return Reduced, (), {"a": 1.5}, iter([1, 2]), iter([("k", 3)])

    def append(self, x):
        pass

    def extend(self, x):
        pass

    def __setitem__(self, k, v):
        pass


class Keyworded:
    def __new__(cls, *, a=0):
        return super().__new__(cls)

    def __getnewargs_ex__(self):
        return (), {"a": 1}


Point = collections.namedtuple("Point", "x y")


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2), torch.nn.ReLU())
        self.heads = torch.nn.ModuleDict({"a": torch.nn.Linear(2, 1, bias=False)})
        self.alone = torch.nn.Parameter(torch.randn(2))
        self.many = torch.nn.ParameterList([torch.nn.Parameter(torch.randn(1)) for _ in range(2)])
        self.register_buffer("kept", torch.randn(2))
        self.register_buffer("transient", torch.randn(2), persistent=False)
        self.rate, self.device = 0.5, torch.device("cpu")
        self.tied = self.body[0]
        self.body[0].register_forward_hook(hook)


def hook(*_):
    pass


class Scaled(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight_norm = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(3, 2))


class Sub(torch.Tensor):
    pass


class Callback:
    def __init__(self, trainer):
        self.trainer, self.monitor, self.best = trainer, "loss", torch.tensor(0.25)


class Trainer:
    def __init__(self):
        self.callbacks = [Callback(self), Callback(self)]
        self.epoch = 3


# One of everything, in every protocol. Numbers are read from what stands in it, and it is listed by its class.
w = torch.randn(2, 3)
box = Tight()
box.a, box.b = 4, torch.device("cpu")
things = {
    "namespace": argparse.Namespace(lr=1e-4, seed=0, nested=argparse.Namespace(depth=12)), "simple": types.SimpleNamespace(a=1),
    "size": w.shape, "device": torch.device("cuda:1"), "dtype": torch.bfloat16, "layout": torch.strided, "format": torch.channels_last,
    "path": pathlib.PurePosixPath("/data/imagenet"), "set": {1, 2}, "frozenset": frozenset({3}), "empty_set": set(), "bytes": b"\x00\xff\x80", "empty_bytes": b"",
    "bytearray": bytearray(b"ab"), "complex": 1 + 2j, "enum": Color.RED, "flag": Bits.A | Bits.B, "dataclass": Config(768, 0.5, Config(1, 2.0)),
    "slots": Slots(4), "tight": box, "defaultdict": collections.defaultdict(list, {"a": 1}), "counter": collections.Counter("aab"),
    "deque": collections.deque([1, 2], maxlen=5), "namedtuple": Point(1, 2.5), "attributes": Attributes(lr=0.25), "listed": Listed([1, 2]),
    "stated": Stated(), "reduced": Reduced(), "keyworded": Keyworded(), "slice": slice(1, 2), "range": range(3), "date": datetime.datetime(2024, 1, 2, 3),
    "delta": datetime.timedelta(seconds=5), "zone": datetime.timezone.utc, "decimal": decimal.Decimal("1.5"), "fraction": fractions.Fraction(1, 3), "uuid": uuid.UUID(int=5),
    "pattern": re.compile("a+"), "partial": functools.partial(torch.nn.functional.gelu, approximate="tanh"), "function": torch.nn.functional.relu,
    "class": torch.nn.Linear, "none_type": type(None), "ellipsis": ..., "method": "abc".upper, "ordered": collections.OrderedDict(a=1),
    "generator": torch.Generator().get_state()[:3], "linear": torch.optim.lr_scheduler.LambdaLR(torch.optim.SGD([torch.nn.Parameter(w.clone())], 0.1), float).state_dict(),
}
classes = {"namespace": "argparse.Namespace", "namespace.nested": "argparse.Namespace", "simple": "types.SimpleNamespace", "size": "torch.Size([2 3])",
           "device": "torch.device", "dtype": "torch.bfloat16", "layout": "torch.strided", "format": "torch.channels_last", "path": "PurePosixPath",
           "set": "set(1 2)", "frozenset": "frozenset(3)", "empty_set": "set", "bytes": "bytes of length 3", "empty_bytes": "bytes of length 0", "bytearray": "bytearray",
           "complex": "complex(1 2)", "enum": "__main__.Color(1)", "flag": "__main__.Bits(3)", "dataclass": "__main__.Config", "dataclass.inner": "__main__.Config",
           "slots": "__main__.Slots", "tight": "__main__.Tight", "tight.b": "torch.device", "defaultdict": "collections.defaultdict(list)",
           "counter": "collections.Counter", "deque": "collections.deque", "namedtuple": "__main__.Point(1 2.5)", "attributes": "__main__.Attributes",
           "listed": "__main__.Listed", "stated": "__main__.Stated", "reduced": "__main__.Reduced", "keyworded": "__main__.Keyworded", "slice": "slice(1 2",
           "range": "range(0 3 1)", "date": "datetime.datetime", "delta": "datetime.timedelta", "zone": "datetime.timezone", "decimal": 'decimal.Decimal("1.5")',
           "fraction": "fractions.Fraction", "uuid": "uuid.UUID", "pattern": 're._compile("a+"', "partial": "functools.partial",
           "function": "torch.nn.functional.relu", "class": "torch.nn.modules.linear.Linear", "none_type": "type", "ellipsis": "Ellipsis", "method": "getattr"}
numbers = {"namespace.lr": "0.0001", "namespace.seed": "0", "namespace.nested.depth": "12", "simple.a": "1", "dataclass.width": "768", "dataclass.inner.rate": "2",
           "tight.a": "4", "defaultdict.a": "1", "attributes.lr": "0.25", "reduced.a": "1.5", "reduced.k": "3", "ordered.a": "1", "linear.last_epoch": "0"}


def pickled(value, protocol):
    """Whether Python can write a thing in a protocol."""
    try:
        torch.save(value, io.BytesIO(), pickle_protocol=protocol)
    except Exception:
        return False
    return True


for protocol in 5, 4, 3, 2, 1:
    there = {k: v for k, v in things.items() if pickled(v, protocol)}
    torch.save({"w": w, **there, "after": w.t()}, here / f"things{protocol}.pt", pickle_protocol=protocol)
    only = lambda d: {k: v for k, v in d.items() if k.split(".")[0] in there}
    classes["keyworded"] = "functools.partial" if protocol in (2, 3) else "__main__.Keyworded"  # a partial of the class is called
    known(f"things{protocol}.pt", {"w": w, "after": w.t(), "generator": things["generator"]}, only(classes), only(numbers))

# Keys that are no text.
torch.save({1: w, 0.5: 1, False: 2, None: 3, (1, "a"): 4, b"raw": 5, Color.RED: 6, frozenset({1}): 7, "": 8, torch.float16: w}, here / "keys.pt")
known("keys.pt", {"1": w, "torch.float16": w}, meta={"0.5": "1", "false": "2", "none": "3", "[1 a]": "4", "raw": "5", "key6": "6", "key7": "7", "": "8"})

# NumPy's numbers and arrays.
arrays = {"f8": np.float64(0.1), "f4": np.float32(0.5), "f2": np.float16(1.5), "i8": np.int64(-7), "u8": np.uint64(2**64 - 1), "i1": np.int8(-3), "b": np.bool_(True),
          "short": np.arange(3.0), "wide": np.array([[1, 2], [3, 4]], np.int16), "fortran": np.asfortranarray([[1.0, 2], [3, 4]]), "big": np.array([1.0, 2.0], ">f4"),
          "long": np.zeros(100), "empty": np.zeros((0, 3)), "text": np.array(["a", "bc"]), "objects": np.array([None, {}], object), "date": np.datetime64("2024-01-02"),
          "complex": np.complex64(1j), "records": np.zeros(2, [("a", "f4"), ("b", "i4")]), "str": np.str_("x"), "dtype": np.dtype("f4"),
          "masked": np.ma.masked_array([1.0, 2.0], [True, False]), "random": np.random.RandomState(3).get_state(), "generator": np.random.default_rng(3)}
for protocol in 2, 4, 5:
    torch.save({"w": w, **arrays}, here / f"numpy{protocol}.pt", pickle_protocol=protocol)
    known(f"numpy{protocol}.pt", {"w": w}, {"long": "numpy.ndarray of F64 [100]", "text": "numpy.ndarray", "objects": "numpy.ndarray", "date": "numpy", "complex": "numpy",
                                            "records": "numpy.ndarray", "dtype": "numpy.dtype", "masked": "MaskedArray", "random.1": "numpy.ndarray", "generator": "numpy.random._pickle"},
          {"f8": "0.1", "f4": "0.5", "f2": "1.5", "i8": "-7", "u8": str(2**64 - 1), "i1": "-3", "b": "true", "short": "[0 1 2]", "wide": "[1 2 3 4]", "fortran": "[1 2 3 4]",
           "big": "[1 2]", "empty": "[]"})

# Whole modules: what their state_dict has, by its names; at the root and inside.
net = Net()
for file, saved, prefix in ("module.pt", net, ""), ("module_inside.pt", {"net": net, "epoch": 3}, "net."):
    torch.save(saved, here / file)
    known(file, {prefix + k: v for k, v in net.state_dict().items()}, {"module" if prefix == "" else "net": "__main__.Net"}, {"epoch": "3"} if prefix else {})
parallel = torch.nn.DataParallel(torch.nn.Linear(3, 2))
torch.save(parallel, here / "parallel.pt")
known("parallel.pt", dict(parallel.state_dict()), {"parallel": "torch.nn.parallel.data_parallel.DataParallel"})
recurrent = torch.nn.LSTM(2, 3)
attention = torch.nn.TransformerEncoderLayer(4, 2, 8)
torch.save([recurrent, attention, torch.nn.utils.spectral_norm(torch.nn.Linear(2, 3))], here / "modules.pt")
known("modules.pt", {"0." + k: v for k, v in recurrent.state_dict().items()} | {"1." + k: v for k, v in attention.state_dict().items()} |
      {"2." + k: v for k, v in torch.load(here / "modules.pt", weights_only=False)[2].state_dict().items()},
      {"0": "torch.nn.modules.rnn.LSTM", "1": "torch.nn.modules.transformer.TransformerEncoderLayer", "2": "torch.nn.modules.linear.Linear"})
traced = torch.fx.symbolic_trace(torch.nn.Sequential(torch.nn.Linear(2, 3)))
torch.save({"graph": traced}, here / "fx.pt")
known("fx.pt", {"graph.0." + k: v for k, v in traced.state_dict().items()}, {"graph": "torch.fx.graph_module.reduce_graph_module"})

# A training state as Lightning writes it, and objects that hold each other.
optimizer = torch.optim.AdamW(net.parameters(), lr=4e-4)
net.body(torch.randn(4, 3)).sum().backward()
optimizer.step()
torch.save({"epoch": 3, "global_step": 12, "pytorch-lightning_version": "2.5.0", "state_dict": net.state_dict(), "optimizer_states": [optimizer.state_dict()],
            "lr_schedulers": [], "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": {"total": {"ready": 4}}}},
            "callbacks": {"ModelCheckpoint{'monitor': 'loss'}": {"best_model_score": torch.tensor(0.25), "dirpath": pathlib.PurePosixPath("/a"), "kth_value": torch.tensor(1.5)}},
            "hparams_name": "kwargs", "hyper_parameters": Attributes(lr=4e-4, betas=(0.9, 0.95), optimizer=torch.optim.AdamW)}, here / "lightning.ckpt")
known("lightning.ckpt", {"state_dict." + k: v for k, v in net.state_dict().items()} | {
    "callbacks.ModelCheckpoint{'monitor': 'loss'}.best_model_score": torch.tensor(0.25), "callbacks.ModelCheckpoint{'monitor': 'loss'}.kth_value": torch.tensor(1.5)} | {
    f"optimizer_states.0.state.{i}.{k}": v for i, s in optimizer.state_dict()["state"].items() for k, v in s.items()},
      {"hyper_parameters": "__main__.Attributes", "hyper_parameters.optimizer": "torch.optim.adamw.AdamW", "callbacks.ModelCheckpoint{'monitor': 'loss'}.dirpath": "PurePosixPath"},
      {"hyper_parameters.lr": "0.0004", "hyper_parameters.betas": "[0.9 0.95]", "epoch": "3", "loops.fit_loop.epoch_progress.total.ready": "4"})
loop = {"w": w, "trainer": Trainer()}
loop["self"] = loop
torch.save(loop, here / "cycles.pt")
known("cycles.pt", {"w": w, "trainer.callbacks.0.best": torch.tensor(0.25), "trainer.callbacks.1.best": torch.tensor(0.25)},
      {"trainer": "__main__.Trainer", "trainer.callbacks.0": "__main__.Callback", "trainer.callbacks.0.trainer": "__main__.Trainer", "self": "dict"},
      {"trainer.epoch": "3", "trainer.callbacks.1.monitor": "loss"})
whole = torch.optim.AdamW(torch.nn.Linear(3, 2).parameters())
torch.save({"w": w, "optimizer": whole}, here / "optimizer.pt")
known("optimizer.pt", {"w": w, "optimizer.param_groups.0.params.0": whole.param_groups[0]["params"][0], "optimizer.param_groups.0.params.1": whole.param_groups[0]["params"][1]},
      {"optimizer": "torch.optim.adamw.AdamW"}, {"optimizer.param_groups.0.lr": "0.001"})

# Tensors of every kind: those that overlap are read, those that are no plain numbers are listed with the reason.
attributed = torch.nn.Parameter(w.clone())
attributed.note, attributed.mask = "kept", torch.ones(2)
base = torch.arange(12.0).reshape(3, 4)
kinds = {"w": w, "expanded": base[:1].expand(3, 4), "row": torch.arange(4.0).expand(5, 3, 4), "one": torch.tensor(2.5).expand(2, 3), "window": torch.arange(6.0).unfold(0, 3, 1),
         "lattice": torch.as_strided(torch.arange(8.0), (2, 3), (2, 2)), "attributed": attributed, "sub": w.clone().as_subclass(Sub), "buffer": torch.nn.Buffer(w.clone()),
         "u16": torch.arange(3).to(torch.uint16), "u64": torch.tensor([2**63 - 1]).to(torch.uint64), "frozen": torch.nn.Parameter(w.clone(), requires_grad=False)}
odd = {"f8": w.to(torch.float8_e4m3fn), "f8b": w.to(torch.float8_e5m2), "e8": w.to(torch.float8_e8m0fnu), "c64": torch.complex(w, w), "c128": torch.complex(w, w).to(torch.complex128),
       "quantised": torch.quantize_per_tensor(w, 0.1, 2, torch.qint8), "channels": torch.quantize_per_channel(w, torch.tensor([0.1, 0.2]), torch.tensor([0, 0]), 0, torch.quint8),
       "negated": torch._neg_view(w), "conjugated": torch.complex(w, w).conj()}
gone = {"coo": torch.eye(3).to_sparse(), "csr": torch.eye(3).to_sparse_csr(), "nested": torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
        "jagged": torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged), "meta": torch.empty(2, 3, device="meta"), "storage": w.clone().untyped_storage(),
        "typed": torch.storage.TypedStorage(wrap_storage=w.clone().untyped_storage(), dtype=torch.float32, _internal=True),
        "lazy": torch.nn.LazyLinear(3).weight}
torch.save({**kinds, **odd, **gone}, here / "tensors.pt")
known("tensors.pt", {k: v if k != "sub" else w for k, v in kinds.items()},
      {"coo": "a sparse tensor", "csr": "a sparse tensor", "nested": "a nested tensor", "jagged": "NestedTensor", "meta": "meta", "storage": "a storage", "typed": "a storage", "lazy": "",
       "f8": "F8_E4M3 [2 3]", "negated": "F32 [2 3]"},
      refused={"f8": ["F8_E4M3", [2, 3]], "f8b": ["F8_E5M2", [2, 3]], "e8": ["F8_E8M0", [2, 3]], "c64": ["C64", [2, 3]], "c128": ["C128", [2, 3]], "quantised": ["QINT8", [2, 3]],
               "channels": ["QUINT8", [2, 3]], "negated": ["F32", [2, 3]], "conjugated": ["C64", [2, 3]]})

# Files without checksums, and of a big-endian machine.
torch.serialization.set_crc32_options(False)
torch.save({"w": w}, here / "unchecked.pt")
torch.serialization.set_crc32_options(True)
known("unchecked.pt", {"w": w})
data = pathlib.Path(here / "big.pt")
members = {}
torch.save({"w": w, "h": w.half(), "t": w.t()}, data)
with zipfile.ZipFile(data) as z:
    members = {n: z.read(n) for n in z.namelist()}
with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as z:
    for n, b in members.items():
        if n.endswith("/byteorder"):
            b = b"big"
        elif "/data/" in n:
            width = 4 if len(b) == w.numel() * 4 else 2
            b = np.frombuffer(b, f"<u{width}").astype(f">u{width}").tobytes()
        z.writestr(zipfile.ZipInfo(n), b)
known("big.pt", {"w": w, "h": w.half(), "t": w.t()})

# Files from before PyTorch 1.6, in every protocol of pickles; a tar as PyTorch 0.1 wrote it; pickles by themselves; cut zips.
for protocol in range(2, 6):
    torch.save({"w": w}, here / f"before{protocol}.pt", pickle_protocol=protocol, _use_new_zipfile_serialization=False)
for protocol in 0, 1:  # of which PyTorch writes the beginning only: a tensor stands in them by a tuple
    text = b"".join(pickle.dumps(x, protocol=protocol) for x in (0x1950a86a20f9469cfc6c, 1001, {"protocol_version": 1001, "little_endian": True}))
    (here / f"before{protocol}.pt").write_bytes(text)
    (here / f"alone{protocol}.pkl").write_bytes(pickle.dumps({"w": w.numpy()}, protocol=protocol))
(here / "alone4.pkl").write_bytes(pickle.dumps({"w": w.numpy()}, protocol=4))
with tarfile.open(here / "tar.pt", "w:", format=tarfile.PAX_FORMAT) as tar:
    for name in "sys_info", "pickle", "tensors", "storages":
        info = tarfile.TarInfo(name)
        info.size = 4
        tar.addfile(info, io.BytesIO(b"\x80\x02N."))
torch.jit.save(torch.jit.script(torch.nn.Linear(2, 1)), here / "script.pt")
(here / "cut.pt").write_bytes((here / "unchecked.pt").read_bytes()[:900])
torch.save({"w": torch.zeros(600)}, here / "hole.pt")
whole_file = (here / "hole.pt").read_bytes()
(here / "hole.pt").write_bytes(whole_file[:700] + whole_file[1700:])

# NumPy: members of every kind beside mu and sigma.
mu, sigma = random.standard_normal(8), random.standard_normal((4, 4))
members = {"mu": mu, "sigma": sigma, "names": np.array(["tench", "goldfish"]), "raw": np.array([b"ab"]), "objects": np.array([None, {}], object),
           "records": np.zeros(2, [("a", "f4"), ("b", "i4")]), "bigend": np.array([1.5, -2.0], ">f8"), "bigint": np.array([[1, -2]], ">i2"), "complex": np.array([1j]),
           "dates": np.array(["2024-01-02"], "M8[D]"), "longer": np.zeros(2, np.longdouble), "void": np.zeros(2, "V2"), "half": np.float16([1.5]), "flag": np.array([True])}
np.savez(here / "members.npz", **members)
with zipfile.ZipFile(here / "members.npz", "a") as z:
    z.writestr("README.txt", "fid statistics")
    z.writestr("broken.npy", b"\x93NUMPY\x01\x00v\x00{'descr'")
    z.writestr("version.npy", b"\x93NUMPY\x09\x00v\x00{'descr'")
known("members.npz", {k: members[k] for k in ("mu", "sigma", "bigend", "bigint", "half", "flag")},
      {"names": "<U8 [2]", "raw": "|S2 [1]", "objects": "|O [2]", "records": "an array", "complex": "<c16 [1]", "dates": "<M8[D] [1]", "longer": "<f16 [2]", "void": "|V2 [2]",
       "README.txt": "a file", "broken": "an array", "version": "an array"})

# safetensors: types that there are beside those that are read, and one of the future.
header, body = {"f": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, struct.pack("<2f", 1.5, -2)
for dtype, shape, n in ("F8_E4M3", [4], 4), ("F8_E5M2", [2, 2], 4), ("F8_E8M0", [4], 4), ("F4", [2, 4], 4), ("F6_E2M3", [4], 3), ("F6_E3M2", [8], 6), ("C64", [2], 16), ("Q3_K", [7], 5):
    header[dtype.lower()] = {"dtype": dtype, "shape": shape, "data_offsets": [len(body), len(body) + n]}
    body += bytes(n)
text = json.dumps(header).encode()
(here / "small_types.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + body)
known("small_types.safetensors", {"f": torch.tensor([1.5, -2])}, {k: f'{v["dtype"]} {v["shape"]}'.replace(",", "") for k, v in header.items() if k != "f"},
      refused={k: [v["dtype"], v["shape"]] for k, v in header.items() if k != "f"})

# Shards, and an index that names them.
import safetensors.torch
for folder in "sharded", "sharded_bin":
    (here / folder).mkdir(exist_ok=True)
first, second = {"a": torch.randn(2, 3), "b": torch.randn(2)}, {"c": torch.randn(3, 1), "b": torch.zeros(2)}
safetensors.torch.save_file(first, here / "sharded/model-00001-of-00002.safetensors", metadata={"format": "pt"})
safetensors.torch.save_file(second, here / "sharded/model-00002-of-00002.safetensors", metadata={"format": "pt"})
index = {"metadata": {"total_size": 44}, "weight_map": {k: f"model-0000{i}-of-00002.safetensors" for k, i in (("a", 1), ("b", 1), ("c", 2))}}
(here / "sharded/model.safetensors.index.json").write_text(json.dumps(index, indent=2))
torch.save(first, here / "sharded_bin/pytorch_model-00001-of-00002.bin")
torch.save({"c": second["c"]}, here / "sharded_bin/pytorch_model-00002-of-00002.bin")
index["weight_map"] = {k: v.replace("model-", "pytorch_model-").replace("safetensors", "bin") for k, v in index["weight_map"].items()}
(here / "sharded_bin/pytorch_model.bin.index.json").write_text(json.dumps(index))
for file in "sharded/model.safetensors.index.json", "sharded_bin/pytorch_model.bin.index.json":
    known(file, first | {"c": second["c"]}, meta={"total_size": "44"})

(here.parent / "odd.json").write_text(json.dumps(truth, indent=0))
