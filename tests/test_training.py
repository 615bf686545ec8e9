"""Training learns, resumes exactly, and saves everything worth keeping."""

import itertools
import json
import math
from dataclasses import asdict, replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks.harness.drawings import suns, write_class
from model.drawing.latents import seeds_to_pictures
from model.drawing.sampler import Sampler
from model.files.checkpoint import checkpoint_path, load_checkpoint
from model.files.shared_base import read_base
from model.quickdraw.classes import CLASS_NAMES
from model.quickdraw.images import cut
from tests.support.samples import SMALL, as_drawings, make_checkpoint
from train.config import SUPERDEEP
from train.data import load_drawings
from train.drawings import held_back
from train.evaluation import GeneratorEvaluation
from train.execution import execution as execute_module
from train.execution import recorder as recorder_module
from train.execution.execution import execute
from train.grow import NEWCOMERS, grow_from_base, save_base
from train.hub.push import push
from train.loop import Progress, TrainingError, fit
from train.runs import promotion as promotion_module
from train.runs import run as runs_module
from train.runs import status as status_module
from train.runs.fetch import fetch
from train.runs.lock import is_held
from train.runs.messages import FROM_BASE, sentence_for
from train.runs.order import Order
from train.runs.promotion import undo
from train.runs.run import Run, create_run, list_runs
from train.training import Training, draw_seeds, update_ema

SMALL_SUPERDEEP = replace(SUPERDEEP, batch_size=8, z_dim=8)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def order(home, **changes) -> Order:
    return Order(
        **{"class_name": "sun", "class_names": ("sun",), "source": home.source, "num_steps": 6, "config": SMALL}
        | {"replace": True}  # even if the repository ships a better checkpoint
        | changes
    )


def finish(run: Run, home) -> list:
    return list(execute(run, home))


@pytest.mark.parametrize("config", [SMALL, SMALL_SUPERDEEP], ids=["doodle", "superdeep"])
def test_a_resumed_training_is_bit_equal_to_an_uninterrupted_one(tmp_path, config):
    drawings = as_drawings(suns(40))
    whole = Training(config, drawings)
    for _ in range(13):
        whole.advance()

    (tmp_path / "run").mkdir()
    run = Run(tmp_path / "run")
    first = Training(config, drawings)
    for _ in range(6):
        first.advance()
    run.save_snapshot(first)
    torch.manual_seed(99)  # a random state that only the snapshot can undo
    second = Training(config, drawings)
    assert run.load_snapshot(second)
    assert second.step == 6
    for _ in range(7):
        second.advance()

    one, other = whole.tensors(), second.tensors()
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("quick", [True, False])
def test_bfloat16_is_used_only_where_it_is_fast_and_weights_stay_float32(monkeypatch, quick):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": quick, "amx_bf16": False}, raising=False)
    training = Training(SMALL, as_drawings(suns(40)))
    seen = set()
    training.generator.to_grid.register_forward_hook(lambda *called: seen.add(called[2].dtype))
    training.advance()
    assert seen == {torch.bfloat16 if quick else torch.float32}
    assert training.is_finite() and {tensor.dtype for tensor in training.tensors().values()} <= {
        torch.float32,
        torch.int64,
    }
    assert not Training(replace(SMALL, bfloat16=False), as_drawings(suns(40))).use_bfloat16


def test_the_same_seed_repeats_a_training_and_another_changes_it():
    drawings = as_drawings(suns(40))

    def weights(seed: int) -> torch.Tensor:
        training = Training(replace(SMALL, seed=seed), drawings)
        training.advance()
        return training.generator.to_grid.weight.detach().clone()

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_an_epoch_sees_every_drawing_once():
    training = Training(replace(SMALL, batch_size=8), as_drawings(suns(40)))
    epochs = []
    for _ in range(2):
        rows = []
        for _ in range(5):
            rows += training._next_rows().tolist()
            training.step += 1
        epochs.append(rows)
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(40))
    assert epochs[0] != epochs[1]


def test_training_works_with_fewer_drawings_than_a_batch():
    training = Training(SMALL, as_drawings(suns(3)))
    training.advance()
    assert training.step == 1


def test_the_base_sees_classes_in_proportion_to_the_square_root_of_their_drawings():
    classes = np.repeat(np.arange(345), np.r_[400, 100, np.ones(343, int)])
    training = Training(replace(SMALL, batch_size=4000), as_drawings(suns(1).repeat(len(classes), 0), classes), 345)
    drawn = np.bincount(classes[training._next_rows().numpy()], minlength=345)
    assert drawn[0] / drawn[1] == pytest.approx(2, rel=0.5) and (drawn > 0).sum() > 330


def test_a_short_training_gets_closer_to_the_real_drawings():
    training = Training(replace(SMALL, channels=12, batch_size=16), as_drawings(suns(200)))
    others = suns(200, 5)
    before = np.abs(training.draw_fixed(range(200)).mean(0) - others.mean(0)).mean()
    for _ in fit(training, num_steps=150):
        pass
    after = np.abs(training.draw_fixed(range(200)).mean(0) - others.mean(0)).mean()
    assert after < before / 2


def test_fit_reports_in_order_and_ends_on_time():
    training = Training(SMALL, as_drawings(suns(20)))
    progress = list(fit(training, num_steps=5))
    assert progress[-1].step == training.step == 5 and progress[-1].fraction == 1
    progress = list(fit(training, seconds=training.seconds + 1.5))
    assert progress[-1].fraction == 1 and progress[-1].step > 5
    assert [entry.step for entry in progress] == sorted(entry.step for entry in progress)
    with pytest.raises(ValueError, match="how long"):
        next(fit(training))


def test_diverging_losses_end_the_training_with_one_sentence():
    training = Training(SMALL, as_drawings(suns(20)))
    with torch.no_grad():
        training.generator.to_grid.weight.fill_(float("nan"))
    with pytest.raises(TrainingError, match="diverged"):
        list(fit(training, num_steps=2))


def test_the_average_includes_weights_and_buffers():
    average, current = torch.nn.BatchNorm1d(2), torch.nn.BatchNorm1d(2)
    with torch.no_grad():
        current.weight.fill_(3.0)
        current.running_mean.fill_(10.0)
        current.num_batches_tracked.fill_(7)
    update_ema(average, current, 0.9)
    assert average.weight.tolist() == pytest.approx([1.2, 1.2])
    assert average.running_mean.tolist() == pytest.approx([1.0, 1.0])
    assert average.num_batches_tracked == 7


def test_a_class_grown_from_the_base_starts_with_the_bases_drawings(tmp_path):
    small = replace(SMALL, z_dim=4)
    base = Training(small, as_drawings(suns(20), np.arange(20)), 345)
    with torch.no_grad():
        base.ema.block7.norm.gain.rows.copy_(torch.rand(345, 12))
    path = save_base(tmp_path, base, {"sun": 1})
    index = CLASS_NAMES.index("sun")
    z = torch.randn(5, 4)
    of_base = base.ema(z, torch.full((5,), index))
    alone = Training(small, as_drawings(suns(20)))
    assert grow_from_base(alone, read_base(path), ["sun"])
    assert (alone.ema(z) - of_base).abs().max() < 0.01
    other_width = Training(replace(small, channels=9), as_drawings(suns(20)))
    assert not grow_from_base(other_width, read_base(path), ["sun"])


def test_the_base_is_trained_by_a_run_and_classes_grow_from_it(home, tmp_path, monkeypatch):
    monkeypatch.setattr("train.quality.typical.NUM_TRIED_BY_BASE", 32)
    drawings = suns(2)
    for class_name in CLASS_NAMES:
        write_class(tmp_path / "all", class_name, drawings)
    everything = home.with_source(str(tmp_path / "all"))
    ordered = order(everything, class_name="base", class_names=CLASS_NAMES, num_steps=3, replace=True)
    finish(create_run(home.runs, ordered, begin=True), everything)
    assert (home.checkpoints / "_base.safetensors").exists()
    cards = Sampler([home.checkpoints]).cards()
    assert set(cards) == set(CLASS_NAMES) and all(card.is_draft for card in cards.values())
    notices = []
    run = create_run(home.runs, order(home, num_steps=1, config=replace(SMALL, from_base=True)), begin=True)
    list(execute(run, home, notify=notices.append))
    assert FROM_BASE in notices

    content = (home.checkpoints / "_base.safetensors").read_bytes()
    shorter = create_run(home.runs, replace(ordered, num_steps=2, replace=False), begin=True)
    finish(shorter, everything)
    assert (home.checkpoints / "_base.safetensors").read_bytes() == content
    assert shorter.status().promotion == "kept"


def test_a_run_saves_checkpoint_sheets_curves_and_animation(home):
    run = create_run(home.runs, order(home), begin=True)
    progress = finish(run, home)
    assert progress[-1].step == 6
    assert run.status().state == "done" and "can be drawn" in run.status().sentence
    card, _ = load_checkpoint(home.checkpoints / "sun.safetensors")
    assert card.trained_on == {"sun": 240} and card.images_seen == 48
    assert {"top1", "real_top1", "copies"} <= set(card.metrics)
    for name, kind in (("sheet.png", "PNG"), ("losses.png", "PNG"), ("training.gif", "GIF")):
        with Image.open(run.folder / name) as picture:
            assert picture.format == kind
    assert (run.folder / "losses.svg").read_text(encoding="utf-8").lstrip().startswith("<?xml")
    with Image.open(run.sheets()[-1]) as picture:
        drawn = Sampler([home.checkpoints]).draw(seeds_to_pictures("sun", 0, 64))
        assert np.abs(cut(picture).astype(int) - drawn).max() <= 2, "the sheet shows what the checkpoint draws"
    assert [json.loads(line)["step"] for line in (run.folder / "progress.jsonl").open()][-1] == 6


def test_an_interrupted_run_continues_from_its_snapshot(home):
    run = create_run(home.runs, order(home, num_steps=150), begin=True)
    work = execute(run, home)
    next(work)
    work.close()
    assert run.status().state == "running" and not is_held(run.folder / "lock")
    stopped_at = run.progress()[-1].step
    assert 0 < stopped_at < 150
    finish(run, home)
    steps = [entry.step for entry in run.progress()]
    assert steps[-1] == 150 and steps == sorted(set(steps))


def test_an_epoch_of_a_run_sees_every_drawing_once(home):
    run = create_run(home.runs, order(home, num_steps=None, epochs=1, class_names=("stop sign",)), begin=True)
    assert finish(run, home)[-1].step == 4


def test_a_mixture_learns_from_all_its_classes(home):
    run = create_run(home.runs, order(home, class_name="sun+stop sign", class_names=("sun", "stop sign")), begin=True)
    finish(run, home)
    card, _ = load_checkpoint(home.checkpoints / "sun+stop-sign.safetensors")
    assert card.trained_on == {"sun": 240, "stop sign": 32}


def test_a_stopped_run_keeps_a_usable_checkpoint(home):
    run = create_run(home.runs, order(home, num_steps=100_000), begin=True)
    for progress in execute(run, home):
        if progress.step > promotion_module.MIN_STEPS:
            run.ask_to_stop()
    assert (run.status().state, run.status().promotion) == ("stopped", "promoted")
    assert load_checkpoint(home.checkpoints / "sun.safetensors")


def test_a_run_stopped_too_early_promotes_nothing(home, monkeypatch):
    monkeypatch.setattr(promotion_module, "MIN_STEPS", 10**9)
    run = create_run(home.runs, order(home, num_steps=100_000), begin=True)
    for _ in execute(run, home):
        run.ask_to_stop()
    assert (run.status().state, run.status().promotion) == ("stopped", "too_early")
    assert not home.checkpoints.exists()


def test_a_run_stopped_before_its_first_step_has_not_failed(home, monkeypatch):
    start = execute_module._start

    def start_and_stop(run: Run, *rest: object) -> None:
        start(run, *rest)
        run.ask_to_stop()

    run = create_run(home.runs, order(home), begin=True)
    with monkeypatch.context() as patched:
        patched.setattr(execute_module, "_start", start_and_stop)
        assert finish(run, home) == []
    assert (run.status().state, run.status().promotion) == ("stopped", "too_early")
    run.resume()
    assert finish(run, home)[-1].step == 6 and run.status().state == "done"


def test_errors_distinguish_a_full_disk_from_missing_permissions():
    assert "free some space" in sentence_for(OSError(28, "No space left on device"))
    forbidden = sentence_for(PermissionError(13, "Permission denied", "runs"))
    assert "permissions" in forbidden and "space" not in forbidden


def test_an_interruption_after_a_snapshot_counts_as_no_failed_attempt(home):
    run = create_run(home.runs, order(home, num_steps=100_000), begin=True)
    for _ in range(execute_module.MAX_ATTEMPTS + 2):
        work = execute(run, home)
        next(work)
        work.close()
    assert run.status().state == "running" and run.status().attempts == 0


def test_an_attempt_with_progress_resets_the_count_of_attempts(home):
    run = create_run(home.runs, order(home, num_steps=100_000), begin=True)
    run.set_state("running", attempts=execute_module.MAX_ATTEMPTS - 1)
    work = execute(run, home)
    next(work)
    work.close()
    assert run.status().state == "running" and run.status().attempts == 0


def test_a_run_stopped_in_the_queue_does_not_start(home):
    run = create_run(home.runs, order(home))
    run.ask_to_stop()
    assert finish(run, home) == [] and run.status().state == "stopped"
    run.resume()
    assert finish(run, home)[-1].step == 6 and run.status().state == "done"


def diverge_at(monkeypatch, steps: dict[int, float]) -> None:
    """Make the losses diverge at some steps while the learning rate is above a limit. steps: step to limit."""
    advance = Training.advance

    def advance_or_diverge(self) -> tuple[float, float]:
        losses = advance(self)
        rate = self.config.learning_rate * 0.5**self.halvings
        if rate > steps.get(self.step, math.inf):
            with torch.no_grad():
                self.generator.to_grid.weight.fill_(math.nan)
        return losses

    monkeypatch.setattr(Training, "advance", advance_or_diverge)


def test_diverging_losses_roll_back_and_continue_at_half_the_rate(home, monkeypatch):
    diverge_at(monkeypatch, {4: SMALL.learning_rate * 0.4})
    monkeypatch.setattr(recorder_module, "_save_snapshot", lambda *_: None)  # no later snapshot to roll back to
    run = create_run(home.runs, order(home), begin=True)
    sentences = []
    monkeypatch.setattr(Run, "set_state", _recording(sentences))
    assert finish(run, home)[-1].step == 6
    assert run.status().state == "done" and "halved twice" in run.status().sentence
    assert any("Went back to step 0 and halved the learning rate" in sentence for sentence in sentences)
    _, generator = load_checkpoint(home.checkpoints / "sun.safetensors")
    assert all(weight.isfinite().all() for weight in generator.state_dict().values())


def _recording(sentences: list[str]):
    set_state = Run.set_state

    def set_and_record(self, state: str, sentence: str = "", **changes: object) -> None:
        sentences.append(sentence)
        set_state(self, state, sentence, **changes)

    return set_and_record


def test_losses_that_keep_diverging_end_the_run_with_one_sentence(home, monkeypatch):
    diverge_at(monkeypatch, {2: 0.0})
    run = create_run(home.runs, order(home), begin=True)
    with pytest.raises(TrainingError, match="diverged 4 times"):
        finish(run, home)
    assert run.status().state == "failed"
    training = Training(SMALL, as_drawings(suns(20)))
    assert run.load_snapshot(training) and training.is_finite(), "the last good snapshot is kept"


@pytest.mark.slow
def test_after_a_rollback_a_resumed_run_is_bit_equal_to_an_uninterrupted_one(home, monkeypatch):
    diverge_at(monkeypatch, {3: SMALL.learning_rate * 0.8})
    monkeypatch.setattr(recorder_module, "MEASURE_STEPS", 2)  # a report, and so a chance to interrupt, every other step
    monkeypatch.setattr(recorder_module, "_save_snapshot", lambda *_: None)  # no later snapshot to roll back to
    weights = []
    for interrupted_at in (None, 1):
        run = create_run(home.runs, order(home, class_name=f"sun {interrupted_at}", num_steps=8), begin=True)
        if interrupted_at:
            work = execute(run, home)
            while next(work).step < 6:
                pass
            work.close()
        finish(run, home)
        _, generator = load_checkpoint(checkpoint_path(run.folder, run.status().order.class_name))
        weights.append(generator.state_dict())
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_a_finished_run_can_be_trained_longer(home):
    run = create_run(home.runs, order(home, requested_by="page"), begin=True)
    finish(run, home)
    assert run.status().state == "done" and run.snapshot_path.exists()
    run.resume(more_seconds=1.5)
    longer = finish(run, home)
    assert run.status().state == "done" and longer[-1].step > 6 and longer[0].step > 6
    assert run.status().order.seconds > 1.5


def test_stopping_a_run_whose_worker_died_keeps_what_it_learned(home):
    run = create_run(home.runs, order(home, num_steps=100_000), begin=True)
    work = execute(run, home)
    while next(work).step < promotion_module.MIN_STEPS:
        pass
    work.close()
    run.ask_to_stop()
    assert finish(run, home) == []
    assert (run.status().state, run.status().promotion) == ("stopped", "promoted")


def test_a_run_killed_again_and_again_while_measuring_fails(home, monkeypatch):
    class Killed(BaseException):
        pass

    def killed(*_: object, **__: object) -> None:
        raise Killed

    monkeypatch.setattr(execute_module, "promote", killed)
    run = create_run(home.runs, order(home))
    for _ in range(1 + execute_module.MAX_ATTEMPTS):  # the first attempt made progress
        with pytest.raises(Killed):
            finish(run, home)
    with pytest.raises(TrainingError, match="memory ran out"):
        finish(run, home)


def test_a_run_that_makes_progress_before_each_kill_finishes(home, monkeypatch):
    class Killed(BaseException):
        pass

    def fit_one_step(training: Training, num_steps: int, *_: object):
        yield from itertools.islice(fit(training, num_steps, every=1), 1)
        if training.step < num_steps:
            raise Killed

    monkeypatch.setattr(recorder_module, "fit", fit_one_step)
    monkeypatch.setattr(recorder_module, "SNAPSHOT_SECONDS", 0.0)
    monkeypatch.setattr(recorder_module, "SNAPSHOT_SHARE", math.inf)
    num_kills = execute_module.MAX_ATTEMPTS + 2
    run = create_run(home.runs, order(home, num_steps=num_kills + 1))
    for _ in range(num_kills):
        with pytest.raises(Killed):
            finish(run, home)
    finish(run, home)
    assert run.status().state == "done"


def test_the_status_reports_a_full_disk_despite_it(home, monkeypatch):
    run = create_run(home.runs, order(home), begin=True)
    write_file = status_module.write_file

    def full(path, content) -> None:
        if (run.folder / "spare").exists() and path.name != "spare":
            raise OSError(28, "No space left on device")
        write_file(path, content)

    monkeypatch.setattr(status_module, "write_file", full)
    monkeypatch.setattr(runs_module, "write_file", full)
    monkeypatch.setattr(Run, "save_snapshot", lambda *_: full(run.snapshot_path, b""))
    with pytest.raises(OSError):
        finish(run, home)
    assert run.status().state == "failed" and "free some space" in run.status().sentence


def test_undo_swaps_the_checkpoint_with_the_one_it_replaced(home):
    for class_name in ("sun", "moon"):
        make_checkpoint(home.checkpoints, class_name)
    first = (home.checkpoints / "sun.safetensors").read_bytes()
    with pytest.raises(ValueError, match="nothing can be undone"):
        undo(home, "sun")
    finish(create_run(home.runs, order(home, num_steps=1), begin=True), home)
    second = (home.checkpoints / "sun.safetensors").read_bytes()
    for expected in (first, second, first):
        undo(home, "sun")
        assert (home.checkpoints / "sun.safetensors").read_bytes() == expected
    promotion_module.replaced_path(home, "sun.safetensors").write_bytes(b"broken")
    with pytest.raises(ValueError, match="damaged"):
        undo(home, "sun")
    assert (home.checkpoints / "sun.safetensors").read_bytes() == first


def test_an_undo_killed_before_its_last_step_loses_nothing(home, monkeypatch):
    make_checkpoint(home.checkpoints, "sun")
    first = (home.checkpoints / "sun.safetensors").read_bytes()
    finish(create_run(home.runs, order(home, num_steps=1), begin=True), home)
    second = (home.checkpoints / "sun.safetensors").read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", Mock(side_effect=KeyboardInterrupt))
        patched.setattr(promotion_module, "write_file", lambda path, content: path.write_bytes(content))
        with pytest.raises(KeyboardInterrupt):
            undo(home, "sun")
    for expected in (first, second, first):
        undo(home, "sun")
        assert (home.checkpoints / "sun.safetensors").read_bytes() == expected


def test_a_run_killed_after_promotion_keeps_the_checkpoint_it_replaced(home):
    make_checkpoint(home.checkpoints, "sun")
    first = (home.checkpoints / "sun.safetensors").read_bytes()
    run = create_run(home.runs, order(home, requested_by="page"), begin=True)
    finish(run, home)
    run.set_state("running", "Measuring.")  # as if killed just before it recorded the promotion
    finish(run, home)
    assert run.status().state == "done"
    assert promotion_module.replaced_path(home, "sun.safetensors").read_bytes() == first


def test_a_stop_request_survives_the_process_it_was_meant_for(home):
    run = create_run(home.runs, order(home, num_steps=100_000), begin=True)
    work = execute(run, home)
    next(work)
    work.close()
    run.ask_to_stop()
    assert finish(run, home) == [] and run.status().state == "stopped"


@pytest.fixture
def by_pixels(monkeypatch):
    """Distances between mean drawings, which a tiny network reduces in seconds."""

    def distance(self, generator, num_drawn=500):
        return float(np.abs(draw_seeds(generator, range(100)).mean(0) - self.held_back.mean(0)).mean())

    monkeypatch.setattr(GeneratorEvaluation, "distance", distance)


@pytest.mark.slow
@pytest.mark.usefixtures("by_pixels")
def test_a_worse_checkpoint_does_not_replace_a_better_one(home, hub, monkeypatch):
    good = create_run(
        home.runs, order(home, num_steps=150, config=replace(SMALL, channels=12, batch_size=16)), begin=True
    )
    finish(good, home)
    content = (home.checkpoints / "sun.safetensors").read_bytes()
    run = create_run(home.runs, order(home, num_steps=1, replace=False), begin=True)
    finish(run, home)
    assert (home.checkpoints / "sun.safetensors").read_bytes() == content
    assert run.status().promotion == "kept"

    monkeypatch.setenv("DOODLES_HUB", "you/doodles")
    push("you/doodles", [home.checkpoints / "sun.safetensors"])
    (home.checkpoints / "sun.safetensors").unlink()
    run = create_run(home.runs, order(home, num_steps=1, replace=False), begin=True)
    finish(run, home)
    assert not (home.checkpoints / "sun.safetensors").exists(), "nor does it replace one from the collection"
    assert run.status().promotion == "kept"

    (home.checkpoints / "sun.safetensors").write_bytes(content)
    run = create_run(home.runs, order(home, num_steps=1, replace=True), begin=True)
    finish(run, home)
    assert (home.checkpoints / "sun.safetensors").read_bytes() != content
    assert promotion_module.replaced_path(home, "sun.safetensors").read_bytes() == content


@pytest.mark.usefixtures("by_pixels")
def test_a_better_checkpoint_replaces_a_worse_one(home):
    make_checkpoint(home.checkpoints, "sun")
    content = (home.checkpoints / "sun.safetensors").read_bytes()
    finish(create_run(home.runs, order(home, num_steps=100, replace=False), begin=True), home)
    assert (home.checkpoints / "sun.safetensors").read_bytes() != content


def test_records_newer_than_the_snapshot_are_discarded(home):
    run = create_run(home.runs, order(home))
    (run.folder / "progress.jsonl").write_text('{"step": 300, "seconds": 1, "fra', encoding="utf-8")
    run.append(Progress(300, 1.0, 0.5, 9.0, 1.0, 1.0))
    (run.folder / "sheets").mkdir()
    (run.folder / "sheets" / "0000300.png").write_bytes(b"old")
    finish(run, home)
    assert max(entry.step for entry in run.progress()) == 6
    assert (run.folder / "sheets" / "0000300.png") not in run.sheets()


def test_a_failed_run_says_why_in_its_folder(home):
    run = create_run(home.runs, order(home, class_name="moon", class_names=("moon",)), begin=True)
    with pytest.raises(RuntimeError, match=r"no file “moon\.npy”"):
        finish(run, home)
    assert run.status().state == "failed" and "moon.npy" in run.status().sentence


def test_an_unexpected_error_fails_the_run_and_is_not_retried_forever(home, monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise MemoryError("no memory left")

    run = create_run(home.runs, order(home))
    with monkeypatch.context() as patch:
        patch.setattr(execute_module, "Training", broken)
        with pytest.raises(MemoryError):
            finish(run, home)
    assert run.status().state == "failed" and "not enough memory" in run.status().sentence

    dying = create_run(home.runs, order(home))
    dying.set_state("running", attempts=execute_module.MAX_ATTEMPTS)
    with pytest.raises(TrainingError, match=f"interrupted {execute_module.MAX_ATTEMPTS} times in a row"):
        finish(dying, home)
    assert dying.status().state == "failed"


def test_a_network_too_large_for_a_checkpoint_is_refused_before_training(home):
    config = replace(SUPERDEEP, depth=12)
    with pytest.raises(ValueError, match="2,500,000 at most"):
        finish(create_run(home.runs, order(home, config=config), begin=True), home)
    assert not list_runs(home.runs)[0].progress()


def test_a_run_stores_the_whole_config(home):
    run = create_run(home.runs, order(home))
    assert asdict(run.status().order.config) == asdict(SMALL)


def test_a_few_drawings_give_a_checkpoint_without_figures(home):
    run = create_run(home.runs, order(home, num_rows=3), begin=True)
    finish(run, home)
    assert run.status().state == "done", run.status().sentence
    card, _ = load_checkpoint(home.checkpoints / "sun.safetensors")
    assert card.metrics == {} and card.trained_on == {"sun": 3}


def test_no_training_sees_held_back_drawings(home, tmp_path):
    exact = load_drawings("sun", source=home.source)
    write_class(tmp_path / "more", "sun", suns(30, 9))
    fetched = fetch(order(home, also=str(tmp_path / "more")), home)
    seen = {drawing.tobytes() for drawing in fetched.drawings[np.arange(len(fetched.drawings))]}
    unseen = {drawing.tobytes() for drawing in exact[held_back(len(exact))]}
    assert len(fetched.drawings) == 270 and fetched.rows == {"sun": 270} and not seen & unseen
    for wrong, sentence in ((home.source, "the same folder as the data"), (str(tmp_path / "nowhere"), "no folder")):
        with pytest.raises(ValueError, match=sentence):
            order(home, also=wrong)


def test_the_base_sees_few_drawings_of_newcomers(home, tmp_path):
    for class_name in CLASS_NAMES:
        write_class(tmp_path / "all", class_name, suns(100 if class_name in NEWCOMERS else 2))
    rows = fetch(order(home, source=str(tmp_path / "all"), class_names=CLASS_NAMES), home).rows
    assert all(rows[class_name] == 44 for class_name in NEWCOMERS) and rows["sun"] == 2


def test_the_learning_rate_falls_to_its_final_fraction():
    training = Training(replace(SMALL, learning_rate=0.01, final_rate=0.1), as_drawings(suns(20)))
    rates = [training.generator_optimizer.param_groups[0]["lr"] for _ in fit(training, num_steps=10, every=1)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == pytest.approx(0.01, rel=0.05) and 0.001 <= rates[-1] < 0.002


def test_a_run_promotes_its_best_generator_not_its_last(home, monkeypatch):
    distances = iter([3.0, 1.0, 2.0, 9.0, 9.0, 9.0])
    monkeypatch.setattr(GeneratorEvaluation, "distance", lambda self, generator, num_drawn=500: next(distances))
    monkeypatch.setattr(recorder_module, "MEASURE_STEPS", 2)
    run = create_run(home.runs, order(home, num_steps=6), begin=True)
    assert [entry.distance for entry in finish(run, home) if entry.distance is not None] == [3.0, 1.0, 2.0]
    card, _ = load_checkpoint(home.checkpoints / "sun.safetensors")
    assert card.images_seen == 4 * SMALL.batch_size
