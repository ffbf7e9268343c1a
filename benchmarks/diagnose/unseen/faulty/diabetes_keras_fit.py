import torch
from torch import nn
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

torch.set_num_threads(1)
torch.manual_seed(1)


class History(dict):
    def log(self, **kw):
        for k, v in kw.items():
            self.setdefault(k, []).append(v)


class Sequential(nn.Module):
    ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid,
                   "elu": nn.ELU, "linear": nn.Identity}

    def __init__(self, n_in):
        super().__init__()
        self.n = n_in
        self.stack = nn.ModuleList()

    def add(self, units, activation="linear"):
        self.stack.append(nn.Sequential(nn.Linear(self.n, units), self.ACTIVATIONS[activation]()))
        self.n = units
        return self

    def compile(self, optimizer="adam", lr=1e-3, loss="mse"):
        self.opt = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[optimizer](self.parameters(), lr=lr)
        self.loss_fn = {"mse": nn.MSELoss(), "mae": nn.L1Loss()}[loss]

    def forward(self, x):
        for layer in self.stack:
            x = layer(x)
        return x

    def fit(self, x, y, epochs, batch_size, validation_data):
        hist = History()
        for ep in range(epochs):
            self.train()
            order = torch.randperm(len(x))
            run = 0.0
            for chunk in order.split(batch_size):
                self.opt.zero_grad()
                loss = self.loss_fn(self(x[chunk]), y[chunk])
                loss.backward()
                self.opt.step()
                run += loss.item() * len(chunk)
            hist.log(loss=run / len(x), val_loss=self.evaluate(*validation_data))
            if ep % 20 == 0:
                print(f"Epoch {ep}: loss={hist['loss'][-1]:.4f} val_loss={hist['val_loss'][-1]:.4f}")
        return hist

    @torch.no_grad()
    def evaluate(self, x, y):
        self.eval()
        return self.loss_fn(self(x), y).item()


X, y = load_diabetes(return_X_y=True)
X = (X - X.mean(0)) / X.std(0)
y = y / 100.0
Xa, Xb, ya, yb = [torch.tensor(a, dtype=torch.float32) for a in
                  train_test_split(X, y[:, None], test_size=0.25, random_state=0)]

model = Sequential(10).add(16, "relu").add(8, "relu").add(1, "sigmoid")
model.compile("adam", lr=2e-3, loss="mse")
model.fit(Xa, ya, epochs=40, batch_size=32, validation_data=(Xb, yb))
pred = model(Xb).detach()
r2 = 1 - ((pred - yb) ** 2).sum() / ((yb - yb.mean()) ** 2).sum()
print(f"final_metric r2 {r2.item():.4f}")
