"""The same request gives the same drawing, and one bad file doesn't affect the others."""

import errno
import os
import threading
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from safetensors import safe_open
from safetensors.torch import save

from model.drawing.latents import MAX_SEED, Picture, morph_frames, seeds_to_pictures
from model.drawing.sampler import NoGeneratorError, Sampler
from model.files.weights import CheckpointError, content_hash
from model.quickdraw.classes import CLASS_NAMES
from studio.draw.draw_tab import _answer
from studio.shared.tiles import NOTHING, Tiles
from tests.support.samples import make_base, make_checkpoint
from train.training import draw_seeds


@pytest.fixture
def sampler(tmp_path):
    make_checkpoint(tmp_path, "cat", z_dim=64, channels=48)
    make_checkpoint(tmp_path, "stop sign")
    return Sampler([tmp_path])


def draw(sampler: Sampler, *seeds: int, class_name: str = "cat", psi: float = 1.0) -> np.ndarray:
    return sampler.draw([Picture(class_name, ((seed, 1.0),), psi) for seed in seeds])


def test_one_seed_gives_one_drawing_alone_or_in_a_grid(sampler):
    grid = draw(sampler, *range(64))
    for seed in (0, 7, 15, 16, 17, 63):
        assert_array_equal(draw(sampler, seed)[0], grid[seed])
    assert_array_equal(draw(sampler, *range(5, 25)), grid[5:25])


def test_a_mixture_is_found_even_if_a_link_has_lost_its_plus(tmp_path):
    make_checkpoint(tmp_path, "cat+dog")
    for text in ("cat dog", "dogs cat", "Dog+cat"):
        assert Sampler([tmp_path]).find(text) == "cat+dog"
    with pytest.raises(NoGeneratorError, match=r"“moon\+sun” has not been trained here yet"):
        Sampler([tmp_path]).find("sun+moon")


def test_another_sampler_draws_the_same(sampler, tmp_path):
    assert_array_equal(draw(sampler, 1, 2, 3), draw(Sampler([tmp_path]), 1, 2, 3))


def test_other_seeds_psi_and_styles_give_other_drawings(sampler):
    pictures = [
        Picture("cat", ((7, 1.0),)),
        Picture("cat", ((8, 1.0),)),
        Picture("cat", ((7, 1.0),), psi=0.5),
        Picture("cat", ((7, 1.0),), style=(3.0,)),
        Picture("cat", ((7, 1.0), (8, 1.0))),
    ]
    drawings = sampler.draw(pictures)
    assert len({drawing.tobytes() for drawing in drawings}) == len(pictures)


def test_pictures_of_several_classes_come_back_in_order(sampler):
    mixed = [Picture(name, ((seed, 1.0),)) for seed in range(4) for name in ("cat", "stop sign")]
    drawings = sampler.draw(mixed)
    assert_array_equal(drawings[::2], draw(sampler, *range(4)))
    assert_array_equal(drawings[1::2], draw(sampler, *range(4), class_name="stop sign"))


def test_a_morph_starts_at_one_drawing_and_ends_at_the_other(sampler):
    frames = sampler.draw(morph_frames("cat", [7, 12], 64))
    ends = draw(sampler, 7, 12)
    assert_array_equal(frames[[0, -1]], ends)
    jumps = np.abs(np.diff(frames.astype(int), axis=0)).mean((1, 2))
    assert jumps.max() < np.abs(ends[0].astype(int) - ends[1]).mean(), "no jump is as large as from end to end"


def test_bad_files_are_left_out_and_logged_once(sampler, tmp_path, caplog):
    (tmp_path / "dog.safetensors").write_bytes(b"not a checkpoint")
    (tmp_path / "apple.safetensors").write_bytes((tmp_path / "cat.safetensors").read_bytes()[:5000])
    (tmp_path / "moon.safetensors").write_bytes((tmp_path / "cat.safetensors").read_bytes())
    assert set(sampler.cards()) == {"cat", "stop sign"}
    sampler.cards()
    assert len(caplog.messages) == 3, "one sentence for each file, logged once"
    with pytest.raises(CheckpointError, match=r"apple\.safetensors is damaged"):
        sampler.find("apple")
    assert draw(sampler, 1).shape == (1, 28, 28)


def test_a_file_damaged_later_gives_one_sentence_and_the_rest_works(sampler, tmp_path):
    path = tmp_path / "cat.safetensors"
    content = bytearray(path.read_bytes())
    content[-100] ^= 255
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"cat\.safetensors is damaged"):
        draw(sampler, 1)
    assert draw(sampler, 1, class_name="stop sign").shape == (1, 28, 28)


def test_a_file_that_cannot_be_opened_for_a_moment_is_drawn_the_next_time(sampler, tmp_path, monkeypatch):
    expected = draw(Sampler([tmp_path]), 7)
    sampler.cards()
    with monkeypatch.context() as patched:
        trouble = CheckpointError("cat.safetensors can't be read (Too many open files).")
        trouble.__cause__ = OSError(errno.EMFILE, "Too many open files")
        patched.setattr("model.drawing.sampler.load_checkpoint", Mock(side_effect=trouble))
        with pytest.raises(CheckpointError, match="Too many open files"):
            draw(sampler, 7)
    assert "cat" in sampler.cards() and np.array_equal(draw(sampler, 7), expected)


def test_a_new_and_a_replaced_checkpoint_are_noticed(sampler, tmp_path):
    before = draw(sampler, 7)
    make_checkpoint(tmp_path, "cat")
    os.utime(tmp_path / "cat.safetensors", ns=(1, 1))
    assert not np.array_equal(draw(sampler, 7), before)
    make_checkpoint(tmp_path, "sun")
    assert draw(sampler, 7, class_name="sun").shape == (1, 28, 28)


def test_earlier_folders_take_precedence(tmp_path):
    make_checkpoint(tmp_path / "own", "cat")
    make_checkpoint(tmp_path / "other", "cat")
    make_checkpoint(tmp_path / "other", "dog")
    both = Sampler([tmp_path / "own", tmp_path / "other"])
    assert set(both.cards()) == {"cat", "dog"}
    assert_array_equal(draw(both, 3), draw(Sampler([tmp_path / "own"]), 3))


def test_another_class_with_the_same_file_name_is_never_drawn_instead(tmp_path):
    make_checkpoint(tmp_path / "home", "Cat")
    make_checkpoint(tmp_path / "shipped", "cat")
    both = Sampler([tmp_path / "home", tmp_path / "shipped"])
    assert set(both.cards()) == {"Cat", "cat"} and both.find("CAT") == "cat"
    for name, folder in (("Cat", "home"), ("cat", "shipped")):
        alone = draw(Sampler([tmp_path / folder]), 1, 2, class_name=name)
        assert_array_equal(draw(both, 1, 2, class_name=name), alone)


def test_the_base_draws_classes_without_their_own_checkpoint(sampler, tmp_path):
    own = draw(sampler, 1)
    _, base = make_base(tmp_path)
    cards = sampler.cards()
    assert set(cards) == set(CLASS_NAMES) and list(cards)[:2] == ["cat", "stop sign"]
    assert [name for name, card in cards.items() if not card.is_draft] == ["cat", "stop sign"]
    assert cards["sun"].trained_on == {"sun": 44}
    assert_array_equal(draw(sampler, 1), own)
    places = [CLASS_NAMES.index("sun"), CLASS_NAMES.index("moon")]
    of_base = [draw_seeds(base.ema, range(5), [place] * 5) for place in places]
    for name, expected in zip(("sun", "moon"), of_base, strict=True):
        assert np.abs(draw(sampler, *range(5), class_name=name).astype(int) - expected).max() <= 2
    assert np.abs(of_base[0].astype(int) - of_base[1]).max() > 8


def test_a_damaged_base_does_not_affect_other_classes(sampler, tmp_path, caplog):
    path, _ = make_base(tmp_path)
    content = bytearray(path.read_bytes())
    content[-100] ^= 255
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="is damaged"):
        draw(sampler, 1, class_name="sun")
    assert set(sampler.cards()) == {"cat", "stop sign"}
    path.write_bytes(b"not a base")
    assert set(sampler.cards()) == {"cat", "stop sign"}
    assert draw(sampler, 1).shape == (1, 28, 28)


@pytest.mark.parametrize(
    "header",
    [
        {"rows": '{"cat": Infinity}'},
        {"rows": '{"cat": 1e999}'},
        {"rows": '{"cat": -1}'},
        {"rows": "[" * 100_000},
        {"images_seen": "1e400"},
        {"images_seen": "null"},
        {"generator": "7"},
        {"generator": '{"num_classes": 345}'},
        {"generator": '{"network": "doodle", "num_classes": 345, "channels": 1e9}'},
        {"discriminator": '{"network": "doodle", "num_classes": 2}'},
    ],
)
def test_a_base_with_a_false_header_is_left_out(sampler, tmp_path, header):
    path, _ = make_base(tmp_path)
    with safe_open(path, "pt") as file:
        tensors, old = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118
    path.write_bytes(save(tensors, old | header))
    assert draw(sampler, 1).shape == (1, 28, 28)
    with pytest.raises(ValueError, match=r"_base\.safetensors|not been trained"):
        draw(sampler, 1, class_name="sun")


def lose(tensors: dict, name: str) -> None:
    del tensors[name]


def swap(name: str, tensor: torch.Tensor):
    return lambda tensors: tensors.update({name: tensor})


@pytest.mark.parametrize(
    "forge",
    [
        lambda tensors: lose(tensors, "generator.block14.norm.bias.shared"),
        lambda tensors: lose(tensors, "generator.class_embedding"),
        swap("generator.class_embedding", torch.zeros(1, 128)),
        swap("generator.class_embedding", torch.zeros(345, dtype=torch.int64)),
        swap("generator.block14.norm.bias.rows", torch.zeros(())),
        swap("generator.block14.norm.bias.rows", torch.full((345, 12), 1e300, dtype=torch.float64)),
        swap("generator.block14.norm.bias.rows", torch.full((345, 12), float("nan"))),
        swap("generator.block14.norm.bias.rows", torch.zeros(345, 12).to(torch.float8_e4m3fn)),
        swap("generator.more", torch.zeros(3)),
    ],
)
def test_a_base_whose_weights_contradict_its_header_gives_one_sentence(sampler, tmp_path, forge):
    path, _ = make_base(tmp_path)
    with safe_open(path, "pt") as file:
        tensors, old = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118
    forge(tensors)
    path.write_bytes(save(tensors, old | {"sha256": content_hash(tensors)}))
    with pytest.raises(CheckpointError, match=r"_base\.safetensors can't be used"):
        draw(sampler, 1, class_name="sun")
    assert draw(sampler, 1).shape == (1, 28, 28)


def test_a_damaged_checkpoint_is_replaced_by_the_next_folders(tmp_path):
    make_checkpoint(tmp_path / "own", "cat")
    make_checkpoint(tmp_path / "other", "cat", channels=9)
    path = tmp_path / "own" / "cat.safetensors"
    content = bytearray(path.read_bytes())
    content[-100] ^= 255
    path.write_bytes(content)
    both = Sampler([tmp_path / "own", tmp_path / "other"])
    assert_array_equal(draw(both, 3), draw(Sampler([tmp_path / "other"]), 3))


def test_errors_distinguish_untrained_from_unknown_classes(sampler):
    assert sampler.find("Stop_Sign") == "stop sign"
    with pytest.raises(NoGeneratorError, match="“giraffe” has not been trained here"):
        sampler.find("giraffe")
    with pytest.raises(ValueError, match="There is no class “blorp”"):
        sampler.find("blorp")
    for nothing in (None, 5, ["cat"], {}):
        with pytest.raises(ValueError, match="must be a name"):
            sampler.find(nothing)


@pytest.mark.parametrize("number", [0, 65, 1000])
def test_the_number_of_drawings_is_bounded(sampler, number):
    with pytest.raises(ValueError, match="1 to 64"):
        sampler.draw([Picture("cat", ((1, 1.0),))] * number)


def test_many_threads_get_the_same_drawings_from_a_cold_start(sampler, tmp_path):
    expected, wrong = draw(sampler, *range(8)), []
    for _ in range(10):
        cold, start = Sampler([tmp_path]), threading.Barrier(8)

        def work(cold: Sampler = cold, start: threading.Barrier = start) -> None:
            start.wait()
            try:
                wrong.extend([] if np.array_equal(draw(cold, *range(8)), expected) else ["other pixels"])
            except ValueError as error:
                wrong.append(str(error))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


def test_consecutive_seeds_continue_at_0_and_their_number_is_bounded():
    pictures = seeds_to_pictures("cat", MAX_SEED, 3)
    assert [picture.mix[0][0] for picture in pictures] == [MAX_SEED, 0, 1]
    for count in (0, 65, 10**9, -1, 1.5, None, True):
        with pytest.raises(ValueError, match="1 to 64"):
            seeds_to_pictures("cat", 0, count)


def test_memory_holds_at_most_the_allowed_number_of_generators(tmp_path):
    names = ["cat", "dog", "sun", "moon"]
    for name in names:
        make_checkpoint(tmp_path, name)
    few = Sampler([tmp_path], max_loaded=2)
    for name in names:
        draw(few, 1, class_name=name)
    assert len(few._loaded) == 2


def test_drafts_drawn_at_once_equal_those_drawn_one_by_one(tmp_path):
    make_base(tmp_path)
    sampler = Sampler([tmp_path])
    names, seeds = ["cat", "sun", "The Mona Lisa"], [7, 7, MAX_SEED]
    alone = [draw(sampler, seed, class_name=name)[0] for name, seed in zip(names, seeds, strict=True)]
    assert np.abs(sampler.draw_drafts(names, seeds).astype(int) - np.stack(alone)).max() <= 1
    with pytest.raises(NoGeneratorError, match="no shared base"):
        Sampler([tmp_path / "nowhere"]).draw_drafts(names, seeds)


def test_a_screenful_shows_only_the_classes_that_the_page_has_listed(tmp_path):
    for name in ("cat", "dog", "sun"):
        make_checkpoint(tmp_path, name)
    tiles = Tiles(Sampler([tmp_path]))
    catalog = tiles.catalog(wall=0)
    before = tiles.screenful([0, 0, catalog["version"]])["sheet"]
    make_checkpoint(tmp_path, "cat+dog")  # it comes before dog in the list
    assert before and tiles.screenful([0, 0, catalog["version"]]) == NOTHING, "the page has to load the list again"
    again = tiles.catalog(wall=0)
    assert len(again["tiles"]) == 4 and tiles.screenful([0, 0, again["version"]])["sheet"] not in ("", before)


def test_drawings_and_figures_come_from_the_same_generator(sampler, tmp_path, monkeypatch):
    drawn = sampler.draw_all

    def draw_and_retrain(pictures):
        monkeypatch.setattr(sampler, "draw_all", drawn)
        drawings = drawn(pictures)
        make_checkpoint(tmp_path, "cat", z_dim=9)
        return drawings

    monkeypatch.setattr(sampler, "draw_all", draw_and_retrain)
    answer = _answer(sampler, "cat", [[7, 1, 1.0, []]])
    assert sampler.generator("cat").z_dim == 9 and answer == _answer(sampler, "cat", [[7, 1, 1.0, []]])
