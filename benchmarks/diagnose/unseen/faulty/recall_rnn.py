"""Cue recall: a cue symbol is shown at the start, then distractors; report the cue at the end."""
import torch
import torch.nn as nn

torch.manual_seed(0)

N_CUES, N_DISTRACT, T = 4, 6, 40
VOCAB = N_CUES + N_DISTRACT


def sample_batch(n):
    cue = torch.randint(0, N_CUES, (n,))
    rest = torch.randint(N_CUES, VOCAB, (n, T - 1))
    return torch.cat([cue[:, None], rest], 1), cue


class CueRecall(nn.Module):
    def __init__(self, hidden=64, emb=16):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, emb)
        self.rnn = nn.RNN(emb, hidden, batch_first=True)
        self.readout = nn.Linear(hidden, N_CUES)
        self.reset_parameters()

    def reset_parameters(self):
        nn.init.xavier_uniform_(self.rnn.weight_ih_l0, gain=0.1)
        nn.init.normal_(self.rnn.weight_hh_l0, std=0.06)
        nn.init.zeros_(self.rnn.bias_ih_l0)
        nn.init.zeros_(self.rnn.bias_hh_l0)

    def forward(self, tokens):
        h, _ = self.rnn(self.emb(tokens))
        return self.readout(h[:, -1])


net = CueRecall()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()

running = 0.0
for it in range(1, 601):
    tokens, cue = sample_batch(64)
    loss = loss_fn(net(tokens), cue)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step()
    running += loss.item()
    if it % 60 == 0:
        print(f"iter {it:4d}  loss {running / 60:.4f}")
        running = 0.0

net.eval()
with torch.no_grad():
    tokens, cue = sample_batch(1000)
    logits = net(tokens)
    print(f"final accuracy {(logits.argmax(1) == cue).float().mean():.3f} "
          f"loss {loss_fn(logits, cue):.4f}")
