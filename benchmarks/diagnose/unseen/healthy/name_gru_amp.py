"""GRU language identification on variable-length strings, bf16 autocast."""
import random

import torch
torch.set_num_threads(1)
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

random.seed(0)
torch.manual_seed(0)
STYLES = {
    0: (["ka", "shi", "mo", "to", "na", "ya", "ri", "ko"], 3),
    1: (["berg", "stein", "schm", "er", "wald", "ung", "haus", "el"], 2),
    2: (["ov", "sky", "iv", "an", "ska", "pet", "rom", "ina"], 3),
    3: (["ell", "ini", "ro", "ssi", "an", "co", "tti", "elo"], 3),
    4: (["ish", "ton", "er", "wood", "son", "ing", "ley", "ham"], 2),
}
ALPHABET = {c: i + 1 for i, c in enumerate("abcdefghijklmnopqrstuvwxyz")}


def make_word(style):
    parts, n = STYLES[style]
    chars = list("".join(random.choice(parts) for _ in range(random.randint(n - 1, n + 1))))
    if random.random() < 0.5:
        chars[random.randrange(len(chars))] = random.choice("abcdefghijklmnopqrstuvwxyz")
    return torch.tensor([ALPHABET[c] for c in chars])


def collate(pairs):
    words, labels = zip(*pairs)
    lengths = torch.tensor([len(w) for w in words])
    return pad_sequence(words, batch_first=True), lengths, torch.tensor(labels)


data = [(make_word(s), s) for s in (random.randrange(5) for _ in range(5000))]
train, valid = data[:4000], data[4000:]


class NameClassifier(nn.Module):
    def __init__(self, emb=24, hidden=48):
        super().__init__()
        self.emb = nn.Embedding(27, emb, padding_idx=0)
        self.gru = nn.GRU(emb, hidden, batch_first=True, bidirectional=True)
        self.fc1 = nn.Linear(2 * hidden, 48)
        self.act = nn.Hardswish()
        self.fc2 = nn.Linear(48, 5)

    def forward(self, words, lengths):
        packed = pack_padded_sequence(self.emb(words), lengths, batch_first=True, enforce_sorted=False)
        _, h = self.gru(packed)
        h = torch.cat([h[0], h[1]], dim=-1)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out = self.fc2(self.act(self.fc1(h)))
        return out.float()


model = NameClassifier()
optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
warmup = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min(1.0, s / 30))
criterion = nn.CrossEntropyLoss(label_smoothing=0.05)

for epoch in range(4):
    random.shuffle(train)
    for i in range(0, len(train), 50):
        words, lengths, labels = collate(train[i:i + 50])
        loss = criterion(model(words, lengths), labels)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        warmup.step()
    print(f"epoch {epoch} loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    words, lengths, labels = collate(valid)
    acc = (model(words, lengths).argmax(1) == labels).float().mean().item()
print(f"majority {labels.bincount().max().item() / len(labels):.3f}")
print(f"final accuracy {acc:.4f}")
