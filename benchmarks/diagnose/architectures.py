"""What the watcher finds in known architectures that train as their authors built them: nothing.

    python benchmarks/diagnose/architectures.py [--json FILE] [NAMES]

Each is a small model of the transformers library, drawn by its own initialisation and trained for a
few steps of AdamW on random data. A finding is a false alarm, a failed measurement a defect.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import nn

import nonlin

# Its configurations check what they are given themselves.
hf: Any = transformers
SMALL: dict[str, Any] = {
    "vocab_size": 64,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}
IMAGE: dict[str, Any] = {"image_size": 64, "patch_size": 16, "num_labels": 2}
STEPS, ROWS = 60, 32


class PooledBert(nn.Module):
    """The first token of the last layer; BERT's own pooler runs, and nothing reads it."""

    def __init__(self) -> None:
        super().__init__()
        self.bert = hf.BertModel(hf.BertConfig(**SMALL))
        self.head = nn.Linear(32, 2)

    def forward(self, input_ids: torch.Tensor, labels: torch.Tensor) -> Any:
        scores = self.head(self.bert(input_ids).last_hidden_state[:, 0])
        return hf.modeling_outputs.SequenceClassifierOutput(
            loss=nn.functional.cross_entropy(scores, labels)
        )


def data() -> dict[str, dict[str, torch.Tensor]]:
    """Inputs by what a model reads."""
    tokens = torch.randint(5, 60, (ROWS, 16))
    pixels = torch.randn(ROWS, 3, 64, 64)
    kinds = (pixels[:, 0, :32].mean((1, 2)) > 0).long()
    return {
        "next": {"input_ids": tokens, "labels": tokens},
        "kind": {"input_ids": tokens, "labels": (tokens[:, 0] > 30).long()},
        "translate": {"input_ids": tokens, "labels": tokens.flip(1)},
        "pixels": {"pixel_values": pixels, "labels": kinds},
        "pairs": {"input_ids": tokens, "pixel_values": pixels, "return_loss": torch.tensor(True)},
        "sound": {"input_values": torch.randn(16, 3200), "labels": torch.randint(1, 12, (16, 6))},
        "spectrum": {"input_features": torch.randn(16, 16, 100), "labels": tokens[:16]},
    }


def frozen() -> nn.Module:
    config = hf.DistilBertConfig(vocab_size=64, dim=32, n_layers=2, n_heads=2, hidden_dim=64)
    model = hf.DistilBertForSequenceClassification(config)
    model.distilbert.requires_grad_(False)
    return model


def checkpointed() -> nn.Module:
    model = gpt2()
    model.activation_checkpointing_enable()
    return model


def gpt2() -> Any:
    ends = {"bos_token_id": 0, "eos_token_id": 1}
    return hf.GPT2LMHeadModel(hf.GPT2Config(vocab_size=64, n_embd=32, n_layer=2, n_head=2, **ends))


def stages(**more: Any) -> dict[str, Any]:
    return {"hidden_sizes": [16, 32], "depths": [1, 1], "num_labels": 2, **more}


MODELS: dict[str, tuple[str, Callable[[], nn.Module]]] = {
    "BERT, masked words": ("next", lambda: hf.BertForMaskedLM(hf.BertConfig(**SMALL))),
    "BERT, classes": ("kind", lambda: hf.BertForSequenceClassification(hf.BertConfig(**SMALL))),
    "BERT with a pooler that is not read": ("kind", PooledBert),
    "DistilBERT, frozen": ("kind", frozen),
    "GPT-2": ("next", gpt2),
    "GPT-2, checkpointed": ("next", checkpointed),
    "GPT-NeoX": ("next", lambda: hf.GPTNeoXForCausalLM(hf.GPTNeoXConfig(**SMALL))),
    "Llama": ("next", lambda: hf.LlamaForCausalLM(hf.LlamaConfig(**SMALL))),
    "Mixtral": (
        "next",
        lambda: hf.MixtralForCausalLM(
            hf.MixtralConfig(num_local_experts=4, num_key_value_heads=2, **SMALL)
        ),
    ),
    "Mamba": (
        "next",
        lambda: hf.MambaForCausalLM(
            hf.MambaConfig(vocab_size=64, hidden_size=32, num_hidden_layers=2, state_size=8)
        ),
    ),
    "T5": (
        "translate",
        lambda: hf.T5ForConditionalGeneration(
            hf.T5Config(
                vocab_size=64,
                d_model=32,
                d_kv=16,
                d_ff=64,
                num_layers=2,
                num_heads=2,
                decoder_start_token_id=0,
            )
        ),
    ),
    "ViT": ("pixels", lambda: hf.ViTForImageClassification(hf.ViTConfig(**(SMALL | IMAGE)))),
    "Swin": (
        "pixels",
        lambda: hf.SwinForImageClassification(
            hf.SwinConfig(
                image_size=64, embed_dim=16, depths=[1, 1], num_heads=[2, 2], window_size=4
            )
        ),
    ),
    "ResNet": (
        "pixels",
        lambda: hf.ResNetForImageClassification(
            hf.ResNetConfig(embedding_size=16, layer_type="basic", **stages())
        ),
    ),
    "RegNet": (
        "pixels",
        lambda: hf.RegNetForImageClassification(
            hf.RegNetConfig(embedding_size=16, groups_width=8, **stages())
        ),
    ),
    "MobileNetV2": (
        "pixels",
        lambda: hf.MobileNetV2ForImageClassification(
            hf.MobileNetV2Config(image_size=64, depth_multiplier=0.35, num_labels=2)
        ),
    ),
    "ConvNeXt": (
        "pixels",
        lambda: hf.ConvNextForImageClassification(hf.ConvNextConfig(num_stages=2, **stages())),
    ),
    "CLIP": (
        "pairs",
        lambda: hf.CLIPModel(
            hf.CLIPConfig(
                text_config=SMALL | {"eos_token_id": 1, "bos_token_id": 0},
                vision_config=SMALL | IMAGE,
                projection_dim=16,
            )
        ),
    ),
    "wav2vec 2.0": (
        "sound",
        lambda: hf.Wav2Vec2ForCTC(
            hf.Wav2Vec2Config(
                **(SMALL | {"vocab_size": 12}),
                conv_dim=(16, 16, 16),
                conv_stride=(5, 4, 4),
                conv_kernel=(10, 8, 4),
                num_feat_extract_layers=3,
                num_conv_pos_embeddings=16,
                num_conv_pos_embedding_groups=2,
                mask_time_length=2,
                ctc_zero_infinity=True,
            )
        ),
    ),
    "Whisper": (
        "spectrum",
        lambda: hf.WhisperForConditionalGeneration(
            hf.WhisperConfig(
                vocab_size=64,
                d_model=32,
                encoder_layers=1,
                decoder_layers=1,
                encoder_attention_heads=2,
                decoder_attention_heads=2,
                encoder_ffn_dim=64,
                decoder_ffn_dim=64,
                num_mel_bins=16,
                max_source_positions=50,
                pad_token_id=0,
                bos_token_id=1,
                eos_token_id=2,
                decoder_start_token_id=1,
            )
        ),
    ),
}


def watched(name: str) -> dict[str, Any]:
    """Train a model, and say what the watcher says of it."""
    torch.manual_seed(0)
    reads, make = MODELS[name]
    batch = data()[reads]
    model = make().train()
    optimizer = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), lr=1e-3)
    losses = []
    with nonlin.watch(quiet=True) as watcher:
        for _ in range(STEPS):
            loss = model(**batch).loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    diagnosis = watcher.diagnosis
    return {
        "loss": [losses[0], losses[-1]],
        "findings": [[f.kind, f.layer, f.cause] for f in diagnosis.findings],
        "notes": list(diagnosis.notes),
        "activations": len(diagnosis.activations),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="those whose name has this in it")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    hf.logging.set_verbosity_error()
    results = {}
    for name in MODELS:
        if options.names and not any(part in name for part in options.names):
            continue
        results[name] = found = watched(name)
        first, last = found["loss"]
        print(
            f"{name:36} loss {first:7.3f} → {last:7.3f}  {found['activations']:3} activations  "
            f"{found['findings'] or 'no finding'} {' '.join(found['notes'])}",
            flush=True,
        )
    alarms = sum(bool(r["findings"]) for r in results.values())
    print(f"{len(results)} architectures, {alarms} with a finding")
    if options.json is not None:
        command = f"python benchmarks/diagnose/architectures.py --json {options.json.name}"
        versions = {"torch": torch.__version__, "transformers": hf.__version__}
        content = {"command": command, **versions, "models": results}
        options.json.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
