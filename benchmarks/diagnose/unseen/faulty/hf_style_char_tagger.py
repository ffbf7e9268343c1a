"""Next-character model, written after the modeling_*.py files in transformers."""
import os
from dataclasses import dataclass
from typing import Optional

import torch
from torch import nn


@dataclass
class CharConfig:
    vocab_size: int = 65
    context: int = 6
    embed_dim: int = 16
    hidden_size: int = 96
    initializer_range: float = 0.08


@dataclass
class CharOutput:
    loss: Optional[torch.Tensor] = None
    logits: Optional[torch.Tensor] = None
    hidden_states: Optional[tuple] = None


class CharEmbeddings(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.char_embeddings = nn.Embedding(config.vocab_size, config.embed_dim)
        self.position_embeddings = nn.Embedding(config.context, config.embed_dim)
        self.norm = nn.LayerNorm(config.embed_dim)

    def forward(self, input_ids):
        pos = torch.arange(input_ids.shape[1])
        return self.norm(self.char_embeddings(input_ids) + self.position_embeddings(pos))


class CharModel(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.embeddings = CharEmbeddings(config)
        self.intermediate = nn.Linear(config.context * config.embed_dim, config.hidden_size)
        self.act = nn.GELU()

    def forward(self, input_ids):
        emb = self.embeddings(input_ids)
        hidden = self.act(self.intermediate(emb.flatten(1)))
        return hidden, (emb, hidden)


class CharForNextToken(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.model = CharModel(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size)
        self.apply(self._init_weights)

    def _init_weights(self, module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=self.config.initializer_range)

    def forward(self, input_ids, labels=None):
        with torch.no_grad():
            hidden, states = self.model(input_ids)
        logits = self.lm_head(hidden)
        loss = None
        if labels is not None:
            loss = nn.functional.cross_entropy(logits, labels)
        return CharOutput(loss=loss, logits=logits, hidden_states=states)


torch.manual_seed(99)
text = open(os.path.join(os.environ.get("DATA_DIR", "../shared/data"), "text", "tinyshakespeare.txt")).read()[:200000]
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
ids = torch.tensor([stoi[c] for c in text])
config = CharConfig(vocab_size=len(chars))
windows = ids.unfold(0, config.context + 1, 1)
train, valid = windows[:180000], windows[180000:186000]
model = CharForNextToken(config)
optim = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.01)
print("vocab", len(chars), "parameters", sum(p.numel() for p in model.parameters()))

for step in range(1, 1001):
    batch = train[torch.randint(0, len(train), (128,))]
    outputs = model(input_ids=batch[:, :-1], labels=batch[:, -1])
    outputs.loss.backward()
    optim.step()
    optim.zero_grad()
    if step % 200 == 0:
        model.eval()
        with torch.no_grad():
            ev = model(input_ids=valid[:, :-1], labels=valid[:, -1])
        acc = (ev.logits.argmax(-1) == valid[:, -1]).float().mean().item()
        model.train()
        print(f"step {step} loss {outputs.loss.item():.4f} eval_loss {ev.loss.item():.4f} eval_acc {acc:.4f}")
