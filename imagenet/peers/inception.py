"""The Inception network of torch-fidelity with random weights: images a second.

    python inception.py [--compile] [--seconds 8]

prints one line of JSON. Images of 256 × 256 pixels, 16 a pass, float32, all cores, resizing included; features 2048 and logits.
"""

from unittest import mock

import torch
from torch_fidelity import feature_extractor_inceptionv3 as inception

from measure import options, rate, tell, torch_on_all_cores


def extractor():
    """Returns the network as it is made before its weights are loaded."""
    with mock.patch.object(inception, "load_state_dict_from_url"), mock.patch.object(torch.nn.Module, "load_state_dict"):
        return inception.FeatureExtractorInceptionV3("inception-v3-compat", ["2048", "logits_unbiased"])


def main():
    args, batch = options(__doc__), 16
    torch_on_all_cores()
    network = extractor()
    images = torch.randint(256, (batch, 3, 256, 256), dtype=torch.uint8)
    if args.compile:
        network = torch.compile(network)
    with torch.inference_mode():
        tell(torch, batch * rate(lambda: network(images), args.seconds))


if __name__ == "__main__":
    main()
