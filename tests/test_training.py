"""Training learns, resumes exactly, and leaves everything worth keeping."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from PIL import Image

from model.checkpoint import load_checkpoint
from model.images import cut
from model.sampler import Sampler, seeds_to_pictures
from tests.conftest import SMALL, make_checkpoint, suns
from train import execute as execute_module
from train.base import grow_from_base, save_base
from train.execute import execute
from train.loop import Training, TrainingError, fit, update_ema
from train.metrics import features, frechet_distance
from train.recipes import SUPERDEEP
from train.runs import Order, Run, create_run

SMALL_SUPERDEEP = replace(SUPERDEEP, batch_size=8, z_dim=8)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def order(home, **changes) -> Order:
    return Order(
        **{"class_name": "sun", "class_names": ("sun",), "source": home.source, "num_steps": 6, "config": SMALL}
        | changes
    )


def finish(run: Run, home) -> list:
    return list(execute(run, home))


@pytest.mark.parametrize("config", [SMALL, SMALL_SUPERDEEP], ids=["doodle", "superdeep"])
def test_a_resumed_training_is_bit_equal_to_an_uninterrupted_one(tmp_path, config):
    drawings = suns(40)
    whole = Training(config, drawings)
    for _ in range(13):
        whole.advance()

    (tmp_path / "run").mkdir()
    run = Run(tmp_path / "run")
    first = Training(config, drawings)
    for _ in range(6):
        first.advance()
    run.save_snapshot(first)
    torch.manual_seed(99)  # whatever else the process does
    second = Training(config, drawings)
    assert run.load_snapshot(second)
    assert second.step == 6
    for _ in range(7):
        second.advance()

    one, other = whole.tensors(), second.tensors()
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_seeds_make_trainings_repeatable_and_different():
    drawings = suns(40)

    def weights(seed: int) -> torch.Tensor:
        training = Training(replace(SMALL, seed=seed), drawings)
        training.advance()
        return training.generator.to_grid.weight.detach().clone()

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_an_epoch_sees_every_drawing_once():
    training = Training(replace(SMALL, batch_size=8), suns(40))
    epochs = []
    for _ in range(2):
        rows = []
        for _ in range(5):
            rows += training._next_rows().tolist()
            training.step += 1
        epochs.append(rows)
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(40))
    assert epochs[0] != epochs[1]


def test_fewer_drawings_than_a_batch_are_enough():
    training = Training(SMALL, suns(3))
    training.advance()
    assert training.step == 1


def test_a_short_training_comes_nearer_to_the_real_drawings():
    training = Training(replace(SMALL, channels=12, batch_size=16), suns(200))
    real = features(suns(200, 5))
    before = frechet_distance(real, features(training.draw_fixed(range(200))))
    for _ in fit(training, num_steps=150):
        pass
    after = frechet_distance(real, features(training.draw_fixed(range(200))))
    assert after < before / 2


def test_fit_reports_in_order_and_ends_when_told():
    training = Training(SMALL, suns(20))
    progress = list(fit(training, num_steps=5))
    assert progress[-1].step == training.step == 5 and progress[-1].fraction == 1
    progress = list(fit(training, seconds=training.seconds + 1.5))
    assert progress[-1].fraction == 1 and progress[-1].step > 5
    assert [entry.step for entry in progress] == sorted(entry.step for entry in progress)
    with pytest.raises(ValueError, match="How long"):
        next(fit(training))


def test_losses_that_run_away_end_the_training_with_a_sentence():
    training = Training(SMALL, suns(20))
    with torch.no_grad():
        training.generator.to_grid.weight.fill_(float("nan"))
    with pytest.raises(TrainingError, match="ran away"):
        list(fit(training, num_steps=2))


def test_the_average_holds_weights_and_buffers():
    average, current = torch.nn.BatchNorm1d(2), torch.nn.BatchNorm1d(2)
    with torch.no_grad():
        current.weight.fill_(3.0)
        current.running_mean.fill_(10.0)
        current.num_batches_tracked.fill_(7)
    update_ema(average, current, 0.9)
    assert average.weight.tolist() == pytest.approx([1.2, 1.2])
    assert average.running_mean.tolist() == pytest.approx([1.0, 1.0])
    assert average.num_batches_tracked == 7


def test_a_class_grown_from_the_base_begins_as_the_base_drew_it(tmp_path):
    from model.classes import CLASS_NAMES

    small = replace(SMALL, z_dim=4)
    base = Training(small, suns(20), np.arange(20), num_classes=345)
    with torch.no_grad():
        base.ema.block7.norm.gain.copy_(torch.rand(345, 12))
    save_base(tmp_path / "_base.safetensors", base)
    index = CLASS_NAMES.index("sun")
    z = torch.randn(5, 4)
    of_base = base.ema(z, torch.full((5,), index))
    alone = Training(small, suns(20))
    assert grow_from_base(alone, tmp_path / "_base.safetensors", ["sun"])
    assert (alone.ema(z) - of_base).abs().max() < 0.01
    other_width = Training(replace(small, channels=9), suns(20))
    assert not grow_from_base(other_width, tmp_path / "_base.safetensors", ["sun"])


def test_a_run_leaves_checkpoint_sheets_curves_and_animation(home):
    run = create_run(home.runs, order(home), begin=True)
    progress = finish(run, home)
    assert progress[-1].step == 6
    assert run.status().state == "done" and "can be drawn" in run.status().sentence
    card, _ = load_checkpoint(home.checkpoints / "sun.safetensors")
    assert card.trained_on == {"sun": 300} and card.images_seen == 48
    assert set(card.metrics) == {"frechet_distance", "precision", "recall", "coverage"}
    for name, kind in (("sheet.png", "PNG"), ("losses.png", "PNG"), ("training.gif", "GIF")):
        with Image.open(run.folder / name) as picture:
            assert picture.format == kind
    assert (run.folder / "losses.svg").read_text().lstrip().startswith("<?xml")
    with Image.open(run.sheets()[-1]) as picture:
        drawn = Sampler([home.checkpoints]).draw(seeds_to_pictures("sun", range(64)))
        assert np.abs(cut(picture).astype(int) - drawn).max() <= 2, "the sheet shows what the checkpoint draws"
    assert [json.loads(line)["step"] for line in (run.folder / "progress.jsonl").open()][-1] == 6


def test_a_run_cut_short_goes_on_where_its_snapshot_ends(home):
    run = create_run(home.runs, order(home, num_steps=400), begin=True)
    work = execute(run, home)
    next(work)
    work.close()
    assert run.status().state == "running" and not run.is_held()
    stopped_at = run.progress()[-1].step
    assert 0 < stopped_at < 400
    finish(run, home)
    steps = [entry.step for entry in run.progress()]
    assert steps[-1] == 400 and steps == sorted(set(steps))


def test_epochs_count_drawings(home):
    run = create_run(home.runs, order(home, num_steps=None, epochs=1, class_names=("stop sign",)), begin=True)
    assert finish(run, home)[-1].step == 5


def test_a_mixture_learns_from_all_its_classes(home):
    run = create_run(home.runs, order(home, class_name="sun+stop sign", class_names=("sun", "stop sign")), begin=True)
    finish(run, home)
    card, _ = load_checkpoint(home.checkpoints / "sun+stop-sign.safetensors")
    assert card.trained_on == {"sun": 300, "stop sign": 40}


def test_a_stopped_run_keeps_a_usable_checkpoint(home):
    run = create_run(home.runs, order(home, num_steps=100_000), begin=True)
    for _ in execute(run, home):
        run.ask_to_stop()
    assert run.status().state == "stopped"
    assert load_checkpoint(home.checkpoints / "sun.safetensors")


def test_a_worse_checkpoint_does_not_replace_a_better_one(home, monkeypatch):
    make_checkpoint(home.checkpoints, "sun")
    good = (home.checkpoints / "sun.safetensors").read_bytes()
    monkeypatch.setattr(execute_module, "_distance", lambda path, real: 0.0)
    run = create_run(home.runs, order(home), begin=True)
    finish(run, home)
    assert (home.checkpoints / "sun.safetensors").read_bytes() == good
    assert "is better" in run.status().sentence
    run = create_run(home.runs, order(home, replace=True), begin=True)
    finish(run, home)
    assert (home.checkpoints / "sun.safetensors").read_bytes() != good
    assert (run.folder / "replaced-sun.safetensors").read_bytes() == good


def test_a_failed_run_says_why_in_its_folder(home):
    run = create_run(home.runs, order(home, class_name="moon", class_names=("moon",)), begin=True)
    with pytest.raises(RuntimeError, match=r"no file “moon\.npy”"):
        finish(run, home)
    assert run.status().state == "failed" and "moon.npy" in run.status().sentence


def test_the_config_is_kept_whole(home):
    run = create_run(home.runs, order(home))
    assert asdict(run.status().order.config) == asdict(SMALL)
