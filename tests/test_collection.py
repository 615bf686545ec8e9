"""A collection draws what was pushed, unchanged, even if the Hub is slow, failing or hostile."""

import base64
import hashlib
import io
import json
import shlex
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image

from model.__main__ import main as draw
from model.drawing.latents import seeds_to_pictures
from model.drawing.sampler import Sampler
from model.drawing.view import View
from model.exports.export import export
from model.files.folders import REPOSITORY
from model.files.weights import CheckpointError
from model.hub.collection import Collection
from model.hub.errors import HubError
from model.hub.index import MAX_INDEX_BYTES, read_index, write_index
from model.hub.live_index import IndexVersion
from model.quickdraw.classes import CLASS_NAMES
from model.quickdraw.images import cut
from studio.draw.draw_tab import _answer as answer_to
from studio.shared.export import export_view
from studio.shared.tiles import Tiles
from tests.support.hub import Hub
from tests.support.samples import make_base, make_checkpoint
from train.hub.push import push

REPO = "you/doodles"
NAME = f"models/{REPO}"


def index_of(hub: Hub, branch: str = "main") -> dict:
    return read_index(hub.repos[NAME].at(branch).files["index.json"])


def collection(tmp_path: Path, **options: object) -> Collection:
    return Collection(REPO, cache=tmp_path / "cache", **options)


def test_a_collection_draws_what_was_pushed(hub, tmp_path):
    path = make_checkpoint(tmp_path, "cat")
    push(REPO, [path])
    pictures = seeds_to_pictures("cat", 3, 4)
    remote = Sampler([], collection=collection(tmp_path))
    assert np.array_equal(remote.draw(pictures), Sampler([tmp_path]).draw(pictures))


def test_one_small_index_lists_all_classes(hub, tmp_path):
    entry = push_and_read(hub, tmp_path)["cat"]
    everything = {name: replace(entry, card=replace(entry.card, class_name=name)) for name in CLASS_NAMES}
    hub.repos[NAME].add("main", "all", {"index.json": write_index(everything)})
    hub.requests.clear()
    doodles = collection(tmp_path, refresh_seconds=0.0)
    assert set(doodles.cards()) == set(CLASS_NAMES)
    assert [request for request in hub.requests if request.startswith("GET")] == [
        f"GET /{REPO}/resolve/main/index.json"
    ]
    assert len(write_index(everything)) < MAX_INDEX_BYTES / 5


def push_and_read(hub: Hub, folder: Path, *names: str) -> dict:
    push(REPO, [make_checkpoint(folder, name) for name in names or ("cat",)])
    return index_of(hub)


def test_an_unchanged_index_costs_one_small_request(hub, tmp_path):
    push_and_read(hub, tmp_path)
    doodles = collection(tmp_path, refresh_seconds=0.0)
    doodles.cards()
    wait_until(lambda: not doodles.index.is_refreshing)
    hub.requests.clear()
    doodles.cards()
    wait_until(lambda: hub.requests and not doodles.index.is_refreshing)
    assert hub.requests == [f"HEAD /{REPO}/resolve/main/index.json"]


def wait_until(condition, seconds: float = 20) -> None:
    ends = time.monotonic() + seconds
    while not condition() and time.monotonic() < ends:
        time.sleep(0.02)
    assert condition()


def test_a_new_class_appears_while_the_collection_is_in_use(hub, tmp_path):
    push_and_read(hub, tmp_path / "a", "cat")
    sampler = Sampler([], collection=collection(tmp_path, refresh_seconds=0.0))
    assert set(sampler.cards()) == {"cat"}
    push_and_read(hub, tmp_path / "b", "dog")
    wait_until(lambda: set(sampler.cards()) == {"cat", "dog"})
    sampler.draw(seeds_to_pictures("dog", 1))


def test_a_pinned_collection_stays_as_it_was(hub, tmp_path):
    push_and_read(hub, tmp_path / "a", "cat")
    pinned = hub.repos[NAME].at("main").oid
    push_and_read(hub, tmp_path / "b", "dog")
    assert set(collection(tmp_path, revision=pinned).cards()) == {"cat"}


def test_cached_files_are_drawn_without_the_hub(hub, tmp_path, monkeypatch):
    push_and_read(hub, tmp_path / "a", "cat")
    pictures = seeds_to_pictures("cat", 0, 2)
    drawn = Sampler([], collection=collection(tmp_path)).draw(pictures)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    hub.requests.clear()
    assert np.array_equal(Sampler([], collection=collection(tmp_path)).draw(pictures), drawn)
    with pytest.raises(ValueError, match="HF_HUB_OFFLINE is set"):
        collection_path(tmp_path / "nowhere", IndexVersion(index_of(hub), "0" * 40))
    fresh = Sampler([tmp_path / "a"], collection=collection(tmp_path / "other"))
    assert np.array_equal(fresh.draw(pictures), drawn), "and local files can still be drawn"
    assert not hub.requests


def test_without_the_hub_a_collection_is_as_it_was_seen_last(hub, tmp_path, monkeypatch):
    """Also if its index came by its commit, which says nothing about the branch: from a pinned app, or from a push."""
    push_and_read(hub, tmp_path / "a", "zebra")
    for number in range(2):
        push_and_read(hub, tmp_path / f"b{number}", "zebra")
        by_commit = collection(tmp_path, revision=hub.repos[NAME].at("main").oid)
        pictures = seeds_to_pictures("zebra", 0, 2)
        drawn = Sampler([], collection=by_commit).draw(pictures)
        assert np.array_equal(Sampler([], collection=collection(tmp_path)).draw(pictures), drawn)
        with monkeypatch.context() as offline:
            offline.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
            assert np.array_equal(Sampler([], collection=collection(tmp_path)).draw(pictures), drawn)
        assert wait_for_index(tmp_path).commit == by_commit.index.current.commit


def wait_for_index(tmp_path: Path) -> IndexVersion:
    again = collection(tmp_path)
    again.cards()
    return again.index.current


def test_the_command_line_draws_nothing_rather_than_a_draft_instead(hub, tmp_path, monkeypatch, capsys):
    push_and_read(hub, tmp_path / "hub", "zebra")
    out = tmp_path / "zebra.png"
    monkeypatch.setenv("DOODLES_HUB", REPO)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    path = hub.repos[NAME].at("main").files
    damaged = {"classes/zebra.safetensors": path["classes/zebra.safetensors"][:-1] + b"x"}
    hub.repos[NAME].add("main", "damaged", damaged)
    assert draw(["zebra", "--out", str(out)]) == 2
    assert draw(["zebra", "--into", "cat", "--keys", "1,2", "--out", str(tmp_path / "zebra.gif")]) == 2
    assert "doesn't have the hash" in capsys.readouterr().err
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "nowhere"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert draw(["zebra", "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert "HF_HUB_OFFLINE is set" in said and "or unset DOODLES_HUB to draw without you/doodles." in said
    assert not out.exists()
    assert draw(["cat", "--out", str(out)]) == 0, "this installation has a file for it, which wins anyway"


def test_a_slow_hub_delays_no_drawing_with_a_cached_index(hub, tmp_path, monkeypatch):
    push_and_read(hub, tmp_path / "a", "cat")
    pictures = seeds_to_pictures("cat", 0, 2)
    Sampler([], collection=collection(tmp_path)).draw(pictures)
    monkeypatch.setattr("model.hub.collection.FIRST_SECONDS", 0.3)
    again = Sampler([], collection=collection(tmp_path))
    with hub.lock:  # so that the Hub can't answer
        wait_until(again.cards)  # from the cached index
        again.draw(pictures)
        assert again.collection.index.is_refreshing


def test_a_slow_download_delays_no_drawing(hub, tmp_path, monkeypatch):
    push_and_read(hub, tmp_path / "a", "cat")
    make_base(tmp_path / "base")
    sampler = Sampler([tmp_path / "base"], collection=collection(tmp_path))
    assert not sampler.cards()["cat"].is_draft
    with hub.lock, monkeypatch.context() as patched:  # so that the Hub can't answer
        patched.setattr("model.hub.fetch.FETCH_SECONDS", 0.2)
        sampler.draw(seeds_to_pictures("cat", 1))
        assert sampler.cards()["cat"].is_draft, "the base draws it in the meantime"
    wait_until(lambda: not sampler.cards()["cat"].is_draft)
    assert sampler.collection.path("cat").exists()
    assert sum(request.startswith("GET /cdn/") for request in hub.requests) == 1, "it is downloaded once"


def test_a_wall_waits_only_once_for_a_failing_hub_and_is_complete_afterwards(hub, tmp_path, monkeypatch):
    push_and_read(hub, tmp_path / "a", "cat", "dog", "sun", "tree")
    doodles = collection(tmp_path)
    tiles, whole = Tiles(Sampler([], collection=doodles)), Tiles(Sampler([tmp_path / "a"]))
    doodles.cards()
    doodles.path("dog")
    monkeypatch.setattr("model.hub.collection.DOWNLOADS_AT_ONCE", 2)
    monkeypatch.setattr("model.hub.fetch.FETCH_SECONDS", 0.5)
    hub.requests.clear()
    hub.faults = ["slow:2@cat.safetensors", "slow:2@sun.safetensors"]
    row = row_of(first_of(tiles), 4)
    assert [drawing.any() for drawing in row] == [False, True, False, False], "the cached file is drawn"
    assert not [request for request in hub.requests if "tree" in request], "no more files are requested"
    monkeypatch.setattr("model.hub.fetch.FETCH_SECONDS", 20.0)
    doodles.files._failures.clear()  # as if a minute had passed
    doodles.files._paused_until = 0.0
    assert np.array_equal(row_of(first_of(tiles), 4), row_of(first_of(whole), 4))


def test_a_walls_files_are_downloaded_at_the_same_time(hub, tmp_path, monkeypatch):
    push_and_read(hub, tmp_path / "a", "cat", "dog", "sun")
    doodles, whole = collection(tmp_path), Tiles(Sampler([tmp_path / "a"]))
    path, everyone, met = doodles.path, threading.Barrier(3, timeout=60), set()

    def path_when_all_are_requested(class_name: str) -> Path:
        if class_name not in met:
            met.add(class_name)
            everyone.wait()
        return path(class_name)

    monkeypatch.setattr(doodles, "path", path_when_all_are_requested)
    row = row_of(first_of(Tiles(Sampler([], collection=doodles))), 3)
    assert np.array_equal(row, row_of(first_of(whole), 3))


def test_a_draft_drawn_instead_of_a_damaged_checkpoint_is_shown_as_a_draft(hub, tmp_path):
    push_and_read(hub, tmp_path / "a", "cat")
    make_base(tmp_path / "base")
    sampler = Sampler([tmp_path / "base"], collection=collection(tmp_path))
    assert not sampler.cards()["cat"].is_draft
    hub.faults = ["tamper@GET /cdn/"] * 2
    assert "is a draft" in answer_to(sampler, "cat", [[7, 1, 1.0, []]])["origin"]


def first_of(tiles: Tiles) -> str:
    return tiles.screenful([0, 0, tiles.catalog()["version"]])["sheet"]


def row_of(url: str, columns: int) -> np.ndarray:
    return cut(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))), columns)


def test_drawing_a_class_again_causes_no_request(hub, tmp_path):
    push_and_read(hub, tmp_path / "a", "cat")
    doodles = collection(tmp_path, refresh_seconds=0.0)
    doodles.cards()
    path = doodles.path("cat")
    push_and_read(hub, tmp_path / "b", "dog")
    wait_until(lambda: set(doodles.cards()) == {"cat", "dog"})
    hub.requests.clear()
    assert doodles.path("cat") == path and not [request for request in hub.requests if "classes" in request]
    path.resolve().write_bytes(b"damaged")
    assert hashlib.sha256(doodles.path("cat").read_bytes()).hexdigest() == index_of(hub)["cat"].sha256


def test_an_old_files_failure_does_not_count_against_the_new_one(hub, tmp_path):
    push_and_read(hub, tmp_path / "a", "cat")
    doodles = collection(tmp_path)
    doodles.cards()
    old = doodles.index.current
    make_checkpoint(tmp_path / "b", "cat", z_dim=9)
    push(REPO, [tmp_path / "b" / "cat.safetensors"])
    doodles.index.refresh()
    hub.faults = ["tamper@GET /cdn/"] * 2
    with pytest.raises(CheckpointError, match="doesn't have the hash"):
        doodles.files.path(old.entries["cat"], old.commit)
    assert set(doodles.cards()) == {"cat"} and doodles.path("cat")
    hub.repos[NAME].add("main", "without", {"index.json": write_index({})})
    doodles.index.refresh()
    with pytest.raises(CheckpointError, match="no longer has “cat”"):
        doodles.path("cat")


def test_a_page_does_not_wait_long_for_a_pinned_collection(hub, tmp_path, monkeypatch):
    push(REPO, [make_checkpoint(tmp_path / "hub", "cat")])
    monkeypatch.setenv("DOODLES_HUB", f"{REPO}@{hub.repos[NAME].branches['main']}")
    monkeypatch.setattr("model.hub.collection.FIRST_SECONDS", 0.5)
    hub.faults = ["slow:5"]
    began = time.monotonic()
    assert Collection.from_environment().cards() == {}
    assert time.monotonic() - began < 3


def test_local_files_take_precedence_over_the_collection(hub, tmp_path):
    push_and_read(hub, tmp_path / "hub", "cat")
    make_checkpoint(tmp_path / "here", "cat", z_dim=9)
    sampler = Sampler([tmp_path / "here"], collection=collection(tmp_path))
    assert sampler.generator("cat").z_dim == 9


def test_an_exported_command_draws_the_same_pixels_after_the_collection_has_changed(hub, tmp_path, monkeypatch):
    push_and_read(hub, tmp_path / "hub", "zebra")  # this repository has no file for it
    sampler, view = Sampler([], collection=collection(tmp_path)), View("zebra", seed=3, count=2)
    command, program = (export_view(sampler, view, kind, "")["text"] for kind in ("command", "python"))
    assert command.startswith(f"DOODLES_HUB={REPO}@")
    expected = export(sampler, view, "png"), sampler.draw_all(view.pictures())
    push(REPO, [make_checkpoint(tmp_path / "hub", "zebra", z_dim=9)])
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    for name, value in hub.environment(tmp_path / "another", "hf_you").items():
        monkeypatch.setenv(name, value)
    here = f'python() {{ {shlex.quote(sys.executable)} "$@"; }}'
    subprocess.run(["bash", "-c", f"{here}; {command} --out zebra.png"], cwd=tmp_path, check=True)
    program += "import numpy\nnumpy.save('zebra.npy', drawings)"
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
    assert (tmp_path / "zebra.png").read_bytes() == expected[0]
    assert np.array_equal(np.load(tmp_path / "zebra.npy"), expected[1])


@pytest.mark.parametrize("fault", ["cut:2000", "503", "429:0", "retry:0"])
def test_a_download_continues_after_a_break_or_a_wait(hub, tmp_path, fault):
    path = make_checkpoint(tmp_path, "cat")
    push(REPO, [path])
    hub.faults = [f"{fault}@GET /cdn/"]
    assert collection_path(tmp_path).read_bytes() == path.read_bytes()


def collection_path(tmp_path: Path, index: IndexVersion | None = None) -> Path:
    doodles = collection(tmp_path)
    doodles.cards()
    doodles.index.current = index or doodles.index.current
    return doodles.path("cat")


def test_a_damaged_file_is_refused_and_the_rest_works(hub, tmp_path, caplog):
    push_and_read(hub, tmp_path / "a", "cat", "dog", "cat+dog")
    make_base(tmp_path / "base")
    sampler = Sampler([tmp_path / "base"], collection=collection(tmp_path))
    assert not sampler.cards()["cat"].is_draft
    hub.faults = ["tamper@GET /cdn/"] * 2
    assert sampler.draw(seeds_to_pictures("cat", 1)).shape == (1, 28, 28), "the base draws it"
    assert sampler.cards()["cat"].is_draft and not sampler.cards()["dog"].is_draft
    assert "doesn't have the hash" in caplog.text and caplog.text.count("doesn't have the hash") == 1
    sampler.draw(seeds_to_pictures("dog", 1))
    hub.faults = ["tamper@GET /cdn/"] * 2
    with pytest.raises(ValueError, match="doesn't have the hash"):
        sampler.draw(seeds_to_pictures("cat+dog", 1))


def test_a_damaged_class_leaves_the_other_tiles_of_the_wall(hub, tmp_path):
    push_and_read(hub, tmp_path / "a", "cat", "dog", "sun")
    tiles = Tiles(Sampler([], collection=collection(tmp_path)))
    assert [tile["name"] for tile in tiles.catalog()["tiles"]] == ["cat", "dog", "sun"]
    hub.faults = [f"tamper@GET /cdn/{index_of(hub)['cat'].sha256}"] * 2
    assert [drawing.any() for drawing in row_of(first_of(tiles), 3)] == [False, True, True]


def test_bytes_damaged_in_transit_are_downloaded_again(hub, tmp_path):
    path = make_checkpoint(tmp_path, "cat")
    push(REPO, [path])
    hub.faults = ["tamper@GET /cdn/"]
    assert collection_path(tmp_path).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("content", [b"\x80\x04cos\nsystem\n(S'true'\ntR.", b"", b"{}", bytes(3_000_000)])
def test_a_hostile_file_is_refused_even_if_the_index_has_its_hash(hub, tmp_path, content):
    entries = push_and_read(hub, tmp_path)
    entry = replace(entries["cat"], sha256=hashlib.sha256(content).hexdigest(), size=min(len(content), 2_000_000) or 1)
    changes = {"index.json": write_index({"cat": entry}), entry.file: content}
    hub.repos[NAME].add("main", "hostile", changes)
    doodles = collection(tmp_path)
    doodles.cards()
    hub.requests.clear()
    with pytest.raises(ValueError, match="cat"):
        doodles.path("cat")
    if len(content) > 2_500_000:
        assert not any(request.startswith("GET /cdn") for request in hub.requests), "it is not even downloaded"


def test_a_class_that_the_index_describes_wrongly_is_refused(hub, tmp_path):
    entries = push_and_read(hub, tmp_path, "cat", "dog")
    dog = entries["dog"]
    lie = replace(dog, card=replace(dog.card, images_seen=10**9))
    hub.repos[NAME].add("main", "lie", {"index.json": write_index({"dog": lie})})
    doodles = collection(tmp_path)
    doodles.cards()
    with pytest.raises(ValueError, match="disagree"):
        doodles.path("dog")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"format": "x", "checkpoints": []}',
        b"[" * 100_000,
        b'{"format": "endless-doodles-index/1", "checkpoints": [%s]}' % b",".join([b"0"] * 10**6),
        b'{"format": "endless-doodles-index/1", "checkpoints": [%s]}' % (b"9" * 10**5),
    ],
)
def test_with_an_unreadable_index_local_files_still_work(hub, tmp_path, content, caplog):
    push_and_read(hub, tmp_path / "a", "cat")
    hub.repos[NAME].add("main", "broken", {"index.json": content})
    sampler = Sampler([tmp_path / "a"], collection=collection(tmp_path))
    assert set(sampler.cards()) == {"cat"}
    wait_until(lambda: "can't read" in caplog.text)


def test_an_unreadable_entry_is_left_out_of_an_index(hub, tmp_path):
    entries = push_and_read(hub, tmp_path, "cat", "dog")
    listed, deep = json.loads(write_index(entries)), []
    for _ in range(500):
        deep = [deep]
    for spoil in (
        {"sha256": "x"},
        {"size": "1"},
        {"size": 10**12},
        {"class_name": "../dog"},
        {"when": "<script>"},
        {"recipe": 7},
        {"trained_on": None},
        {"metrics": {"top1": "high"}},
        {"metrics": {"top1": 10**400}},
        {"metrics": {"top1": float("nan")}},
        {"architecture": {"network": deep}},
        {"class_name": deep},
        {"class_name": "кот"},
        {"class_name": "CAT"},  # its file would be that of "cat"
        {"attribution": "\ud800"},
    ):
        listed["checkpoints"][1] = {**listed["checkpoints"][1], **spoil}
        assert set(read_index(json.dumps(listed).encode())) == {"cat"}, spoil
        listed = json.loads(write_index(entries))
    listed["checkpoints"][1]["file"] = "../../../etc/passwd"
    assert read_index(json.dumps(listed).encode())["dog"].file == "classes/dog.safetensors"
    del listed["checkpoints"][1]["sha256"]
    assert set(read_index(json.dumps(listed).encode())) == {"cat"}


def test_a_missing_collection_is_logged_once(hub, tmp_path, caplog):
    doodles = Collection("you/nothing", cache=tmp_path, refresh_seconds=0.0)
    for _ in range(3):
        assert doodles.cards() == {}
        wait_until(lambda: not doodles.index.is_refreshing)
    assert caplog.text.count("There is no") == 1


def test_after_a_failure_the_index_is_read_again_within_a_minute(tmp_path, monkeypatch):
    trouble = HubError("The Hub is having problems (503); try again in a while.", 503, is_transient=True)
    monkeypatch.setattr("model.hub.live_index.download", Mock(side_effect=trouble))
    doodles = collection(tmp_path)
    assert doodles.cards() == {}
    wait_until(lambda: not doodles.index.is_refreshing)
    assert 0 < doodles.index._due - time.monotonic() <= 60


def test_doodles_hub_names_the_collection(monkeypatch):
    monkeypatch.delenv("DOODLES_HUB", raising=False)
    assert Collection.from_environment() is None
    monkeypatch.setenv("DOODLES_HUB", "you/doodles@v2")
    doodles = Collection.from_environment()
    assert (doodles.repo, doodles.revision) == ("you/doodles", "v2")
    monkeypatch.setenv("DOODLES_HUB", "doodles")
    with pytest.raises(HubError, match="owner/name"):
        Collection.from_environment()
