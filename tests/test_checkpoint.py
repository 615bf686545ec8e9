"""A checkpoint describes itself, and only an intact one is ever used."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save, save_file

from model.files.checkpoint import (
    FORMAT,
    MAX_BYTES,
    Card,
    check_name,
    checkpoint_path,
    load_checkpoint,
    read_card,
    save_checkpoint,
)
from model.files.weights import CheckpointError, content_hash
from model.files.writing import write_file
from model.networks.architectures import GENERATORS, architecture, build
from tests.support.samples import make_checkpoint


def metadata(path: Path) -> dict[str, str]:
    length = int.from_bytes(path.read_bytes()[:8], "little")
    return json.loads(path.read_bytes()[8 : 8 + length])["__metadata__"]


def forge(path: Path, tensors=None, card: dict | None = None, **header: str) -> None:
    """Replace parts of a checkpoint. Unless the hash is given, it's updated to match."""
    old = metadata(path)
    tensors = tensors or load_file(path)
    new_card = json.dumps(json.loads(old["card"]) | (card or {}))
    path.write_bytes(save(tensors, old | {"card": new_card, "sha256": content_hash(tensors)} | header))


@pytest.mark.parametrize("network", GENERATORS)
def test_loading_gives_what_was_saved(tmp_path, network):
    design = architecture(GENERATORS, network, {})
    card = Card("stop sign", design, "doodle", 640, {"stop sign": 55}, "folder", "thanks", {"frechet_distance": 0.5})
    generator = build(GENERATORS, design).eval()
    generator.typical_seeds = (7, 2**32 - 1)
    path = save_checkpoint(tmp_path, card, generator)
    assert path.name == "stop-sign.safetensors"
    assert path.stat().st_size <= MAX_BYTES
    loaded_card, loaded = load_checkpoint(path)
    assert loaded_card == card == read_card(path) and loaded.typical_seeds == (7, 2**32 - 1)
    z = torch.randn(4, generator.z_dim)
    assert (loaded(z) - generator(z)).abs().max() < 2 / 255


def test_the_header_has_format_licence_and_attribution(tmp_path):
    header = metadata(make_checkpoint(tmp_path))
    assert header["format"] == FORMAT and header["license"] == "CC-BY-4.0" and len(header["sha256"]) == 64
    assert json.loads(header["card"])["attribution"]


def test_every_truncation_is_refused(tmp_path):
    path = make_checkpoint(tmp_path)
    whole = path.read_bytes()
    for length in (0, 1, 7, 8, 100, 1000, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=r"cat\.safetensors"):
            load_checkpoint(path)


def test_any_flipped_bit_is_refused_or_harmless(tmp_path):
    path = make_checkpoint(tmp_path)
    whole = path.read_bytes()
    _, original = load_checkpoint(path)
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(whole), 200):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            _, generator = load_checkpoint(path)
        except CheckpointError as error:
            assert "\n" not in str(error)
        else:
            same = zip(generator.state_dict().values(), original.state_dict().values(), strict=True)
            assert all(torch.equal(a, b) for a, b in same), "a changed weight was accepted"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format": "endless-doodles/99"}, "another format"),
        ({"sha256": "0" * 64}, "does not match its hash"),
        ({"card": {"class_name": "dog"}}, "says that it draws “dog”"),
        ({"card": {"class_name": "../../cat"}}, "unreadable card"),
        ({"card": {"class_name": 7}}, "unreadable card"),
        ({"card": {"surprise": 1}}, "unreadable card"),
        ({"card": {"metrics": {"fd": "low"}}}, "unreadable card"),
        ({"card": {"architecture": {"network": "doodle", "z_dim": 9, "channels": 6, "num_classes": 1}}}, "do not fit"),
        ({"card": {"architecture": {"network": "doodle", "z_dim": 10**6}}}, "z_dim"),
        ({"card": {"architecture": {"network": "evil"}}}, "no network"),
        ({"card": {"architecture": {"network": []}}}, "unreadable card"),
        ({"card": {"trained_on": {"cat": 10**400}}}, "unreadable card"),
        ({"card": {"trained_on": {"\ud800": 1}}}, "unreadable card"),
        ({"card": {"trained_on": {"../secret": 1}}}, "unreadable card"),
        ({"card": {"recipe": "\ud800"}}, "unreadable card"),
        ({"card": {"recipe": "x" * 100_000}}, "unreadable card"),
        ({"card": {"source": "folder\nERROR root: all is lost"}}, "unreadable card"),
        ({"card": {"images_seen": -1}}, "unreadable card"),
        ({"card": {"metrics": {"fd": float("nan")}}}, "unreadable card"),
        ({"card": {"metrics": {"fd": 10**400}}}, "unreadable card"),
    ],
)
def test_a_forged_header_is_refused(tmp_path, change, sentence):
    path = make_checkpoint(tmp_path)
    forge(path, **change)
    with pytest.raises(CheckpointError, match=sentence):
        load_checkpoint(path)


@pytest.mark.parametrize("seeds", ["[1.5]", "[-1]", "[4294967296]", "{}", "[true]", "x", str(list(range(65)))])
def test_forged_typical_seeds_are_refused(tmp_path, seeds):
    path = make_checkpoint(tmp_path)
    forge(path, typical_seeds=seeds)
    with pytest.raises(CheckpointError, match="typical seeds"):
        load_checkpoint(path)


def test_non_finite_weights_are_refused(tmp_path):
    path = make_checkpoint(tmp_path)
    tensors = load_file(path)
    tensors["to_grid.weight"][0, 0] = float("nan")
    forge(path, tensors)
    with pytest.raises(CheckpointError, match="not all finite"):
        load_checkpoint(path)


def test_a_header_made_to_exhaust_the_reader_is_refused(tmp_path):
    path = make_checkpoint(tmp_path)
    path.write_bytes(save(load_file(path), metadata(path) | {"card": "[" * 200_000}))
    with pytest.raises(CheckpointError, match="unreadable card"):
        read_card(path)


@pytest.mark.parametrize("shape", [[0, 2**64 - 1], [2**62, 2**62], [-1]])
def test_an_impossible_shape_is_refused(tmp_path, shape):
    path = make_checkpoint(tmp_path)
    tensor = {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]}
    header = json.dumps({"__metadata__": metadata(path), "x": tensor}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(path)


def test_integer_statistics_are_refused(tmp_path):
    path = make_checkpoint(tmp_path)
    tensors = load_file(path)
    forge(path, tensors | {"block7.norm.norm.running_mean": tensors["block7.norm.norm.running_mean"].long()})
    with pytest.raises(CheckpointError, match="do not fit"):
        load_checkpoint(path)


def test_non_finite_weights_are_not_saved(tmp_path):
    design = architecture(GENERATORS, "doodle", {"channels": 6})
    generator = build(GENERATORS, design)
    with torch.no_grad():
        generator.to_grid.weight[0, 0] = 1e6  # infinite in half precision
    with pytest.raises(ValueError, match="not finite"):
        save_checkpoint(tmp_path, Card("cat", design, "", 0, {}, "", ""), generator)


def test_a_missing_or_extra_tensor_is_refused(tmp_path):
    path = make_checkpoint(tmp_path)
    tensors = load_file(path)
    forge(path, tensors | {"more": torch.zeros(1)})
    with pytest.raises(CheckpointError, match="do not fit"):
        load_checkpoint(path)
    forge(path, {name: tensor for name, tensor in tensors.items() if name != "to_grid.weight"})
    with pytest.raises(CheckpointError, match="do not fit"):
        load_checkpoint(path)


def test_a_pickle_is_never_opened(tmp_path):
    class Bomb:
        def __reduce__(self):
            return Path.touch, (tmp_path / "boom",)

    path = tmp_path / "cat.safetensors"
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(CheckpointError):
        load_checkpoint(path)
    torch.save({"weights": Bomb()}, path)
    with pytest.raises(CheckpointError):
        load_checkpoint(path)
    assert not (tmp_path / "boom").exists()


def test_an_oversized_file_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "cat.safetensors"
    save_file({"x": torch.zeros(MAX_BYTES // 4 + 100)}, path, {"format": FORMAT})
    with pytest.raises(CheckpointError, match="is larger than"):
        load_checkpoint(path)


def test_a_generator_too_large_for_a_checkpoint_is_not_saved(tmp_path):
    design = architecture(GENERATORS, "doodle", {"channels": 256})
    with pytest.raises(ValueError, match="at most"):
        save_checkpoint(tmp_path, Card("cat", design, "", 0, {}, "", ""), build(GENERATORS, design))
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch):
    write_file(tmp_path / "file", b"old")
    monkeypatch.setattr("os.fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        write_file(tmp_path / "file", b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"old")]


@pytest.mark.parametrize("name", ["", "../cat", "a/b", "cat\n", "x" * 121, "<b>", "   ", "cat\\dog", "cat²"])
def test_a_dangerous_name_is_refused(name):
    with pytest.raises(ValueError, match="can't name a checkpoint"):
        check_name(name)


def test_names_of_mixtures_and_recipes_are_accepted(tmp_path):
    assert checkpoint_path(tmp_path, check_name("cat+dog")).name == "cat+dog.safetensors"
    assert checkpoint_path(tmp_path, check_name("cat (superdeep)")).name == "cat-superdeep.safetensors"
