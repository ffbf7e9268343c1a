"""Self-normalising network (Klambauer et al. 2017) for a tabular classification problem."""
import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


class SNN(nn.Module):
    def __init__(self, n_in, n_out, width=64, depth=20, p=0.0):
        super().__init__()
        layers = []
        for k in range(depth):
            layers += [nn.Linear(n_in if k == 0 else width, width), nn.SELU(), nn.AlphaDropout(p)]
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(width, n_out)

    def forward(self, x):
        return self.classifier(self.features(x))


class Experiment:
    def __init__(self, seed=0, lr=0.01, epochs=15, batch=64):
        torch.manual_seed(seed)
        self.epochs, self.batch = epochs, batch
        X, y = make_classification(n_samples=3000, n_features=30, n_informative=12, n_redundant=4,
                                   n_classes=4, n_clusters_per_class=2, class_sep=1.3, random_state=seed)
        Xa, Xb, ya, yb = train_test_split(X, y, test_size=0.3, random_state=seed)
        sc = StandardScaler().fit(Xa)
        self.xa = torch.tensor(sc.transform(Xa), dtype=torch.float32)
        self.xb = torch.tensor(sc.transform(Xb), dtype=torch.float32)
        self.ya, self.yb = torch.tensor(ya), torch.tensor(yb)
        self.model = SNN(30, 4)
        self.opt = torch.optim.SGD(self.model.parameters(), lr=lr, momentum=0.9)
        self.loss_fn = nn.CrossEntropyLoss()

    def train(self):
        for epoch in range(self.epochs):
            self.model.train()
            losses = []
            for idx in torch.randperm(len(self.xa)).split(self.batch):
                self.opt.zero_grad()
                loss = self.loss_fn(self.model(self.xa[idx]), self.ya[idx])
                loss.backward()
                self.opt.step()
                losses.append(loss.item())
            print(f"epoch {epoch:2d} loss {sum(losses) / len(losses):.4f} test {self.accuracy():.4f}")

    @torch.no_grad()
    def accuracy(self):
        self.model.eval()
        return (self.model(self.xb).argmax(1) == self.yb).float().mean().item()


if __name__ == "__main__":
    exp = Experiment()
    exp.train()
    print("test accuracy", round(exp.accuracy(), 4))
