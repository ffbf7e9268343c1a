"""Stacked autoencoder (Hinton & Salakhutdinov style sizes, scaled down) on MNIST."""
import gzip
import os

import numpy as np
import torch
import torch.nn as nn

cfg = dict(
    enc_sizes=[784, 256, 192, 128, 96, 64, 48, 32],
    dec_sizes=[12, 64, 256],
    enc_act="sigmoid",
    dec_act="elu",
    lr=1e-3,
    batch=128,
    steps=1800,
)
ACTS = {"elu": nn.ELU, "sigmoid": nn.Sigmoid}


def read_images(name):
    path = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "MNIST", "raw", name)
    with gzip.open(path, "rb") as f:
        raw = np.frombuffer(f.read(), dtype=np.uint8, offset=16)
    return torch.from_numpy(raw.reshape(-1, 784).astype(np.float32) / 255.0)


def stack(sizes, act):
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers.append(nn.Linear(a, b))
        layers.append(act())
    return layers


class AutoEncoder(nn.Module):
    def __init__(self, c):
        super().__init__()
        code = c["dec_sizes"][0]
        self.encoder = nn.Sequential(*stack(c["enc_sizes"], ACTS[c["enc_act"]]),
                                     nn.Linear(c["enc_sizes"][-1], code))
        self.decoder = nn.Sequential(*stack(c["dec_sizes"], ACTS[c["dec_act"]]),
                                     nn.Linear(c["dec_sizes"][-1], 784), nn.Sigmoid())

    def forward(self, x):
        return self.decoder(self.encoder(x))


def main():
    torch.manual_seed(0)
    train = read_images("train-images-idx3-ubyte.gz")
    test = read_images("t10k-images-idx3-ubyte.gz")[:2000]
    net = AutoEncoder(cfg)
    opt = torch.optim.Adam(net.parameters(), lr=cfg["lr"])
    mean_mse = ((test - train.mean(0)) ** 2).mean().item()
    print(f"mse of the mean image {mean_mse:.4f}")
    for step in range(1, cfg["steps"] + 1):
        x = train[torch.randint(0, len(train), (cfg["batch"],))]
        loss = nn.functional.mse_loss(net(x), x)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        if step % 200 == 0:
            with torch.no_grad():
                val = nn.functional.mse_loss(net(test), test).item()
            print(f"step {step} train {loss.item():.4f} test {val:.4f}")
    print(f"final test mse {val:.4f}")


if __name__ == "__main__":
    main()
