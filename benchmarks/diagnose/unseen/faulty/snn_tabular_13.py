"""Deep self-normalising network for tabular data, written in the style of a
Hugging-Face model (config / PreTrained base / ForClassification head)."""
import os

import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)


class SNNConfig:
    def __init__(self, input_dim=30, hidden_size=64, num_layers=14, dropout=0.03,
                 num_labels=2):
        self.input_dim = input_dim
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.dropout = dropout
        self.num_labels = num_labels


class PreTrainedBase(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config

    def post_init(self):
        self.apply(self._init_weights)

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)


class SNNLayer(nn.Module):
    def __init__(self, d_in, config):
        super().__init__()
        self.dense = nn.Linear(d_in, config.hidden_size)
        self.activation = nn.SELU()
        self.dropout = nn.AlphaDropout(config.dropout)

    def forward(self, x):
        return self.dropout(self.activation(self.dense(x)))


class SNNForClassification(PreTrainedBase):
    def __init__(self, config):
        super().__init__(config)
        dims = [config.input_dim] + [config.hidden_size] * (config.num_layers - 1)
        self.layers = nn.ModuleList(SNNLayer(d, config) for d in dims)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        self.loss_fct = nn.CrossEntropyLoss()
        self.post_init()

    def forward(self, features, labels=None):
        h = features
        for layer in self.layers:
            h = layer(h)
        logits = self.classifier(h)
        loss = self.loss_fct(logits, labels) if labels is not None else None
        return {"loss": loss, "logits": logits}


def main():
    X, y = load_breast_cancer(return_X_y=True)
    xtr, xte, ytr, yte = train_test_split(X, y, test_size=0.3, random_state=SEED, stratify=y)
    sc = StandardScaler().fit(xtr)
    to = lambda a: torch.tensor(sc.transform(a), dtype=torch.float32)
    xtr, xte, ytr, yte = to(xtr), to(xte), torch.tensor(ytr), torch.tensor(yte)

    model = SNNForClassification(SNNConfig())
    opt = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    model.train()
    for epoch in range(60):
        for idx in torch.randperm(len(xtr)).split(32):
            out = model(features=xtr[idx], labels=ytr[idx])
            opt.zero_grad()
            out["loss"].backward()
            opt.step()
        if epoch % 15 == 0:
            print({"epoch": epoch, "loss": round(out["loss"].item(), 4)})

    model.eval()
    with torch.no_grad():
        acc = (model(xte)["logits"].argmax(-1) == yte).float().mean().item()
    print({"eval_accuracy": round(acc, 4)})


if __name__ == "__main__":
    main()
