"""What is compared: the rows of ../BENCHMARKS.md."""

from dataclasses import dataclass

PYTORCH = ("PyTorch", "PyTorch compiled")
LIBRARIES = ("JAX", *PYTORCH)


@dataclass(frozen=True)
class Work:
    what: str
    unit: str  # of which more a second is better
    goal: float | None  # ours over the fastest of the others
    package: str  # of ours, and its benchmark
    benchmark: str
    script: list  # PyTorch's, with its arguments
    jax: list = ()  # JAX's, if it takes part

    def commands(self):
        """The script of each library with its arguments, by library."""
        commands = {"PyTorch": self.script, "PyTorch compiled": [*self.script, "--compile"]}
        return {"JAX": self.jax, **commands} if self.jax else commands


STEP = "step.safetensors"  # what the training step starts from: ours writes it, PyTorch reads it

WORK = [
    Work("matrix product [1088, 768] × [768, 2048], of which the networks are made", "GFLOP", None, "imagenet/dit", "BenchmarkProduct$", ["product.py", "torch"], ["product.py", "jax"]),
    Work("generator B/2, 4 latents a pass", "images", 1.5, "imagenet/dit", "BenchmarkGenerate$", ["dit.py"]),
    Work("encoder of width 256 with its 86 groups of features, 8 latents a pass", "images", 1.5, "imagenet/mae", "BenchmarkFeatures$", ["mae.py"]),
    Work("autoencoder, encoding 256 × 256 pixels, one image a pass", "images", 1.1, "imagenet/vae", "BenchmarkAutoencoder/encode$", ["vae.py", "encode"]),
    Work("autoencoder, decoding to 256 × 256 pixels, one image a pass", "images", 1.1, "imagenet/vae", "BenchmarkAutoencoder/decode$", ["vae.py", "decode"]),
    Work("Inception's features and logits, images of 256 × 256 pixels", "images", 1.2, "imagenet/fid", "BenchmarkSee$", ["inception.py"]),
    Work("training step of a reduced generator in features of a reduced encoder", "steps", 1.2, "imagenet/train", "BenchmarkStep$", ["step.py", STEP]),
    Work("training step of the plane's generator", "steps", 1.1, "wflow/onestep", "BenchmarkTrain$", ["onestep.py", "torch"], ["onestep.py", "jax"]),
]
