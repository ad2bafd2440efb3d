"""The matrix product of a linear layer of the generator: billions of multiplications and additions a second.

    python product.py jax|torch [--compile] [--seconds 8]

prints one line of JSON. [1088, 768] × [768, 2048], as dit.py's four latents have it, float32, all cores. Most of the networks' time goes into
such products, so a library whose products are slower can hardly be faster.
"""

from measure import options, rate, tell, torch_on_all_cores

ROWS, INNER, COLUMNS = 4 * 272, 768, 2048


def main():
    args = options(__doc__, ("library", {"choices": ["jax", "torch"]}))
    if args.library == "jax":
        import jax as library
        x, y = library.numpy.ones((ROWS, INNER)), library.numpy.ones((INNER, COLUMNS))
        product = library.jit(lambda x, y: x @ y)
        call = lambda: product(x, y).block_until_ready()
    else:
        import torch as library
        torch_on_all_cores()
        x, y = library.ones(ROWS, INNER), library.ones(INNER, COLUMNS)
        product = library.compile(library.matmul) if args.compile else library.matmul
        call = lambda: product(x, y)
    tell(library, 2 * ROWS * INNER * COLUMNS / 1e9 * rate(call, args.seconds))


if __name__ == "__main__":
    main()
