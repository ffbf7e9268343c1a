"""Which class of event opened the session?  Recurrent classifier over click streams."""
import os

import torch
import torch.nn as nn

torch.set_num_threads(1)
SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)

N_CLASSES, N_EVENTS, SEQ_LEN = 6, 16, 30
HIDDEN, BATCH, STEPS = 64, 64, 1200


def sample_sessions(n, gen):
    """The first event (0..5) is the label, all later events are browsing noise (6..15)."""
    seq = torch.randint(N_CLASSES, N_EVENTS, (n, SEQ_LEN), generator=gen)
    label = torch.randint(0, N_CLASSES, (n,), generator=gen)
    seq[:, 0] = label
    return seq, label


class SessionRNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(N_EVENTS, 16)
        self.rnn = nn.RNN(16, HIDDEN, batch_first=True)
        self.out = nn.Linear(HIDDEN, N_CLASSES)
        self.reset_parameters()

    def reset_parameters(self):
        nn.init.normal_(self.embed.weight, std=0.3)
        for name, p in self.rnn.named_parameters():
            if "weight_hh" in name:
                nn.init.normal_(p, std=0.05)
            elif "weight_ih" in name:
                nn.init.xavier_uniform_(p, gain=0.5)
            else:
                nn.init.zeros_(p)

    def forward(self, seq):
        h, _ = self.rnn(self.embed(seq))
        return self.out(h[:, -1])


gen = torch.Generator().manual_seed(SEED + 1)
test_x, test_y = sample_sessions(1000, gen)
model = SessionRNN()
optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()

running = 0.0
for step in range(1, STEPS + 1):
    x, y = sample_sessions(BATCH, gen)
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    running += loss.item()
    if step % 100 == 0:
        print(f"step {step}: loss {running / 100:.4f}")
        running = 0.0

model.eval()
with torch.no_grad():
    acc = (model(test_x).argmax(1) == test_y).float().mean().item()
print(f"final accuracy: {acc:.3f}")
