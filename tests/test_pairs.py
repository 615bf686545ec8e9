"""Classes turn into each other by mixing their generators. The page offers only measured pairs."""

import json

import numpy as np
import pytest

from model.drawing.latents import Picture, morph_frames
from model.drawing.partners import PAIRS_NAME, partners
from model.drawing.sampler import Sampler
from model.networks.evaluator import Evaluator
from tests.support.samples import make_checkpoint
from train.pairs import MIN_CONFIDENCE, measure_pairs, save_pairs


@pytest.fixture
def sampler(tmp_path):
    for class_name in ("cat", "dog", "bird"):
        make_checkpoint(tmp_path, class_name)
    return Sampler([tmp_path])


def test_a_morph_into_another_class_starts_and_ends_at_drawings_of_the_two_classes(sampler):
    way = sampler.draw(morph_frames("cat", [7, 9], 5, into="dog"))
    ends = sampler.draw([Picture("cat", ((7, 1.0),)), Picture("dog", ((9, 1.0),))])
    assert np.array_equal(way[0], ends[0]) and np.array_equal(way[-1], ends[1])
    assert not np.array_equal(way[2], ends[0]) and not np.array_equal(way[2], ends[1])


def test_generators_with_different_architectures_do_not_mix(tmp_path, sampler):
    make_checkpoint(tmp_path, "sun", channels=9)
    with pytest.raises(ValueError, match="different kinds"):
        sampler.draw([Picture("cat", ((7, 1.0),), into="sun", share=0.5)])


def test_a_generator_without_a_layout_mixes_with_one_that_has_one(tmp_path, sampler):
    """Checkpoints from before layouts keep their partners."""
    make_checkpoint(tmp_path, "sun", layout_rank=4)
    for one, other in (("cat", "sun"), ("sun", "cat")):
        pictures = [Picture(one, ((7, 1.0),), into=other, share=share) for share in (0.0, 0.5, 1.0)]
        start, middle, end = sampler.draw(pictures)
        ends = sampler.draw([Picture(each, ((7, 1.0),)) for each in (one, other)])
        assert np.array_equal([start, end], ends) and not any(np.array_equal(middle, each) for each in ends)


def test_a_style_and_a_second_class_cannot_be_combined():
    with pytest.raises(ValueError, match="belong to one class"):
        Picture("cat", ((7, 1.0),), style=(1.0,), into="dog", share=0.5)
    for share in (-0.1, 1.1, float("nan"), "1"):
        with pytest.raises(ValueError, match="second class"):
            Picture("cat", ((7, 1.0),), into="dog", share=share)


def test_partners_are_listed_best_first_while_their_measured_checkpoints_are_current(tmp_path, sampler):
    measured = {("cat", "dog"): 0.85, ("cat", "bird"): 0.95, ("dog", "bird"): 0.0}
    save_pairs(tmp_path, sampler, ["cat", "dog", "bird"], measured)
    assert partners(sampler, "cat") == ["bird", "dog"] and partners(sampler, "dog") == ["cat"]
    path = tmp_path / "bird.safetensors"
    path.unlink()
    assert partners(sampler, "cat") == ["dog"] and partners(sampler, "bird") == []
    make_checkpoint(tmp_path, "cat", channels=9)
    assert partners(sampler, "cat") == []


def test_pairs_are_measured_by_how_sure_the_evaluator_is_during_the_morph(sampler):
    measured = {
        (one, other): share for one, other, share in measure_pairs(Evaluator(4).eval(), sampler, ["cat", "dog"])
    }
    assert list(measured) == [("cat", "dog")]
    share = measured["cat", "dog"]
    assert share == 0 or MIN_CONFIDENCE <= share <= 1


def test_a_broken_file_of_pairs_offers_none(tmp_path, sampler):
    for broken in ("", "[]", "{}", json.dumps({"revisions": {"cat": 1}, "partners": {"cat": [2]}}), "[" * 100_000):
        (tmp_path / PAIRS_NAME).write_text(broken, encoding="utf-8")
        assert partners(sampler, "cat") == []
