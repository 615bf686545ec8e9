"""Links, variables, run folders and snapshots of version 0.1 keep working."""

import json
import re
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save

from benchmarks.harness.drawings import suns
from model.drawing.view import View, read_view
from model.files.writing import write_file
from model.hub.collection import Collection
from tests.support.samples import SMALL, as_drawings
from train.config import BEFORE, DOODLE
from train.home import Home
from train.runs.run import Run, find_run
from train.runs.settings import Settings
from train.tracking.sending import is_tracking_on
from train.training import Training

RUN_ID = "20261127-065500-sun-1a2b"
CONFIG = {
    "recipe": "doodle",
    "generator": "doodle",
    "discriminator": "guided",
    "z_dim": 64,
    "channels": None,
    "depth": None,
    "dropout": None,
    "batch_size": 64,
    "learning_rate": 0.002,
    "final_rate": 1.0,
    "beta1": 0.0,
    "beta2": 0.99,
    "r1_gamma": 0.1,
    "r1_every": 8,
    "recognition": 0.0,
    "augment": 1.0,
    "ema_decay": 0.998,
    "from_base": True,
    "bfloat16": True,
    "seed": 0,
}
ORDER = {
    "class_name": "sun",
    "class_names": ["sun"],
    "source": "http://127.0.0.1:9/",
    "also": None,
    "num_rows": 20000,
    "num_steps": None,
    "epochs": None,
    "seconds": 60.0,
    "replace": False,
    "requested_by": "visitor-a",
    "config": CONFIG,
}
STATUS = {"state": "stopped", "sentence": "Stopped.", "created": 1795762499.5250573, "attempts": 0, "turn": 3}


@pytest.mark.parametrize(
    ("link", "view"),
    [
        ("?class=cat", View("cat")),
        ("?class=cat&seed=7", View("cat", 7)),
        ("?class=cat%2Bdog&psi=0.9&seed=7&count=4&style=1,0,-2", View("cat+dog", 7, 4, 0.9, (1.0, 0.0, -2.0))),
        ("?class=cat&psi=1&keys=7,12,40&into=The+Mona+Lisa", View("cat", keys=(7, 12, 40), into="The Mona Lisa")),
        ("?class=cat&psi=0.8&latent=0.5,-1.25", View("cat", psi=0.8, latent=(0.5, -1.25))),
    ],
)
def test_its_links_lead_to_the_same_views(link, view):
    assert read_view(link) == view


def test_the_page_still_makes_the_same_links():
    queries = [view.query() for view in (View("cat", 7, 4), View("cat", keys=(7, 12), into="dog"))]
    assert queries == ["?class=cat&psi=1&seed=7&count=4", "?class=cat&psi=1&keys=7,12&into=dog"]


def test_its_variables_have_the_same_effect(monkeypatch, tmp_path):
    given = {
        "DOODLES_TRAINING": "0",
        "DOODLES_MAX_MINUTES": "2.5",
        "DOODLES_MAX_ROWS": "300",
        "DOODLES_RUNS_PER_HOUR": "4",
        "DOODLES_QUEUE": "5",
        "DOODLES_CACHE_MB": "600",
        "DOODLES_RUNS_MB": "700",
        "DOODLES_PUBLISH": "1",
        "DOODLES_KEEP_RUNS": "8",
        "DOODLES_PROXY": "1",
    }
    expected = (0, 2.5, 300, 4, 5, 600, 700, 1, 8, 1)
    names = "training max_minutes max_rows runs_per_hour queue_length cache_mb runs_mb publish keep_runs proxies"
    assert Settings.from_environment(given) == Settings(**dict(zip(names.split(), expected, strict=True)))
    for name, value in {
        "DOODLES_HOME": str(tmp_path),
        "DOODLES_SOURCE": "http://127.0.0.1:9/",
        "DOODLES_HUB": "you/doodles@v1",
        "DOODLES_MLFLOW": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    home = Home.from_environment()
    assert (home.folder, home.source) == (tmp_path, "http://127.0.0.1:9/")
    assert Collection.from_environment().repo == "you/doodles"
    assert is_tracking_on()


def test_its_run_folders_are_read(tmp_path):
    (tmp_path / RUN_ID).mkdir()
    (tmp_path / RUN_ID / "run.json").write_text(json.dumps({"order": ORDER, **STATUS}), encoding="utf-8")
    line = '{"step": 6, "seconds": 1.5, "fraction": 1.0, "images_per_second": 9.0, '
    line += '"loss_discriminator": 0.5, "loss_generator": 0.6}\n'
    (tmp_path / RUN_ID / "progress.jsonl").write_text(line, encoding="utf-8")
    run = find_run(tmp_path, RUN_ID)
    status = run.status()
    assert (status.state, status.sentence, status.created) == ("stopped", "Stopped.", STATUS["created"])
    assert (status.order.class_names, status.order.seconds) == (("sun",), 60.0)
    assert status.order.requested_by == "visitor-a" and status.order.config == replace(DOODLE, **BEFORE)
    assert run.last_progress().step == 6


def test_its_snapshots_are_resumed_from(tmp_path):
    """Version 0.1 called the feature network “guide”."""
    config = replace(SMALL, discriminator="guided")
    training = Training(config, as_drawings(suns(20)))
    training.advance()
    tensors = training.tensors()
    renamed = {re.sub(r"\bfeature_network\b", "guide", name): tensor for name, tensor in tensors.items()}
    assert renamed.keys() != tensors.keys()
    run, resumed = Run(tmp_path), Training(replace(config, seed=5), as_drawings(suns(20)))
    write_file(run.snapshot_path, save(renamed, {"step": "1", "seconds": "0.5", "halvings": "0"}))
    assert run.load_snapshot(resumed) and (resumed.step, resumed.seconds) == (1, 0.5)
    assert all(torch.equal(tensor, resumed.tensors()[name]) for name, tensor in tensors.items())
