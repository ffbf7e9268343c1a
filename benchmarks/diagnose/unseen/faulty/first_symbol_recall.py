import torch
import torch.nn as nn

torch.manual_seed(2)
SEQ, CLASSES, HID = 45, 4, 64


def get_batch(n):
    label = torch.randint(0, CLASSES, (n,))
    seq = torch.randn(n, SEQ, CLASSES + 1) * 0.1
    seq[torch.arange(n), 0, label] = 1.0
    seq[:, -1, CLASSES] = 1.0
    return seq, label


class Recall(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(CLASSES + 1, HID, nonlinearity="tanh", batch_first=True)
        self.fc = nn.Linear(HID, CLASSES)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.fc(out[:, -1])


model = Recall()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()

for step in range(1, 201):
    x, y = get_batch(64)
    loss = criterion(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step}: loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    x, y = get_batch(1000)
    print("recall accuracy", (model(x).argmax(1) == y).float().mean().item())
