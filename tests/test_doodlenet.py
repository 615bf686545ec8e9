"""DoodleNet is the published network, its figures follow the protocol, and nothing but the published file is used."""

import numpy as np
import pytest
import torch

from benchmarks.harness.drawings import REAL_DRAWINGS, suns
from model.networks.doodlenet import DoodleNet, doodlenet_from
from model.quickdraw.classes import CLASS_NAMES
from train.home import Home
from train.quality import doodlenet_figures, doodlenet_file
from train.quality.doodlenet_figures import RealDrawings, copies, kernel_distance, look, measure, tones
from train.quality.doodlenet_file import DoodleNetError, load_doodlenet

PUBLISHED = REAL_DRAWINGS.parents[1] / "doodlenet"
needs_published = pytest.mark.skipif(not PUBLISHED.is_dir(), reason="DoodleNet's files are not here")


@pytest.fixture(scope="module")
def network() -> DoodleNet:
    torch.manual_seed(0)
    return DoodleNet().eval().requires_grad_(False)


@needs_published
@pytest.mark.parametrize("class_name, share", [("star", 0.90), ("cat", 0.76), ("dog", 0.38)])
def test_it_recognises_real_drawings_as_often_as_published(tmp_path, monkeypatch, class_name, share):
    monkeypatch.setenv("DOODLES_DOODLENET", str(PUBLISHED))
    network = load_doodlenet(Home(tmp_path))
    drawings = np.load(REAL_DRAWINGS / f"{class_name}.npy", mmap_mode="r")[:1000].reshape(-1, 28, 28)
    recognised = look(network, drawings).logits.argmax(1) == CLASS_NAMES.index(class_name)
    assert float(recognised.double().mean()) == pytest.approx(share, abs=0.03)


@needs_published
def test_it_is_fetched_once_and_then_comes_from_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DOODLES_DOODLENET", str(PUBLISHED))
    first = load_doodlenet(Home(tmp_path))
    monkeypatch.setenv("DOODLES_DOODLENET", str(tmp_path / "gone"))
    again = load_doodlenet(Home(tmp_path))
    assert all(torch.equal(one, other) for one, other in zip(first.parameters(), again.parameters(), strict=True))
    (tmp_path / "cache" / "doodlenet" / doodlenet_file.WEIGHTS).write_bytes(b"damaged")
    with pytest.raises(DoodleNetError, match="can't be fetched"):
        load_doodlenet(Home(tmp_path))


@needs_published
def test_a_disk_that_takes_nothing_costs_only_another_download(tmp_path, monkeypatch):
    monkeypatch.setenv("DOODLES_DOODLENET", str(PUBLISHED))
    (tmp_path / "cache").write_text("in the way", encoding="utf-8")
    load_doodlenet(Home(tmp_path))


def test_many_references_are_compared_in_parts_with_the_same_result(monkeypatch):
    drawings, references = suns(20, 1), suns(50, 2)
    expected = copies(drawings, suns(20, 3), references)
    monkeypatch.setattr(doodlenet_figures, "REFERENCES_AT_ONCE", 7)
    assert copies(drawings, suns(20, 3), references) == expected


def test_another_file_is_refused_and_not_kept(tmp_path, monkeypatch):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / doodlenet_file.WEIGHTS).write_bytes(b"another network")
    monkeypatch.setenv("DOODLES_DOODLENET", str(tmp_path / "source"))
    with pytest.raises(DoodleNetError, match="its hash differs"):
        load_doodlenet(Home(tmp_path))
    assert not (tmp_path / "cache").exists()


def test_weights_are_read_in_keras_order():
    numbers = np.arange(sum(parameter.numel() for parameter in DoodleNet().parameters()), dtype="<f4")
    network = doodlenet_from(numbers.tobytes())
    assert network.convolutions[0].weight[5, 0, 1, 2] == (1 * 3 + 2) * 16 + 5  # height, width, in, out
    first_dense = numbers.size - 345 * 513 - 512 * 577
    assert network.dense.weight[7, 3] == first_dense + 3 * 512 + 7  # in, out
    with pytest.raises(ValueError, match="weights"):
        doodlenet_from(numbers.tobytes()[:-4])


def test_as_many_generated_as_real_drawings_are_compared_and_few_get_no_distance(network):
    drawings = suns(520)
    real = RealDrawings(drawings[:200], drawings[200:400], drawings[400:])
    figures = measure(network, drawings[100:500], real, [CLASS_NAMES.index("sun")])
    assert figures["n"] == 200 and {"frechet_distance", "real_frechet_distance", "recall", "real_kid"} <= figures.keys()
    few = measure(network, drawings, RealDrawings(drawings[:100], drawings[100:200], drawings[400:]), [0])
    assert few["n"] == 100 and "frechet_distance" not in few and "top1" in few


def test_the_kernel_distance_is_about_0_for_the_same_and_grows(network):
    seen = look(network, suns(400)).pooled
    same, other = kernel_distance(seen[:200], seen[200:]), kernel_distance(seen[:200], seen[200:] + 0.1)
    assert abs(same) < other / 10


def test_tones_are_shares_of_exact_pixels_and_of_exact_boxes():
    drawings = np.zeros((2, 28, 28), np.uint8)
    drawings[0, 1:27, 5] = 255  # 26 pixels high
    drawings[1, 1:20, 5] = 254
    assert tones(drawings) == pytest.approx({"paper": 1 - 45 / 1568, "full_ink": 26 / 1568, "boxed": 0.5})


def test_copies_are_found_though_they_are_shifted(network):
    drawings = suns(300)
    learned, held_back, fresh = drawings[:100], drawings[100:200], drawings[200:]
    assert copies(fresh, held_back, learned) < 0.1
    shifted = np.roll(learned, (1, -2), axis=(1, 2))
    assert copies(shifted, held_back, learned) > 0.95
