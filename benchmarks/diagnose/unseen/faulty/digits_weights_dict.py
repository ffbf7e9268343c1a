# digits, all weights in one dict, no nn.Module
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(3)

data = load_digits()
X = data.data.astype("float32") / 16.0
y = data.target.astype("int64")
X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.25, random_state=3, stratify=y)
X_tr, X_te = torch.from_numpy(X_tr), torch.from_numpy(X_te)
y_tr, y_te = torch.from_numpy(y_tr), torch.from_numpy(y_te)

n_in, n_h1, n_h2, n_out = 64, 96, 64, 10

params = {
    "W1": torch.nn.Parameter(torch.randn(n_h1, n_in) * (2.0 / n_in) ** 0.5),
    "b1": torch.nn.Parameter(torch.full((n_h1,), -3.0)),
    "W2": torch.nn.Parameter(torch.randn(n_h2, n_h1) * (2.0 / n_h1) ** 0.5),
    "b2": torch.nn.Parameter(torch.zeros(n_h2)),
    "W3": torch.nn.Parameter(torch.randn(n_out, n_h2) * (1.0 / n_h2) ** 0.5),
    "b3": torch.nn.Parameter(torch.zeros(n_out)),
}

total = sum(p.numel() for p in params.values())
print("parameters:", total)
for k, p in params.items():
    print(f"  {k}: {tuple(p.shape)}")

optimizer = torch.optim.SGD(params.values(), lr=0.05, momentum=0.9)
batch_size = 64
epochs = 40

losses = []
step = 0
for epoch in range(epochs):
    order = torch.randperm(len(X_tr))
    for start in range(0, len(order), batch_size):
        idx = order[start:start + batch_size]
        xb, yb = X_tr[idx], y_tr[idx]

        h = F.relu(F.linear(xb, params["W1"], params["b1"]))
        h = F.relu(F.linear(h, params["W2"], params["b2"]))
        logits = F.linear(h, params["W3"], params["b3"])
        loss = F.cross_entropy(logits, yb)

        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        step += 1

    if epoch % 5 == 0 or epoch == epochs - 1:
        with torch.no_grad():
            h = F.relu(F.linear(X_te, params["W1"], params["b1"]))
            h = F.relu(F.linear(h, params["W2"], params["b2"]))
            logits = F.linear(h, params["W3"], params["b3"])
            acc = (logits.argmax(dim=1) == y_te).float().mean().item()
            te_loss = F.cross_entropy(logits, y_te).item()
        print(f"epoch {epoch:3d} step {step:5d} loss {sum(losses[-20:]) / 20:.4f} "
              f"test loss {te_loss:.4f} test acc {acc:.4f}")

print("final test acc", round(acc, 4))
