"""Autoencoder without activations: six components of the breast cancer table, against PCA."""
import os
import numpy as np
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class LinearAutoencoder(nn.Module):
    """Encoder and decoder are single matrices, so the optimum spans the principal subspace."""

    def __init__(self, n_features, n_components):
        super().__init__()
        self.encoder = nn.Linear(n_features, n_components, bias=False)
        self.decoder = nn.Linear(n_components, n_features, bias=False)

    def forward(self, x):
        return self.decoder(self.encoder(x))


def main(n_components=6, epochs=80):
    seed = int(os.environ.get("SEED", 0))
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    data = load_breast_cancer().data
    order = rng.permutation(len(data))
    train, test = data[order[:450]], data[order[450:]]
    scaler = StandardScaler().fit(train)
    train, test = scaler.transform(train), scaler.transform(test)
    pca = PCA(n_components).fit(train)
    pca_mse = ((pca.inverse_transform(pca.transform(test)) - test) ** 2).mean()

    x_train = torch.tensor(train, dtype=torch.float32)
    x_test = torch.tensor(test, dtype=torch.float32)
    loader = DataLoader(TensorDataset(x_train), batch_size=32, shuffle=True)
    model = LinearAutoencoder(x_train.shape[1], n_components)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for epoch in range(epochs):
        model.train()
        for (xb,) in loader:
            loss = nn.functional.mse_loss(model(xb), xb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        scheduler.step()
        if (epoch + 1) % 20 == 0:
            print(f"epoch {epoch + 1}: loss {loss.item():.4f}")

    model.eval()
    with torch.no_grad():
        mse = nn.functional.mse_loss(model(x_test), x_test).item()
    print(f"PCA test mse: {pca_mse:.4f}")
    print(f"baseline mse (mean): {x_test.pow(2).mean().item():.4f}")
    print(f"final test mse: {mse:.4f}")


if __name__ == "__main__":
    main()
