import torch
import torch.nn as nn
from torch.nn.functional import cross_entropy

"""Character LSTMCell with learned initial state; the text is streamed, state carried over and detached."""
torch.manual_seed(0)
text = open("../shared/data/text/tinyshakespeare.txt").read().lower()[:200000]
vocab = sorted(set(text))
data = torch.tensor([vocab.index(ch) for ch in text])
B, K, H = 24, 20, 96
stream = data[:len(data) // B * B].view(B, -1).t().contiguous()      # time, batch
V = len(vocab)


class CharLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(V, 32)
        self.cell = nn.LSTMCell(32, H)
        self.start = nn.ParameterDict({"h": nn.Parameter(torch.zeros(H)), "c": nn.Parameter(torch.zeros(H))})
        self.out = nn.Linear(H, V)
        with torch.no_grad():
            self.cell.bias_ih[H:2 * H].fill_(1.0)

    def begin(self, b):
        return self.start["h"].expand(b, H), self.start["c"].expand(b, H)

    def forward(self, x, state):
        outs = []
        for e in self.emb(x):
            state = self.cell(e, state)
            outs.append(state[0])
        return self.out(torch.stack(outs)), state


net = CharLSTM()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
it, avg, history = 0, None, []
while it < 300:
    state = net.begin(B)
    off = it * K % 3000
    for t in range(off, off + 10 * K, K):
        logits, state = net(stream[t:t + K], state)
        loss = cross_entropy(logits.view(-1, V), stream[t + 1:t + K + 1].reshape(-1))
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        state = tuple(s.detach() for s in state)
        avg = loss.item() if avg is None else 0.95 * avg + 0.05 * loss.item()
        it += 1
        if it % 75 == 0:
            print(it, "nats/char (running)", round(avg, 3))
with torch.no_grad():
    logits, _ = net(stream[4000:4400], net.begin(B))
    v = cross_entropy(logits.view(-1, V), stream[4001:4401].reshape(-1)).item()
freq = torch.bincount(data, minlength=V).float() / len(data)
print("held-out nats/char %.3f, unigram %.3f" % (v, -(freq * freq.clamp_min(1e-9).log()).sum().item()))
