"""A training step of the plane's generator in JAX or PyTorch: steps a second.

    python onestep.py jax|torch [--compile] [--seconds 8]

prints one line of JSON. It is BenchmarkTrain of wflow/onestep: 4 hidden layers of 256, 256 particles in each of two batches, 256 data of
eight Gaussians, ten iterations at R = 0.05, AdamW on the clipped gradient, a moving average. Each draws by its own random generator, inside
the step. JAX is always compiled.
"""

import math

from measure import options, rate, tell, torch_on_all_cores

BATCH, WIDTH, DEPTH, ITERATIONS, R = 256, 256, 4, 10, 0.05
RATE, BETAS, CLIP, AVERAGE = 2e-3, (0.9, 0.95), 2.0, 0.999


def jax_step():
    """Returns a function that takes 20 steps and waits for them."""
    import jax
    import jax.numpy as jnp

    def network(weights, z):
        *hidden, last = weights
        for w, b in hidden:
            z = jax.nn.silu(z @ w + b)
        return z @ last[0] + last[1]

    def squared(x, y):
        return jnp.maximum((x * x).sum(1)[:, None] + (y * y).sum(1)[None] - 2 * x @ y.T, 0)

    def project(x, y, epsilon):
        k = -0.5 * squared(x, y) / epsilon
        v = jnp.zeros(len(y))
        for _ in range(ITERATIONS):
            u = -math.log(len(x)) - jax.nn.logsumexp(k + v[None], 1)
            v = -math.log(len(y)) - jax.nn.logsumexp(k + u[:, None], 0)
        return jax.nn.softmax(k + v[None], 1) @ y

    def loss(weights, noise, second, y):
        x = network(weights, noise)
        still, other = jax.lax.stop_gradient((x, network(weights, second)))
        scale = jnp.sqrt(jnp.concatenate([squared(still, a) for a in (still, other, y)], 1).mean())
        s = jnp.maximum(scale / math.sqrt(2), 1e-3)
        q = still / s
        v = project(q, y / s, 2 * R) - project(q, other / s, 2 * R)
        goal = jax.lax.stop_gradient(q + v / jnp.sqrt(jnp.maximum((v * v).mean(), 1e-8)))
        return ((x / s - goal) ** 2).mean()

    def adam(t, w, m, v):
        return w - RATE * (m / (1 - BETAS[0] ** t)) / (jnp.sqrt(v / (1 - BETAS[1] ** t)) + 1e-8)

    @jax.jit
    def step(weights, first, second, average, t, key):
        key, a, b, c, d = jax.random.split(key, 5)
        angle = jax.random.randint(c, (BATCH,), 0, 8) * (math.pi / 4)
        y = 2 * jnp.stack([jnp.cos(angle), jnp.sin(angle)], 1) + 0.1 * jax.random.normal(d, (BATCH, 2))
        gradient = jax.grad(loss)(weights, jax.random.normal(a, (BATCH, 2)), jax.random.normal(b, (BATCH, 2)), y)
        norm = jnp.sqrt(sum((g * g).sum() for g in jax.tree.leaves(gradient)))
        gradient = jax.tree.map(lambda g: g * jnp.minimum(1, CLIP / norm), gradient)
        mix = lambda share: lambda old, new: share * old + (1 - share) * new
        t = t + 1
        first = jax.tree.map(mix(BETAS[0]), first, gradient)
        second = jax.tree.map(mix(BETAS[1]), second, jax.tree.map(jnp.square, gradient))
        weights = jax.tree.map(lambda w, m, v: adam(t, w, m, v), weights, first, second)
        return weights, first, second, jax.tree.map(mix(AVERAGE), average, weights), t, key

    key, sizes = jax.random.key(0), [2] + [WIDTH] * DEPTH + [2]
    weights = [(jax.random.normal(k, (i, o)) / math.sqrt(i), jnp.zeros(o)) for k, i, o in zip(jax.random.split(key, DEPTH + 1), sizes, sizes[1:])]
    zero = jax.tree.map(jnp.zeros_like, weights)
    state = [weights, zero, zero, weights, jnp.float32(0), jax.random.key(1)]

    def some():
        nonlocal state
        for _ in range(STEPS):
            state = step(*state)
        jax.block_until_ready(state)
    return jax, some


def torch_step(compiled):
    """Returns a function that takes 20 steps."""
    torch_on_all_cores()
    import torch

    import transport

    hidden = [torch.nn.Sequential(torch.nn.Linear(2 if k == 0 else WIDTH, WIDTH), torch.nn.SiLU()) for k in range(DEPTH)]
    network, loss = torch.nn.Sequential(*hidden, torch.nn.Linear(WIDTH, 2)), transport.loss
    weights = list(network.parameters())
    average = [w.detach().clone() for w in weights]
    optimizer = torch.optim.AdamW(weights, RATE, BETAS, weight_decay=0, fused=True)
    if compiled:
        network, loss = torch.compile(network), torch.compile(loss)

    def step():
        angle = torch.randint(0, 8, (BATCH,)) * (math.pi / 4)
        y = 2 * torch.stack([angle.cos(), angle.sin()], 1) + 0.1 * torch.randn(BATCH, 2)
        with torch.no_grad():
            second = network(torch.randn(BATCH, 2))
        x = network(torch.randn(BATCH, 2))
        optimizer.zero_grad(set_to_none=True)
        loss(x[None], second[None], y[None], R)[0].backward()
        torch.nn.utils.clip_grad_norm_(weights, CLIP)
        optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(average, weights, 1 - AVERAGE)

    def some():
        for _ in range(STEPS):
            step()
    return torch, some


STEPS = 20  # between two looks at the clock


def main():
    args = options(__doc__, ("library", dict(choices=["jax", "torch"])))
    library, some = jax_step() if args.library == "jax" else torch_step(args.compile)
    tell(library, STEPS * rate(some, args.seconds, warm_up=5))


if __name__ == "__main__":
    main()
