"""Waveform classification with an LSTM encoder (team baseline v2)."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)
torch.manual_seed(21)

N_CLASSES = 6
SEQ_LEN = 24


def make_waves(n, gen):
    label = torch.randint(0, N_CLASSES, (n,), generator=gen)
    t = torch.arange(SEQ_LEN).float()
    phase = torch.rand(n, 1, generator=gen) * 6.283
    freq = 0.25 + 0.16 * (label % 3).float().unsqueeze(1)
    wave = torch.sin(freq * t + phase)
    square = torch.sign(wave) * 0.7
    x = torch.where((label >= 3).unsqueeze(1), square, wave)
    x = x + 0.15 * torch.randn(n, SEQ_LEN, generator=gen)
    return x.unsqueeze(-1), label


class LSTMEncoder(nn.Module):
    def __init__(self, in_dim, hidden, layers=1):
        super().__init__()
        self.lstm = nn.LSTM(in_dim, hidden, num_layers=layers, batch_first=True)

    def init_hidden(self, batch):
        shape = (self.lstm.num_layers, batch, self.lstm.hidden_size)
        return torch.zeros(shape), torch.zeros(shape)

    def forward(self, x, state=None):
        if state is None:
            state = self.init_hidden(x.size(0))
        _, (h, c) = self.lstm(x, state)
        return h.detach(), c.detach()


class SequenceClassifier(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.encoder = LSTMEncoder(1, hidden)
        self.head = nn.Linear(hidden, N_CLASSES)

    def forward(self, x):
        h, _ = self.encoder(x)
        return self.head(h[-1])


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    loss_sum = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        loss_sum += loss.item()
    return loss_sum / len(loader)


def evaluate(model, loader):
    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
    return right / len(loader.dataset)


if __name__ == "__main__":
    gen = torch.Generator().manual_seed(99)
    train_dl = DataLoader(TensorDataset(*make_waves(2000, gen)), batch_size=64, shuffle=True)
    val_dl = DataLoader(TensorDataset(*make_waves(600, gen)), batch_size=200)

    model = SequenceClassifier()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=3, factor=0.5)

    for epoch in range(1, 13):
        loss = train_epoch(model, train_dl, criterion, optimizer)
        scheduler.step(loss)
        if epoch % 2 == 0:
            print(f"epoch {epoch:02d} loss {loss:.4f} val_acc {evaluate(model, val_dl):.3f}")

    print(f"validation accuracy = {evaluate(model, val_dl):.4f}")
