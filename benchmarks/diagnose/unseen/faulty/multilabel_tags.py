import torch
torch.set_num_threads(1)
import torch.nn as nn
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

config = dict(hidden=96, lr=2e-3, weight_decay=1e-4, batch=64, epochs=10, seed=13)
torch.manual_seed(config["seed"])

X, Y = make_multilabel_classification(n_samples=4000, n_features=40, n_classes=12, n_labels=2,
                                      length=120, random_state=config["seed"])
X_train, X_test, Y_train, Y_test = train_test_split(X, Y, test_size=0.25, random_state=0)
scaler = StandardScaler().fit(X_train)
X_train = torch.tensor(scaler.transform(X_train)).float()
X_test = torch.tensor(scaler.transform(X_test)).float()
Y_train = torch.tensor(Y_train).float()


class TagPredictor(nn.Module):
    def __init__(self, n_features, n_tags, hidden):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(n_features, hidden),
            nn.BatchNorm1d(hidden),
            nn.SiLU(),
            nn.Dropout(0.1),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
        )
        self.tags = nn.Linear(hidden, n_tags)

    def forward(self, x):
        return torch.sigmoid(self.tags(self.body(x)))


model = TagPredictor(X_train.shape[1], Y_train.shape[1], config["hidden"])
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=config["lr"], weight_decay=config["weight_decay"])

for epoch in range(config["epochs"]):
    model.train()
    epoch_loss = 0.0
    for idx in torch.randperm(len(X_train)).split(config["batch"]):
        optimizer.zero_grad()
        outputs = model(X_train[idx])
        loss = criterion(outputs, Y_train[idx])
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item() * len(idx)
    print(f"Epoch {epoch + 1:2d} | loss {epoch_loss / len(X_train):.4f}")

model.eval()
with torch.no_grad():
    probs = model(X_test)
predicted = (probs > 0.5).int().numpy()
print(f"final f1 {f1_score(Y_test, predicted, average='micro'):.4f}")
