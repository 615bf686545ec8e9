"""Picked drawings are the ones that the evaluator recognises most surely, and each is still its seed."""

import pytest

from model.drawing.picking import filled_up, picked
from model.drawing.sampler import Sampler
from model.drawing.view import View, read_view
from tests.support.samples import SHIPPED, make_checkpoint


@pytest.fixture(scope="module")
def sampler() -> Sampler:
    return Sampler([SHIPPED])


def sureness(sampler: Sampler, view: View) -> float:
    found = sampler.recogniser.sureness(sampler.draw_all(view.pictures()), [view.class_name] * view.count)
    assert found is not None
    return float(found.mean())


@pytest.mark.parametrize("class_name", ["cat", "ant"])
def test_picked_drawings_are_far_more_recognisable_and_the_surest_comes_first(sampler, class_name):
    all_of_them, best = View(class_name, 1000, 16), picked(sampler, View(class_name, 1000, 16))
    assert sureness(sampler, best) > 1.8 * sureness(sampler, all_of_them)
    assert len(set(best.seeds)) == 16 and set(best.seeds) <= set(range(1000, 1064))
    alone = [sureness(sampler, View(class_name, seed)) for seed in best.seeds]
    assert alone == sorted(alone, reverse=True)
    assert picked(sampler, View(class_name, 1000, 16)) == best, "the same request picks the same seeds"


def test_a_link_and_a_command_hold_the_seeds(sampler):
    view = picked(sampler, View("cat", 1000, 5, 0.9))
    assert read_view(view.query()) == view and view.count == 5
    assert f"--seeds {','.join(map(str, view.seeds))}" in view.command()
    assert read_view("?class=cat&seeds=7,8,9") == View("cat", 7, 3), "consecutive seeds need no list"


def test_a_view_is_filled_up_with_picked_drawings_behind_its_own(sampler):
    view = filled_up(sampler, View("cat", seeds=(5, 3)), 6)
    assert view.seeds[:2] == (5, 3) and len(set(view.seeds)) == 6


def test_without_an_evaluator_nothing_is_picked(tmp_path):
    make_checkpoint(tmp_path, "cat", z_dim=64)
    assert picked(Sampler([tmp_path]), View("cat", 7, 3)) == View("cat", 7, 3)


@pytest.mark.parametrize("query", ["seeds=1,x", "seeds=-1,2", "seeds=" + "1," * 64 + "1", "seeds=1,3&keys=1,2"])
def test_wrong_seeds_are_one_sentence(query):
    with pytest.raises(ValueError, match=r"^[^\n]{10,160}$"):
        read_view(f"?class=cat&{query}")
