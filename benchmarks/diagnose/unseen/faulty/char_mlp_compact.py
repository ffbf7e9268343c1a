import torch
import torch.nn as nn

torch.manual_seed(0)
text = open("../shared/data/text/tinyshakespeare.txt").read()[:50000]
chars = sorted(set(text))
ids = torch.tensor([chars.index(c) for c in text])
N_CTX, V = 4, len(chars)
X = ids.unfold(0, N_CTX, 1)[:-1]
Y = ids[N_CTX:]


class CharMLP(nn.Module):
    def __init__(self, emb=16, hidden=64):
        super().__init__()
        self.emb = nn.Embedding(V, emb)
        self.fc1 = nn.Linear(N_CTX * emb, hidden)
        self.fc2 = nn.Linear(hidden, V)

    def forward(self, x):
        h = torch.tanh(self.fc1(self.emb(x).flatten(1)))
        return self.fc2(h)


model = CharMLP().bfloat16()
opt = torch.optim.SGD(model.parameters(), lr=0.004)
loss_fn = nn.CrossEntropyLoss()
cut = 45000

for step in range(1500):
    i = torch.randint(0, cut, (128,))
    loss = loss_fn(model(X[i]).float(), Y[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 300 == 0:
        print(step, loss.item())

with torch.no_grad():
    print("val loss", loss_fn(model(X[cut:]).float(), Y[cut:]).item())
