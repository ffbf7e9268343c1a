"""Sorts support tickets by topic: averaged word embeddings and an MLP head."""
import os
import random
from collections import Counter
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

SEED = int(os.environ.get("SEED", 7))
random.seed(SEED)
torch.manual_seed(SEED)
torch.set_num_threads(1)

TOPICS = {
    "billing": "invoice charge refund card payment receipt price tax".split(),
    "shipping": "parcel delivery courier address tracking package late box".split(),
    "login": "password account email reset locked username code sign".split(),
    "quality": "broken scratch noise crack faulty battery screen smell".split(),
}
NAMES = list(TOPICS)
FILLER = "hello please my the was is for with again still help today very it and".split()
STOPWORDS = set("the was is for with it and my very".split())


def write_ticket(topic):
    words = []
    for _ in range(random.choice([2, 4, 6, 8, 10, 12])):
        r = random.random()
        if r < 0.22:
            words.append(random.choice(TOPICS[topic]))
        elif r < 0.32:
            words.append(random.choice(TOPICS[random.choice(NAMES)]))
        elif r < 0.42:
            words.append("nr" + str(random.randint(0, 99999)))
        else:
            words.append(random.choice(FILLER))
    return " ".join(words)


def tokenize(text):
    return [w for w in text.lower().split() if w not in STOPWORDS]


class TicketDataset(Dataset):
    def __init__(self, samples, vocab):
        self.samples = samples
        self.vocab = vocab

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        text, label = self.samples[i]
        ids = [self.vocab[w] for w in tokenize(text) if w in self.vocab]
        return torch.tensor(ids, dtype=torch.long), label


def collate(batch):
    ids = pad_sequence([b[0] for b in batch], batch_first=True, padding_value=0)
    return ids, torch.tensor([b[1] for b in batch])


class TopicNet(nn.Module):
    def __init__(self, vocab_size, dim=24, classes=4):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.hidden = nn.Linear(dim, 32)
        self.out = nn.Linear(32, classes)

    def forward(self, ids):
        mask = (ids != 0).float().unsqueeze(-1)
        summed = (self.embedding(ids) * mask).sum(dim=1)
        mean = summed / mask.sum(dim=1)
        return self.out(torch.relu(self.hidden(mean)))


samples = []
for _ in range(4000):
    k = random.randrange(len(NAMES))
    samples.append((write_ticket(NAMES[k]), k))
train_samples, test_samples = samples[:3200], samples[3200:]
counts = Counter(w for text, _ in train_samples for w in tokenize(text))
vocab = {w: i + 1 for i, (w, c) in enumerate(counts.most_common()) if c >= 5}

train_loader = DataLoader(TicketDataset(train_samples, vocab), 32, shuffle=True, collate_fn=collate)
test_loader = DataLoader(TicketDataset(test_samples, vocab), 200, collate_fn=collate)
model = TopicNet(len(vocab) + 1)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

for epoch in range(6):
    model.train()
    losses = []
    for ids, labels in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(ids), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(f"epoch {epoch}: train loss {sum(losses) / len(losses):.4f}")

model.eval()
correct = 0
with torch.no_grad():
    for ids, labels in test_loader:
        correct += (model(ids).argmax(dim=1) == labels).sum().item()
print(f"final test accuracy: {correct / len(test_samples):.4f}")
