"""TextCNN that guesses the character behind a 24-character window."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
torch.set_num_threads(1)
path = os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "text", "tinyshakespeare.txt")

config = dict(window=24, dim=24, filters=48, kernels=(2, 3, 5), lr=2e-3, steps=900, batch=64)


class WindowDataset(Dataset):
    def __init__(self, ids, window):
        self.ids, self.window = ids, window

    def __len__(self):
        return len(self.ids) - self.window

    def __getitem__(self, i):
        return self.ids[i:i + self.window], self.ids[i + self.window]


class TextCNN(nn.Module):
    def __init__(self, vocab, window, dim, filters, kernels):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.pos = nn.Parameter(torch.zeros(window, dim))
        self.convs = nn.ModuleList([nn.Conv1d(dim, filters, k) for k in kernels])
        self.last = nn.Linear(dim * 4, filters)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(filters * (len(kernels) + 1), vocab)

    def forward(self, x):
        e = self.emb(x) + self.pos
        pooled = [F.relu(conv(e.transpose(1, 2))).amax(dim=2) for conv in self.convs]
        tail = F.relu(self.last(e[:, -4:].flatten(1)))
        h = self.drop(torch.cat(pooled + [tail], dim=1))
        return F.softmax(self.fc(h), dim=1)


with open(path) as f:
    text = f.read()[:150000].lower()
chars = sorted(set(text))
ids = torch.tensor([chars.index(c) for c in text])
split = 135000
train_loader = DataLoader(WindowDataset(ids[:split], config["window"]), config["batch"],
                          shuffle=True, drop_last=True)
test_set = WindowDataset(ids[split:], config["window"])
test_loader = DataLoader(torch.utils.data.Subset(test_set, range(0, len(test_set), 4)), 512)

net = TextCNN(len(chars), config["window"], config["dim"], config["filters"], config["kernels"])
optimizer = torch.optim.RMSprop(net.parameters(), lr=config["lr"])

step, running = 0, 0.0
while step < config["steps"]:
    for xb, yb in train_loader:
        net.train()
        out = net(xb)
        loss = F.nll_loss(out, yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running += loss.item()
        step += 1
        if step % 150 == 0:
            print(f"step {step:4d} | loss {running / 150:.4f}")
            running = 0.0
        if step >= config["steps"]:
            break

net.eval()
hits = total = 0
with torch.no_grad():
    for xb, yb in test_loader:
        hits += (net(xb).argmax(1) == yb).sum().item()
        total += len(yb)
common = torch.bincount(ids[:split]).argmax()
print(f"always '{chars[common]}': {(ids[split:] == common).float().mean().item():.4f}")
print(f"final test accuracy: {hits / total:.4f}")
