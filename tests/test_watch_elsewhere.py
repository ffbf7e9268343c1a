"""Watching inside other libraries, and over several processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from nonlin.diagnosis import callbacks

RANKS = """
import json, os, sys
import torch
from torch import distributed, nn
import nonlin

rank = int(sys.argv[1])
os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=sys.argv[2])
distributed.init_process_group("gloo", rank=rank, world_size=2)
torch.manual_seed(0)
torch.set_num_threads(1)
model = nn.Sequential(nn.Linear(2, 4, bias=False), nn.ReLU(), nn.Linear(4, 1))
with torch.no_grad():
    # Units 0 and 1 open where x0 > 0, which only rank 1 has; units 2 and 3 nowhere.
    model[0].weight.copy_(torch.tensor([[1.0, 0], [1.0, 0], [0, -1.0], [0, -1.0]]))
parallel = nn.parallel.DistributedDataParallel(model)
optimizer = torch.optim.SGD(parallel.parameters(), lr=0.0)
with nonlin.watch(quiet=True, thresholds={"dead_share": 0.01}) as watcher:
    for step in range(12):
        x = torch.rand(64, 2) + 0.1
        x[:, 0] *= 1 if rank == 1 else -1
        loss = parallel(x).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
site = next(iter(watcher.run.sites.values()))
print(json.dumps({
    "open": (site.last_open >= 0).tolist(),
    "rows": sum(n for _, n in site.rows),
    "looks": len(watcher.diagnosis.sampled),
    "layer": site.layer,
    "notes": list(watcher.diagnosis.notes),
}))
distributed.destroy_process_group()
"""


def test_two_ranks_are_judged_together(tmp_path):
    script = tmp_path / "rank.py"
    script.write_text(RANKS)
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    processes = [
        subprocess.Popen(
            [sys.executable, str(script), str(rank), port],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in (0, 1)
    ]
    answers = []
    for process in processes:
        out, error = process.communicate(timeout=120)
        assert process.returncode == 0, error
        answers.append(json.loads(out.strip().splitlines()[-1]))
    for answer in answers:
        assert answer["open"] == [True, True, False, False]
        assert answer["rows"] == 2 * 64 * answer["looks"]
        assert answer["layer"] == "1"
        assert any("2 ranks" in note for note in answer["notes"])


def test_hugging_face_trainer(tmp_path: Path):
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 32)
            self.out = nn.Linear(32, 2)
            nn.init.constant_(self.fc.bias, -30.0)

        def forward(self, x, labels):
            logits = self.out(torch.relu(self.fc(x)))
            return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}

    torch.manual_seed(0)
    rows = [{"x": torch.randn(4), "labels": torch.tensor(i % 2)} for i in range(256)]
    callback = callbacks.hugging_face(quiet=True)
    trainer = transformers.Trainer(
        model=Model(),
        args=transformers.TrainingArguments(
            output_dir=str(tmp_path),
            num_train_epochs=2,
            per_device_train_batch_size=32,
            report_to=[],
            disable_tqdm=True,
            use_cpu=True,
            save_strategy="no",
        ),
        train_dataset=rows,
        callbacks=[callback],
    )
    trainer.train()
    found = [(f.kind, f.layer, f.cause) for f in callback.diagnosis.findings]
    assert found == [("dead-units", "fc:relu", "negative-bias")]
    assert callback.diagnosis.steps == 16


def test_tensorboard(tmp_path: Path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    import nonlin

    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with nonlin.watch(model, every=1, quiet=True) as watcher:
        for _ in range(5):
            model(torch.randn(32, 4)).square().mean().backward()
            optimizer.step()
    with SummaryWriter(str(tmp_path)) as writer:
        callbacks.log_to_tensorboard(watcher.diagnosis, writer)
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    scalars = events.Scalars("nonlin/open gates/1")
    assert [s.step for s in scalars] == [0, 1, 2, 3, 4]
    assert scalars[0].value == 1.0
