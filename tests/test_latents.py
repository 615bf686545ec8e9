"""A seed gives the same drawing forever; a mix is as normal as its parts."""

import itertools

import numpy as np
import pytest

from model.drawing.latents import MAX_SEED, Picture, between, check_seed, latent, morph_frames, style_directions


def test_a_seed_gives_exactly_these_numbers_forever():
    assert latent([(7, 1.0)], 4) == pytest.approx([1.6905257, -0.46593738, 0.03282016, 0.40751627])
    assert latent([(MAX_SEED, 1.0)], 2) == pytest.approx(np.random.RandomState(MAX_SEED).standard_normal(2))


def test_a_longer_latent_starts_like_a_shorter_one():
    assert np.array_equal(latent([(3, 1.0)], 100)[:64], latent([(3, 1.0)], 64))


def test_a_weight_alone_changes_nothing_and_above_1_psi_scales():
    assert latent([(7, 0.3)], 8) == pytest.approx(latent([(7, 1.0)], 8))
    for typical in ((), (1, 2)):
        assert latent([(7, 1.0)], 8, 1.5, typical) == pytest.approx(latent([(7, 1.0)], 8) * 1.5)
        assert np.array_equal(latent([(7, 1.0)], 8, 1.0, typical), latent([(7, 1.0)], 8))
    assert latent([(7, 1.0)], 8, 0.5) == pytest.approx(latent([(7, 1.0)], 8) / 2), "nobody has looked for typical seeds"


def test_below_1_psi_leads_along_the_sphere_to_typical_seeds():
    typical, mix = (3, 4, 5, 6), [(7, 1.0)]
    path = np.stack([latent(mix, 64, psi, typical) for psi in np.linspace(1, 0, 101).tolist()])
    goals = np.stack([latent([(seed, 1.0)], 64) for seed in typical])
    lengths = np.linalg.norm(path, axis=1)
    assert lengths.min() > 0.9 * min(lengths[0], np.linalg.norm(goals, axis=1).min()), (
        "never near 0, where paper is blank"
    )
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    assert np.allclose(path[0], latent(mix, 64)) and steps.max() < 1.1 * steps.min()
    nearest = goals[(goals @ path[0] / np.linalg.norm(goals, axis=1)).argmax()]
    cosine = nearest @ path[-1] / np.linalg.norm(nearest) / lengths[-1]
    assert cosine > 0.9, "and it ends near the nearest of them"
    assert np.allclose(latent([(3, 1.0)], 64, 0.0, (3,)), goals[0], atol=1e-5)


def test_a_morph_of_typical_drawings_moves_in_small_steps_too():
    frames = [between("cat", 7, 12, t) for t in np.linspace(0, 1, 101).tolist()]
    path = np.stack([latent(frame.mix, 64, 0.3, tuple(range(20, 36))) for frame in frames])
    assert np.linalg.norm(np.diff(path, axis=0), axis=1).max() < 1.5, "of about 11 from one drawing to another"


def test_a_mix_is_as_long_as_a_seeds_latent():
    lengths = [np.linalg.norm(latent([(seed, 0.5), (seed + 1000, 0.5)], 64)) for seed in range(300)]
    assert np.mean(lengths) == pytest.approx(8.0, rel=0.02)


def test_a_morph_starts_and_ends_at_its_seeds_and_moves_in_small_steps():
    pictures = morph_frames("cat", [7, 12, 3], 65)
    assert pictures[0] == Picture("cat", ((7, 1.0),))
    assert pictures[32] == Picture("cat", ((12, 1.0),))
    assert pictures[-1] == Picture("cat", ((3, 1.0),))
    path = [latent(picture.mix, 64) for picture in pictures]
    steps = [np.linalg.norm(b - a) for a, b in itertools.pairwise(path)]
    assert max(steps) < 2 * np.mean(steps)


def test_a_position_in_a_morph_is_a_number_from_0_to_1():
    assert between("cat", 7, 12, 0.0) == Picture("cat", ((7, 1.0),))
    assert between("cat", 7, 12, 0.25).mix == ((7, 0.75), (12, 0.25))
    for bad in ("0.5", None, float("nan"), 1.5, -0.1, [0.5]):
        with pytest.raises(ValueError, match="use a number from 0 to 1"):
            between("cat", 7, 12, bad)


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1, 1.5, "7", None, True, float("nan"), float("inf"), 10**400])
def test_the_error_for_a_bad_seed_says_what_is_allowed(seed):
    with pytest.raises(ValueError, match="whole number from 0 to 4294967295"):
        check_seed(seed)


@pytest.mark.parametrize(
    "values",
    [
        {"mix": ()},
        {"mix": ((1, 1.0),) * 9},
        {"mix": ((1, 0.0),)},
        {"mix": ((1, float("nan")),)},
        {"mix": ((1, 1.0),), "psi": 2.5},
        {"mix": ((1, 1.0),), "psi": "wild"},
        {"mix": ((1, 1.0),), "style": (9.0,)},
        {"mix": ((1, 1.0),), "style": (1.0,) * 6},
    ],
)
def test_a_picture_out_of_bounds_is_refused(values):
    with pytest.raises(ValueError):
        Picture("cat", **values)


def test_style_directions_are_ordered_by_effect():
    weight = np.diag([1.0, 3.0, 2.0]).astype(np.float32)
    assert np.allclose(style_directions(weight), np.eye(3)[[1, 2, 0]])
