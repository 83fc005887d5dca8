"""Folders that kd saves load in transformers, with the same logits."""

import json
import os
import pathlib
import subprocess

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

MODELS = ["new_tied", "new_untied"] + [
    family + "ForCausalLM" for family in ("Llama", "Mistral", "Qwen2", "Qwen3", "SmolLM3", "Olmo2")
]


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    out = tmp_path_factory.mktemp("models")
    program = pathlib.Path(os.environ["KD_BUILD_DIR"]) / "tests" / "causal_lm_save_models"
    subprocess.run([program, out], check=True)
    return out


@pytest.mark.parametrize("name", MODELS)
def test_transformers_computes_the_same_logits(saved, name):
    expected = load_file(saved / name / "kd.safetensors")
    model, report = AutoModelForCausalLM.from_pretrained(saved / name, output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"] and not report["mismatched_keys"]
    assert model.dtype == torch.float32
    with torch.no_grad():
        logits = model(expected["input_ids"]).logits
    torch.testing.assert_close(logits, expected["logits"], atol=1e-4, rtol=1e-5)


def test_new_models_are_llamas_of_the_asked_size(saved):
    config = json.loads((saved / "new_tied" / "config.json").read_text())
    assert config["model_type"] == "llama" and config["vocab_size"] == 67
    model = AutoModelForCausalLM.from_pretrained(saved / "new_tied")
    assert model.config.rope_parameters["rope_theta"] == 500
    assert model.lm_head.weight.data_ptr() == model.model.embed_tokens.weight.data_ptr()
