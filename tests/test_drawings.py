"""Drawings to learn from and held-back drawings to measure with never overlap."""

import numpy as np
import pytest
import torch

from benchmarks.harness.drawings import suns
from train.drawings import ClassSampler, Drawings, held_back, learned


@pytest.mark.parametrize("count", [1, 4, 5, 55, 4181, 70_000])
def test_every_drawing_is_either_learned_from_or_held_back(count):
    both = np.concatenate([learned(count), held_back(count)])
    assert sorted(both) == list(range(count))


def test_a_longer_file_holds_back_the_same_drawings_and_more():
    assert set(held_back(55)) < set(held_back(4181)) < set(held_back(70_000))
    assert len(held_back(70_000)) == 2000


def test_drawings_are_read_by_row_from_a_file_on_disk(tmp_path):
    one, other = suns(20, 1), suns(10, 2)
    np.save(tmp_path / "one.npy", one)
    mapped = np.load(tmp_path / "one.npy", mmap_mode="r")
    drawings = Drawings([(3, mapped, np.array([5, 0])), (7, other, np.arange(10))])
    assert len(drawings) == 12 and drawings.classes.tolist() == [3, 3] + [7] * 10
    np.testing.assert_array_equal(drawings[np.array([1, 0, 11])], np.stack([one[0], one[5], other[9]]))


def test_classes_appear_in_proportion_to_the_square_root_of_their_drawings():
    classes = torch.from_numpy(np.repeat(np.arange(345), np.r_[400, 100, np.ones(343, int)]))
    drawn = classes[ClassSampler(classes).draw(20_000)].bincount(minlength=345)
    assert drawn[0] / drawn[1] == pytest.approx(2, rel=0.2) and (drawn > 0).all()
