"""The evaluator learns to tell classes apart, and only an intact file is ever used."""

import errno
from unittest.mock import Mock

import numpy as np
import pytest
import torch

from benchmarks.harness.drawings import suns
from model.drawing.recogniser import Recogniser
from model.files.classifiers import Report, load_evaluator, save_evaluator
from model.files.weights import CheckpointError
from model.networks.evaluator import Evaluator
from tests.support.samples import as_drawings
from train.classifier import ClassifierTraining, accuracy
from train.metrics import embed


def shapes() -> tuple[np.ndarray, np.ndarray]:
    """Suns (class 0), and the same with ink and paper swapped (class 1)."""
    drawings = suns(80)
    return np.concatenate([drawings, 255 - drawings]), np.repeat([0, 1], 80)


def test_it_tells_classes_apart_after_saving_and_loading_too(tmp_path):
    torch.set_num_threads(1)
    training = ClassifierTraining(as_drawings(*shapes()), Evaluator(8))
    lessons = list(training.run(128 * 120))
    assert lessons[-1].fraction == 1 and lessons[-1].step == 120
    drawings, classes = shapes()
    _, logits = embed(training.ema, drawings)
    assert (logits[:, :2].argmax(1).numpy() == classes).mean() > 0.9, "of the two classes it learned"
    path = tmp_path / "_evaluator.safetensors"
    report = Report(8, 128 * 120, 160, 0.5, 0.9, "made for a test")
    save_evaluator(path, training.ema, report)
    loaded, loaded_report = load_evaluator(path)
    assert loaded_report == report and (embed(loaded, drawings)[1] - logits).abs().max() < 0.1


def test_accuracy_counts_every_class_the_same():
    evaluator = ClassifierTraining(as_drawings(suns(2)), Evaluator(4)).ema
    with torch.no_grad():
        evaluator.to_logits.weight.zero_()
        evaluator.to_logits.bias.copy_(-torch.arange(345.0))
    classes = np.repeat([0, 3, 9], [60, 10, 10])
    assert accuracy(evaluator, as_drawings(suns(80), classes)) == pytest.approx((1 / 3, 2 / 3))


def test_a_damaged_evaluator_gives_one_sentence(tmp_path):
    path = tmp_path / "_evaluator.safetensors"
    save_evaluator(
        path, ClassifierTraining(as_drawings(suns(2)), Evaluator(4)).ema, Report(4, 0, 2, 0.0, 0.0, "made for a test")
    )
    content = bytearray(path.read_bytes())
    content[-20] ^= 255
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"_evaluator\.safetensors is damaged"):
        load_evaluator(path)
    save_evaluator(
        path, ClassifierTraining(as_drawings(suns(2)), Evaluator(4)).ema, Report(8, 0, 2, 0.0, 0.0, "made for a test")
    )
    with pytest.raises(CheckpointError, match="do not fit"):
        load_evaluator(path)


def test_a_file_that_cannot_be_opened_for_a_moment_is_used_the_next_time(tmp_path, monkeypatch):
    save_evaluator(tmp_path / "_evaluator.safetensors", Evaluator(4), Report(4, 1, 1, 0.5, 0.9, "made for a test"))
    recogniser = Recogniser([tmp_path])
    with monkeypatch.context() as patched:
        trouble = CheckpointError("It can't be read (Too many open files).")
        trouble.__cause__ = OSError(errno.EMFILE, "Too many open files")
        patched.setattr("model.drawing.recogniser.load_evaluator", Mock(side_effect=trouble))
        assert recogniser.evaluator() is None
    assert recogniser.evaluator() is not None


def test_trainings_with_different_seeds_share_no_batch(monkeypatch):
    seeds = []
    monkeypatch.setattr("train.classifier.torch.manual_seed", seeds.append)
    for seed in (0, 1):
        list(ClassifierTraining(as_drawings(suns(2)), Evaluator(4), seed).run(128 * 3))
    assert len(set(seeds)) == 6
