"""TextCNN (Kim 2014) on a synthetic 30-topic corpus."""
import numpy as np
import torch
torch.set_num_threads(1)
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

NUM_TOPICS = 30
VOCAB_SIZE = 600
DOC_LEN = 24


def make_docs(n, seed):
    rng = np.random.default_rng(seed)
    docs = rng.integers(1, VOCAB_SIZE, size=(n, DOC_LEN))
    topics = rng.integers(0, NUM_TOPICS, size=n)
    for i, t in enumerate(topics):
        where = rng.choice(DOC_LEN, size=5, replace=False)
        docs[i, where] = 1 + t * 12 + rng.integers(0, 12, size=5)
    return TensorDataset(torch.as_tensor(docs), torch.as_tensor(topics))


class TextCNN(nn.Module):
    def __init__(self, embed_dim=48, n_filters=48, kernel_sizes=(1, 2, 3), dropout=0.2):
        super().__init__()
        self.embed = nn.Embedding(VOCAB_SIZE, embed_dim, padding_idx=0)
        self.convs = nn.ModuleList(nn.Conv1d(embed_dim, n_filters, k) for k in kernel_sizes)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(n_filters * len(kernel_sizes), NUM_TOPICS)

    def forward(self, docs):
        emb = self.embed(docs).transpose(1, 2)
        pooled = [F.relu(conv(emb)).amax(dim=2) for conv in self.convs]
        logits = self.fc(self.dropout(torch.cat(pooled, dim=1)))
        return F.softmax(logits, dim=-1)


def run_epoch(model, loader, criterion, optimizer=None):
    training = optimizer is not None
    model.train(training)
    loss_sum = correct = seen = 0
    with torch.set_grad_enabled(training):
        for docs, topics in loader:
            out = model(docs)
            loss = criterion(out, topics)
            if training:
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
            loss_sum += loss.item() * len(topics)
            correct += (out.argmax(1) == topics).sum().item()
            seen += len(topics)
    return loss_sum / seen, correct / seen


torch.manual_seed(2024)
train_loader = DataLoader(make_docs(6000, 0), batch_size=64, shuffle=True)
valid_loader = DataLoader(make_docs(1500, 1), batch_size=250)

model = TextCNN()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

for epoch in range(1, 6):
    tr_loss, tr_acc = run_epoch(model, train_loader, criterion, optimizer)
    va_loss, va_acc = run_epoch(model, valid_loader, criterion)
    print(f"epoch {epoch}  train {tr_loss:.3f}/{tr_acc:.3f}  valid {va_loss:.3f}/{va_acc:.3f}")
print(f"final accuracy {va_acc:.4f}")
