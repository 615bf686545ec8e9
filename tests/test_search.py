"""Strokes become a drawing like the dataset's, and the search finds the latent of a drawing."""

import json

import numpy as np
import pytest
import torch

from benchmarks.harness.drawings import REAL_DRAWINGS
from model.drawing import search as nearest
from model.drawing.latents import Picture, morph_frames, seeds_to_pictures
from model.drawing.recogniser import Recogniser
from model.drawing.sampler import Sampler
from model.drawing.search import likeness, search
from model.drawing.view import View
from model.files.classifiers import EVALUATOR_NAME
from model.quickdraw.strokes import MAX_POINTS, MAX_STROKES, check_strokes, rasterise
from studio.yours.yours_actions import YoursActions
from tests.support.samples import SHIPPED, make_checkpoint
from train.drawings import held_back

needs_real = pytest.mark.skipif(not REAL_DRAWINGS.is_dir(), reason="no real drawings on this machine")


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def no_time_limit(monkeypatch):
    """Let a slow machine finish the search, too."""
    monkeypatch.setattr(nearest, "MAX_SECONDS", 600.0)


@pytest.fixture(scope="module")
def sampler() -> Sampler:
    return Sampler([SHIPPED])


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser([SHIPPED])


def found(sampler: Sampler, recogniser: Recogniser, class_name: str, drawing: np.ndarray) -> np.ndarray:
    """The drawing that the search ends with, drawn like any other picture."""
    *_, last = search(sampler.generator(class_name), drawing, recogniser.evaluator())
    return sampler.draw([Picture(class_name, ((last.latent, 1.0),))])[0]


def best_seed(sampler: Sampler, class_name: str, drawing: np.ndarray, num_seeds: int = 1000) -> float:
    seeds = range(0, num_seeds, 50)
    drawings = np.concatenate([sampler.draw(seeds_to_pictures(class_name, seed, 50)) for seed in seeds])
    return max(likeness(other, drawing) for other in drawings)


@pytest.mark.parametrize("class_name", ["cat", "The Mona Lisa"])
def test_a_generators_own_drawing_is_found_almost_exactly(sampler, recogniser, class_name):
    (drawing,) = sampler.draw(seeds_to_pictures(class_name, 1_000_000))
    assert likeness(found(sampler, recogniser, class_name, drawing), drawing) > 0.9


@needs_real
@pytest.mark.parametrize("class_name", ["apple", pytest.param("star", marks=pytest.mark.slow)])
def test_the_search_gets_closer_to_a_held_back_drawing_than_any_of_a_thousand_seeds(sampler, recogniser, class_name):
    rows = np.load(REAL_DRAWINGS / f"{class_name}.npy", mmap_mode="r")
    drawing = np.array(rows[held_back(len(rows))[0]]).reshape(28, 28)
    alike = likeness(found(sampler, recogniser, class_name, drawing), drawing)
    assert alike > 0.7 and alike > best_seed(sampler, class_name, drawing) + 0.05


def test_the_same_drawing_gives_the_same_guesses_each_at_least_as_close(tmp_path, monkeypatch):
    make_checkpoint(tmp_path)
    monkeypatch.setattr(nearest, "STAGES", ((4, 12), (2, 12)))
    (drawing,) = Sampler([tmp_path]).draw(seeds_to_pictures("cat", 5))
    guesses = list(search(Sampler([tmp_path]).generator("cat"), drawing))
    assert guesses == list(search(Sampler([tmp_path]).generator("cat"), drawing))
    assert [guess.gap for guess in guesses] == sorted((guess.gap for guess in guesses), reverse=True)
    assert guesses[0].fraction == 0 and guesses[-1].fraction == 1 and len(guesses) > 3


def test_a_search_that_takes_too_long_ends_with_the_best_so_far(tmp_path, monkeypatch):
    make_checkpoint(tmp_path)
    monkeypatch.setattr(nearest, "MAX_SECONDS", 0.0)
    sampler = Sampler([tmp_path])
    guesses = list(search(sampler.generator("cat"), sampler.draw(seeds_to_pictures("cat", 5))[0]))
    assert len(guesses) == 2 and guesses[-1].fraction == 1


def test_a_latent_can_replace_a_seed(tmp_path):
    make_checkpoint(tmp_path)
    sampler = Sampler([tmp_path])
    numbers = tuple(np.random.RandomState(7).standard_normal(8).tolist())
    (seven,) = sampler.draw(seeds_to_pictures("cat", 7))
    assert np.array_equal(sampler.draw([Picture("cat", ((numbers, 1.0),))])[0], seven)
    assert np.array_equal(
        sampler.draw(morph_frames("cat", [numbers, 12], 9)), sampler.draw(morph_frames("cat", [7, 12], 9))
    )
    with pytest.raises(ValueError, match="has 3 numbers, but this generator takes 8"):
        sampler.draw([Picture("cat", (((1.0, 2.0, 3.0), 1.0),))])


@pytest.mark.parametrize("bad", [(), (float("nan"),), ("1",), (9.0,), (None,), (True,), (0.0,) * 2000, ((0.0,),)])
def test_a_latent_out_of_bounds_is_refused(bad):
    with pytest.raises(ValueError, match="latent"):
        Picture("cat", ((bad, 1.0),))


def test_strokes_are_as_large_and_thick_as_in_the_dataset():
    down = rasterise([[(0.5, 0.2), (0.5, 0.6)]])
    rows, columns = np.flatnonzero(down.any(1)), np.flatnonzero(down.any(0))
    assert (rows[0], rows[-1]) == (1, 26), "one pixel of paper above and below, as in the dataset"
    assert list(columns) == [13, 14], "in the middle"
    assert down[5:20].sum(1) / 255 == pytest.approx(16 * 28 / 304, abs=0.06), "16 of 304 units wide"
    square = [(0.1, 0.1), (0.3, 0.1), (0.3, 0.3), (0.1, 0.3), (0.1, 0.1)]
    elsewhere = [(2 * x + 0.2, 2 * y + 0.3) for x, y in square]
    assert likeness(rasterise([square]), rasterise([elsewhere])) > 0.99, "position and size don't matter"


def test_a_tap_is_a_dot_in_the_middle():
    dot = rasterise([[(0.9, 0.1)], [(0.9005, 0.1)]])
    assert dot[10:18, 10:18].sum() == dot.sum() and dot.max() > 100


@pytest.mark.parametrize(
    "sketch",
    [
        None,
        "draw me",
        {},
        [],
        [[]],
        ["stroke"],
        [[1, 2]],
        [[[0.1]]],
        [[["0.1", "0.2"]]],
        [[[0.1, float("nan")]]],
        [[[1e99, 0]]],
        [[[10**400, 0]]],
        [[[-0.1, 0.5]]],
        [[[True, False]]],
        [[[[0.1, 0.2], 0.3]]],
        [[[0.1, 0.2]]] * (MAX_STROKES + 1),
        [[[0.1, 0.2]] * (MAX_POINTS + 1)],
        [[[0.1, 0.2]] * 1_000_000] * 2,
        json.loads("[" * 500 + "]" * 500),
    ],
)
def test_a_hostile_sketch_gives_one_sentence(sketch):
    with pytest.raises(ValueError) as caught:
        check_strokes(sketch)
    assert len(str(caught.value)) < 160 and str(caught.value).endswith(".")


@needs_real
def test_the_recogniser_names_real_drawings(recogniser):
    rows = np.load(REAL_DRAWINGS / "star.npy", mmap_mode="r")
    named = [recogniser.top(np.array(rows[row]).reshape(28, 28))[0][0] for row in held_back(len(rows))[:20]]
    assert named.count("star") > 14


def test_without_an_evaluator_nothing_is_recognised_and_the_search_still_works(tmp_path, caplog):
    make_checkpoint(tmp_path)
    drawing = rasterise([[(0.2, 0.2), (0.8, 0.8)]])
    assert Recogniser([tmp_path]).top(drawing) == []
    (tmp_path / EVALUATOR_NAME).write_bytes(b"broken")
    broken = Recogniser([tmp_path])
    assert broken.top(drawing) == broken.top(drawing) == []
    assert len(caplog.records) == 1, "logged once"
    assert next(search(Sampler([tmp_path]).generator("cat"), drawing, broken.evaluator())).fraction == 0


def test_a_link_to_a_found_drawing_keeps_its_psi_and_style(sampler):
    actions = YoursActions(sampler)
    numbers = tuple(round(0.05 * place - 1.5, 3) for place in range(64))
    for view in (View("cat", latent=numbers), View("cat", latent=numbers, psi=0.5, style=(2.0, 0.0, -3.0))):
        html, (name, latent), _ = actions.open_link({"link": view.query()})
        found = sampler.draw([Picture(name, ((latent, 1.0),))])
        assert np.abs(found.astype(int) - sampler.draw(view.pictures())).max() <= 8, "up to the digits of a latent"
        assert json.dumps(latent) in html and (latent == numbers) == (view.psi == 1)
