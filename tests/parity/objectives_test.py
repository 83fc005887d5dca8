"""Objectives, probed through kdrun, against TRL's and PyTorch's implementations."""

import math
import os
import subprocess
import types
from collections import defaultdict
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from trl.experimental.cpo.cpo_trainer import CPOTrainer
from trl.experimental.gkd.gkd_trainer import GKDTrainer
from trl.trainer.dpo_trainer import DPOTrainer
from trl.trainer.utils import selective_log_softmax

KDRUN = Path(os.environ["KD_BUILD_DIR"]) / "bin" / "kdrun"
IGNORE = -100


def probe(folder, name, tensors, **settings):
    """Outputs of `kdrun probe objective name` for these inputs."""
    inputs, outputs = folder / "in.safetensors", folder / "out.safetensors"
    save_file({key: value.detach().contiguous() for key, value in tensors.items()}, inputs)
    command = [KDRUN, "probe", "objective", name, "--in", inputs, "--out", outputs]
    for key, value in settings.items():
        command += ["--set", f"{key}={value}"]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return load_file(outputs)


def token_batch(seed, rows, tokens, vocabulary, spread, dtype=torch.float32):
    """Logits of both models and labels of which about a third are masked."""
    generator = torch.Generator().manual_seed(seed)
    shape = (rows, tokens, vocabulary)
    labels = torch.randint(vocabulary, (rows, tokens), generator=generator)
    labels[torch.rand(rows, tokens, generator=generator) < 0.3] = IGNORE
    return {
        "student.logits": (torch.randn(shape, generator=generator) * spread).to(dtype),
        "teacher.logits": (torch.randn(shape, generator=generator) * spread).to(dtype),
        "labels": labels,
    }


BATCHES = {
    "small": dict(seed=1, rows=2, tokens=5, vocabulary=7, spread=1),
    "one_token": dict(seed=2, rows=1, tokens=1, vocabulary=3, spread=3),
    "wide": dict(seed=3, rows=3, tokens=20, vocabulary=3001, spread=2),
    "large_logits": dict(seed=4, rows=2, tokens=16, vocabulary=50, spread=40),
    "many_chunks": dict(seed=5, rows=16, tokens=128, vocabulary=600, spread=2),
    "bf16": dict(seed=6, rows=2, tokens=16, vocabulary=100, spread=8, dtype=torch.bfloat16),
}


def close(got, expected, tolerance=2e-5):
    got, expected = got.double(), expected.double()
    error = (got - expected).norm() / expected.norm().clamp_min(1e-12)
    assert error < tolerance or (got - expected).abs().max() < 1e-9, error


def compare(got, loss_of, batch):
    """Loss and student gradient against `loss_of(student logits in fp64, …)`."""
    student = batch["student.logits"].double().requires_grad_(True)
    loss = loss_of(student)
    loss.backward()
    close(got["loss"], loss.detach())
    is_half = batch["student.logits"].dtype == torch.bfloat16
    close(got["grad.student.logits"], student.grad, 5e-3 if is_half else 2e-5)


@pytest.fixture(params=BATCHES)
def batch(request):
    made = token_batch(**BATCHES[request.param])
    made["labels"][0, 0] = 1  # never all masked
    return made


def test_cross_entropy(tmp_path, batch):
    labels = batch["labels"]
    got = probe(tmp_path, "cross_entropy", batch)
    compare(got, lambda z: F.cross_entropy(z.flatten(0, 1), labels.flatten(), ignore_index=IGNORE), batch)
    assert got["count.cross_entropy"].item() == (labels != IGNORE).sum().item()


@pytest.mark.parametrize("temperature", [1.0, 2.5])
@pytest.mark.parametrize("beta", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_generalised_jsd(tmp_path, batch, beta, temperature):
    teacher, labels = batch["teacher.logits"].double(), batch["labels"]
    got = probe(tmp_path, "kl", batch, direction="jsd", beta=beta, temperature=temperature, temperature_power=0)
    compare(
        got,
        lambda z: GKDTrainer.generalized_jsd_loss(z, teacher, labels=labels, beta=beta, temperature=temperature),
        batch,
    )


@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_hinton_scaling(tmp_path, batch, direction):
    teacher, labels = batch["teacher.logits"].double(), batch["labels"]
    temperature = 3.0

    def loss_of(z):
        p, q = F.log_softmax(teacher / temperature, -1), F.log_softmax(z / temperature, -1)
        pair = (q, p) if direction == "forward" else (p, q)
        value = F.kl_div(*pair, reduction="none", log_target=True).sum(-1)
        return value[labels != IGNORE].mean() * temperature**2

    compare(probe(tmp_path, "kl", batch, direction=direction, temperature=temperature), loss_of, batch)


def test_clipped_tokens(tmp_path, batch):
    teacher, labels = batch["teacher.logits"].double(), batch["labels"]
    counted = labels != IGNORE

    def divergence(z):
        p, q = F.log_softmax(teacher, -1), F.log_softmax(z, -1)
        return F.kl_div(q, p, reduction="none", log_target=True).sum(-1)

    # Between two values, so that rounding cannot move a token across.
    values = divergence(batch["student.logits"].double())[counted].sort().values
    clip = ((values[len(values) // 2] + values[(len(values) - 1) // 2]) / 2).item() * 1.001
    got = probe(tmp_path, "kl", batch, clip=clip)
    compare(got, lambda z: divergence(z)[counted].clamp_max(clip).mean(), batch)


def pair_batch(seed, rows=4, tokens=9, vocabulary=11, spread=2.0):
    generator = torch.Generator().manual_seed(seed)
    out = {}
    for side in ("chosen", "rejected"):
        for role in ("student", "reference"):
            shape = (rows, tokens, vocabulary)
            out[f"{side}.{role}.logits"] = torch.randn(shape, generator=generator) * spread
        labels = torch.randint(vocabulary, (rows, tokens), generator=generator)
        labels[torch.rand(rows, tokens, generator=generator) < 0.3] = IGNORE
        labels[:, 3] = 2
        out[f"{side}.labels"] = labels
    return out


def pair_leaves(batch):
    names = ["chosen.student.logits", "rejected.student.logits"]
    return {name: batch[name].double().requires_grad_(True) for name in names}


def compare_pairs(got, loss, leaves):
    loss.backward()
    close(got["loss"], loss.detach())
    for name, leaf in leaves.items():
        close(got[f"grad.{name}"], leaf.grad)


def per_token_logps(logits, labels):
    return selective_log_softmax(logits, labels.clamp_min(0)) * (labels != IGNORE)


def trl_dpo_loss(policy, reference, labels, beta):
    """DPOTrainer's own loss on log-probabilities in place of models'. All [2B, T], chosen first."""
    model = lambda **_: types.SimpleNamespace(
        log_probs=policy,
        entropy=torch.zeros_like(policy),
        mean_logits=torch.zeros_like(policy),
        is_top1=torch.zeros_like(policy, dtype=torch.bool),
    )
    gather = lambda tensor: tensor
    chosen_reference, rejected_reference = reference.sum(1).chunk(2)
    trainer = types.SimpleNamespace(
        model=types.SimpleNamespace(training=True),
        accelerator=types.SimpleNamespace(device="cpu", gather=gather, gather_for_metrics=gather),
        aux_loss_enabled=False, ld_alpha=None, precompute_ref_logps=True, f_divergence_type="reverse_kl",
        loss_types=["sigmoid"], loss_weights=[1.0], use_weighting=False, beta=beta,
        _metrics=defaultdict(lambda: defaultdict(list)), _total_train_tokens=0, _tp_size=1,
    )
    # TRL shifts its masks by one; our labels are aligned already, so a column goes in front.
    mask = F.pad((labels != IGNORE).long(), (1, 0))
    inputs = {
        "input_ids": F.pad(labels.clamp_min(0), (1, 0)), "completion_mask": mask,
        "attention_mask": torch.ones_like(mask),
        "ref_chosen_logps": chosen_reference, "ref_rejected_logps": rejected_reference,
    }
    return DPOTrainer._compute_loss(trainer, model, inputs, False), trainer._metrics["train"]


@pytest.mark.parametrize("beta", [0.01, 0.1, 0.5])
def test_dpo(tmp_path, beta):
    batch = pair_batch(7)
    leaves = pair_leaves(batch)
    labels = torch.cat([batch["chosen.labels"], batch["rejected.labels"]])
    both = lambda role, source: per_token_logps(
        torch.cat([source[f"{side}.{role}.logits"].double() for side in ("chosen", "rejected")]), labels
    )
    loss, metrics = trl_dpo_loss(both("student", leaves), both("reference", batch), labels, beta)
    got = probe(tmp_path, "dpo", batch, beta=beta)
    compare_pairs(got, loss, leaves)
    assert got["observed.pair_accuracy"].item() == pytest.approx(metrics["rewards/accuracies"][0])
    assert got["observed.margin"].item() == pytest.approx(metrics["rewards/margins"][0], rel=1e-4)
    assert not any(name.startswith("grad.") and "reference" in name for name in got)


@pytest.mark.parametrize("beta,gamma", [(2.0, 1.0), (10.0, 5.0), (0.1, 0.0)])
def test_simpo(tmp_path, beta, gamma):
    batch = pair_batch(8)
    leaves = pair_leaves(batch)
    chosen, rejected = (
        CPOTrainer.get_batch_logps(
            leaves[f"{side}.student.logits"], batch[f"{side}.labels"].clone(),
            average_log_prob=True, is_encoder_decoder=True,
        )
        for side in ("chosen", "rejected")
    )
    trainer = types.SimpleNamespace(
        alpha=0.0, loss_type="simpo", beta=beta, simpo_gamma=gamma, label_smoothing=0.0,
        accelerator=types.SimpleNamespace(device="cpu"),
    )
    losses, _, _ = CPOTrainer.cpo_loss(trainer, chosen, rejected)
    got = probe(tmp_path, "simpo", batch, beta=beta, gamma=gamma)
    compare_pairs(got, losses.mean(), leaves)
    assert got["observed.pair_accuracy"].item() == pytest.approx((chosen > rejected).double().mean().item())


@pytest.mark.parametrize("alpha,gate", [(0.8, 0.0), (0.0, 0.0), (0.5, 0.7)])
def test_redi(tmp_path, alpha, gate):
    batch = pair_batch(9)
    leaves = pair_leaves(batch)
    means = {}
    for side in ("chosen", "rejected"):
        labels = batch[f"{side}.labels"]
        logps = per_token_logps(leaves[f"{side}.student.logits"], labels)
        means[side] = logps.sum(1) / (labels != IGNORE).sum(1)
    loss = (alpha * means["rejected"] * torch.exp(gate * means["rejected"]) - means["chosen"]).mean()
    compare_pairs(probe(tmp_path, "redi", batch, alpha=alpha, gate=gate), loss, leaves)


def test_nothing_grows_at_extreme_logits(tmp_path):
    """Confident models that disagree: the log-space forms neither overflow nor go below zero."""
    batch = token_batch(seed=11, rows=2, tokens=8, vocabulary=20, spread=300)
    batch["labels"].clamp_min_(0)
    for beta in (0.0, 0.5, 1.0):
        got = probe(tmp_path, "kl", batch, direction="jsd", beta=beta)
        assert math.isfinite(got["loss"].item()) and got["loss"].item() >= 0
        assert torch.isfinite(got["grad.student.logits"]).all()
    assert got["sum.kl"].dtype == torch.float64
