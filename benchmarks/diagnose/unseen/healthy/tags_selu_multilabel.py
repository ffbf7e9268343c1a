"""Multi-label tagging of word-count vectors with a self-normalising MLP."""
import os
import torch
import torch.nn as nn
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import f1_score

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)

X, Y = make_multilabel_classification(n_samples=3000, n_features=60, n_classes=8, n_labels=3,
                                      length=80, random_state=11)
X = torch.tensor(X, dtype=torch.float32)
Y = torch.tensor(Y, dtype=torch.float32)
X_train, Y_train, X_test, Y_test = X[:2300], Y[:2300], X[2300:], Y[2300:]
mean, std = X_train.mean(0), X_train.std(0)
X_train, X_test = (X_train - mean) / std, (X_test - mean) / std


def lecun_normal(module):
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0.0, module.in_features ** -0.5)
        nn.init.zeros_(module.bias)


class Tagger(nn.Module):
    def __init__(self, n_in, n_tags, width=64, depth=4):
        super().__init__()
        dims = [n_in] + [width] * depth
        blocks = []
        for a, b in zip(dims, dims[1:]):
            blocks.extend([nn.Linear(a, b), nn.SELU(), nn.AlphaDropout(0.05)])
        self.features = nn.Sequential(*blocks)
        self.tags = nn.Linear(width, n_tags)
        self.apply(lecun_normal)

    def forward(self, x):
        return torch.sigmoid(self.tags(self.features(x)))


model = Tagger(60, 8)
criterion = nn.BCELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-3)

for epoch in range(1, 21):
    model.train()
    total = 0.0
    for idx in torch.randperm(len(X_train)).split(64):
        optimizer.zero_grad()
        loss = criterion(model(X_train[idx]), Y_train[idx])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    if epoch % 5 == 0:
        print(f"epoch {epoch}: bce {total / len(X_train):.4f}")

model.eval()
with torch.no_grad():
    prob = model(X_test)
prior = Y_train.mean(0).expand_as(Y_test)
guess = (prior > 0.5).float()
print(f"baseline: bce {criterion(prior, Y_test).item():.4f} label accuracy {(guess == Y_test).float().mean().item():.4f}")
print(f"micro F1: {f1_score(Y_test.numpy(), (prob > 0.5).numpy(), average='micro'):.4f}")
print(f"final: bce {criterion(prob, Y_test).item():.4f} label accuracy "
      f"{((prob > 0.5).float() == Y_test).float().mean().item():.4f}")
