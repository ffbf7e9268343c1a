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


SHARDED = """
import json, os, sys
import torch
from torch import distributed, nn
from torch.distributed.fsdp import fully_shard
import nonlin

rank = int(sys.argv[1])
os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=sys.argv[2])
torch.set_num_threads(1)


def trained(sharded):
    torch.manual_seed(0)
    layers = [nn.Linear(3, 6), nn.Sigmoid()]
    for _ in range(8):
        layers += [nn.Linear(6, 6), nn.Sigmoid()]
    model = nn.Sequential(*layers, nn.Linear(6, 1))
    if sharded:
        for layer in layers[::2]:
            fully_shard(layer)
        fully_shard(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x = torch.randn(64, 3)
    with nonlin.watch(quiet=True, every=1) as watcher:
        for step in range(12):
            loss = (model(x) - 1.0).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    figures = {}
    for name, parameter in watcher.run.parameters.items():
        steps, table = parameter.series.table()
        columns = [table[field].tolist() for field in ("gradient", "weight", "mean")]
        figures[name] = [steps.tolist(), *columns]
    return {"kinds": watcher.diagnosis.kinds(), "figures": figures}


alone = trained(False)
distributed.init_process_group("gloo", rank=rank, world_size=2)
print(json.dumps([alone, trained(True)]))
distributed.destroy_process_group()
"""


def on_two_ranks(script: Path) -> list:
    """What the script prints last, on each of two ranks."""
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
    return answers


def test_two_ranks_are_judged_together(tmp_path):
    script = tmp_path / "rank.py"
    script.write_text(RANKS)
    for answer in on_two_ranks(script):
        assert answer["open"] == [True, True, False, False]
        assert answer["rows"] == 2 * 64 * answer["looks"]
        assert answer["layer"] == "1"
        assert any("2 ranks" in note for note in answer["notes"])


def test_sharded_weights_are_judged_whole(tmp_path):
    """FSDP: the figures of the shards add up to those of the same training on one process."""
    script = tmp_path / "rank.py"
    script.write_text(SHARDED)
    for alone, sharded in on_two_ranks(script):
        assert alone["kinds"] == sharded["kinds"] == ["vanishing-gradient"]
        assert alone["figures"].keys() == sharded["figures"].keys()
        for name, (steps, *figures) in alone["figures"].items():
            assert sharded["figures"][name][0] == steps
            for whole, joined in zip(figures, sharded["figures"][name][1:], strict=True):
                assert joined == pytest.approx(whole, rel=1e-4, nan_ok=True), name


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


def test_lightning_trainer(tmp_path: Path):
    lightning = pytest.importorskip("lightning.pytorch")

    class Model(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 32)
            self.out = nn.Linear(32, 2)
            nn.init.constant_(self.fc.bias, -30.0)
            self.fails_at = 10**9

        def training_step(self, batch, index):
            if index >= self.fails_at:
                raise RuntimeError("the script's own")
            x, labels = batch
            return nn.functional.cross_entropy(self.out(torch.relu(self.fc(x))), labels)

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    torch.manual_seed(0)
    rows = torch.utils.data.TensorDataset(torch.randn(512, 4), torch.arange(512) % 2)
    loader = torch.utils.data.DataLoader(rows, batch_size=32)

    def fitted(model):
        callback = callbacks.lightning(quiet=True)
        trainer = lightning.Trainer(
            max_epochs=1,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            default_root_dir=tmp_path,
            callbacks=[callback],
        )
        return trainer, callback

    model = Model()
    trainer, callback = fitted(model)
    trainer.fit(model, loader)
    found = [(f.kind, f.layer, f.cause) for f in callback.diagnosis.findings]
    assert found == [("dead-units", "fc:relu", "negative-bias")]
    assert callback.diagnosis.steps == 16

    failing = Model()
    failing.fails_at = 8
    trainer, callback = fitted(failing)
    with pytest.raises(RuntimeError, match="the script's own"):
        trainer.fit(failing, loader)
    assert callback.diagnosis.steps == 8


def test_mlflow(tmp_path: Path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")

    import nonlin
    from nonlin.errors import NonlinError

    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with nonlin.watch(model, every=1, quiet=True) as watcher:
        for _ in range(5):
            model(torch.randn(32, 4)).square().mean().backward()
            optimizer.step()
    with pytest.raises(NonlinError, match="no run is active"):
        callbacks.log_to_mlflow(watcher.diagnosis)
    # The small distribution has no database; it writes files when it is told to.
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri(tmp_path.as_uri())
    experiment = mlflow.create_experiment("watched")
    with mlflow.start_run(experiment_id=experiment) as active:
        callbacks.log_to_mlflow(watcher.diagnosis)
    history = mlflow.MlflowClient().get_metric_history(active.info.run_id, "nonlin/open gates/1")
    assert [(m.step, m.value) for m in history] == [(step, 1.0) for step in range(5)]
    (written,) = tmp_path.rglob("findings.json")
    findings = json.loads(written.read_text())
    assert findings["findings"] == [f.as_json() for f in watcher.diagnosis.findings]
