"""The transport of a training step in plain PyTorch: projections, velocities and the loss of clouds [b, n, d]."""

import math

import torch

ITERATIONS = 10


def squared(x, y):
    """Squared distances [b, n, m]."""
    return torch.cdist(x, y) ** 2


def project(x, y, epsilon):
    """Barycentric projections [b, n, d] after as many updates of both potentials, for the cost ½‖x−y‖²."""
    k = -0.5 * squared(x, y) / epsilon
    n, m = k.shape[1:]
    v = torch.zeros(len(k), 1, m)
    for _ in range(ITERATIONS):
        u = -math.log(n) - torch.logsumexp(k + v, 2, keepdim=True)
        v = -math.log(m) - torch.logsumexp(k + u, 1, keepdim=True)
    return torch.softmax(k + v, 2) @ y


def loss(x, second, data, r, unconditional=None, weight=None):
    """The mean of ‖x/s − (x/s + V)‖², where x/s + V is a constant, with the scale and mean V² before it is normalised.

    V is the pull of the data minus that of the second batch, and with guidance [b, 1, 1] times that of the data minus that of the
    unconditional ones more; s is the root mean square distance over the root of the dimension.
    """
    with torch.no_grad():
        d = x.shape[2]
        scale = torch.cat([squared(x, other) for other in (x, second, data)], 2).mean().sqrt()
        s = (scale / math.sqrt(d)).clamp_min(1e-3)
        q = x / s
        pull = project(q, data / s, r * d)
        velocity = pull - project(q, second / s, r * d)
        if unconditional is not None:
            velocity = velocity + weight * (pull - project(q, unconditional / s, r * d))
        mean_square = velocity.square().mean()
        goal = q + velocity / mean_square.clamp_min(1e-8).sqrt()
    return (x / s - goal).square().mean(), scale, mean_square
