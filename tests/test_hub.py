"""Checkpoints go to the Hub whole or not at all, whoever else pushes, and come back as they were or not at all."""

import base64
import hashlib
import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from huggingface_hub import ModelCard
from PIL import Image

from model.drawing.latents import seeds_to_pictures
from model.drawing.sampler import Sampler
from model.drawing.view import View
from model.exports.export import export
from model.files.folders import REPOSITORY
from model.files.weights import CheckpointError
from model.hub import client as hub_module
from model.hub.client import check_repo
from model.hub.collection import Collection
from model.hub.errors import HubError
from model.hub.index import MAX_INDEX_BYTES, read_index, write_index
from model.hub.live_index import IndexVersion
from model.quickdraw.classes import CLASS_NAMES
from model.quickdraw.images import cut
from studio.draw.draw_tab import _answer as answer_to
from studio.shared.export import take
from studio.shared.tiles import Tiles
from studio.train.run_actions import RunActions
from tests.support.hub import Hub
from tests.support.samples import SMALL, make_base, make_checkpoint
from train.cli.main import main
from train.execution import worker as worker_module
from train.home import Home
from train.hub import publish as publish_module
from train.hub import push as push_module
from train.hub.publish import push_finished
from train.hub.push import push
from train.runs.order import Order
from train.runs.run import create_run
from train.runs.settings import Settings

REPO = "you/doodles"
NAME = f"models/{REPO}"


def index_of(hub: Hub, branch: str = "main") -> dict:
    return read_index(hub.repos[NAME].at(branch).files["index.json"])


def collection(tmp_path: Path, **options: object) -> Collection:
    return Collection(REPO, cache=tmp_path / "cache", **options)


def test_one_commit_holds_weights_sheet_index_and_card(hub, tmp_path):
    path = make_checkpoint(tmp_path, "cat")
    made = push(REPO, [path])
    repo = hub.repos[NAME]
    assert made.classes == ("cat",) and len(repo.commits) == 2
    files = repo.at("main").files
    assert files["classes/cat.safetensors"] == path.read_bytes()
    assert set(repo.commits[-1].changed) == {"classes/cat.safetensors", "sheets/cat.png", "index.json", "README.md"}
    entry = index_of(hub)["cat"]
    assert entry.size == path.stat().st_size and entry.card.recipe == "doodle" and entry.card.trained_on == {"cat": 10}
    assert repo.at("main").oid in made.url


def test_the_card_is_what_the_hub_expects(hub, tmp_path):
    paths = [make_checkpoint(tmp_path, name) for name in ("cat", "stop sign")]
    push(REPO, paths)
    card = ModelCard(hub.repos[NAME].at("main").files["README.md"].decode())
    hub.validate(card)
    assert card.data.pipeline_tag == "unconditional-image-generation" and card.data.license == "cc-by-4.0"
    assert card.data.datasets == ["google/quickdraw"] and card.data.library_name == "endless-doodles"
    assert "sheets/stop-sign.png" in card.text and "CC BY 4.0" in card.text
    names: dict = {}
    exec(re.search("```python\n(.+?)```", card.text, re.DOTALL)[1], names)
    assert np.array_equal(names["drawings"], Sampler([tmp_path]).draw(seeds_to_pictures("cat", 7, 16)))


def test_the_shipped_figures_become_a_model_index(hub):
    push(REPO, [REPOSITORY / "checkpoints" / "cat.safetensors"])
    card = ModelCard(hub.repos[NAME].at("main").files["README.md"].decode())
    hub.validate(card)
    results = {result.metric_type: result for result in card.data.eval_results}
    assert results["frechet-distance"].metric_value > 0 and results["coverage"].dataset_config == "cat"
    assert card.data.model_name == "doodles"


def test_a_card_that_the_hub_does_not_take_publishes_nothing(hub, tmp_path, monkeypatch):
    hub.create()
    monkeypatch.setattr(push_module, "model_card", lambda *_: b"---\nlicense: 7\ntags: []\npipeline_tag: x\n---\n")
    with pytest.raises(ValueError, match="metadata in README"):
        push(REPO, [make_checkpoint(tmp_path, "cat")])
    assert len(hub.repos[NAME].commits) == 1


def test_what_is_there_is_not_pushed_again(hub, tmp_path):
    cat, dog = make_checkpoint(tmp_path, "cat"), make_checkpoint(tmp_path, "dog")
    push(REPO, [cat, dog])
    commits = len(hub.repos[NAME].commits)
    again = push(REPO, [cat, dog])
    assert not again.classes and not again.url and again.unchanged == ("cat", "dog")
    assert len(hub.repos[NAME].commits) == commits
    make_checkpoint(tmp_path, "dog", z_dim=9)
    assert push(REPO, [cat, dog]).classes == ("dog",)
    assert "classes/cat.safetensors" not in hub.repos[NAME].commits[-1].changed


def test_many_classes_go_in_commits_of_fewer_than_a_hundred_files(hub, tmp_path):
    paths = [make_checkpoint(tmp_path, name) for name in CLASS_NAMES[:60]]
    push(REPO, paths)
    pushes = hub.repos[NAME].commits[1:]
    assert len(pushes) == 2 and all(len(made.changed) < 100 for made in pushes)
    for made in pushes:
        listed = read_index(made.files["index.json"])
        assert {entry.file for entry in listed.values()} == {name for name in made.files if name.startswith("classes/")}
    assert len(index_of(hub)) == 60


def test_a_name_in_other_letters_takes_the_place_of_its_namesake(hub, tmp_path):
    push(REPO, [make_checkpoint(tmp_path, "cat"), make_checkpoint(tmp_path, "dog")])
    push(REPO, [make_checkpoint(tmp_path, "Cat", z_dim=9)])
    assert set(index_of(hub)) == {"Cat", "dog"}, "for both names mean one file"


def test_a_file_that_changes_while_it_is_pushed_does_not_come_under_another_one_s_hash(hub, tmp_path, monkeypatch):
    path = make_checkpoint(tmp_path, "cat")

    def standing_after_a_training(*arguments: object) -> object:
        make_checkpoint(tmp_path, "cat", z_dim=9)
        return current(*arguments)

    current = push_module._current
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(push_module, "_current", standing_after_a_training)
        with pytest.raises(CheckpointError, match="changed during the push"):
            push(REPO, [path])
    push(REPO, [path])
    assert index_of(hub)["cat"].sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("options", [{}, {"create_pr": True}, {"dry_run": True}])
def test_a_repo_with_other_things_in_it_is_left_alone(hub, tmp_path, options):
    repo, files = hub.create(), {"README.md": b"# Ours", "model.bin": b"weights"}
    repo.add("main", "ours", files)
    commits = list(repo.commits)
    with pytest.raises(HubError, match="you/doodles holds other files"):
        push(REPO, [make_checkpoint(tmp_path, "cat")], **options)
    assert repo.commits == commits


def test_a_repo_that_was_made_on_the_hub_s_pages_becomes_a_collection(hub, tmp_path):
    hub.create().add("main", "begun", {"README.md": b"---\nlicense: cc-by-4.0\n---\n"})
    push(REPO, [make_checkpoint(tmp_path, "cat")])
    assert set(index_of(hub)) == {"cat"}


def test_a_dry_run_changes_nothing(hub, tmp_path):
    made = push(REPO, [make_checkpoint(tmp_path, "cat")], dry_run=True)
    assert (made.classes, made.url, made.dry_run) == (("cat",), "", True) and not hub.repos
    hub.create()
    push(REPO, [make_checkpoint(tmp_path, "cat")], dry_run=True)
    assert len(hub.repos[NAME].commits) == 1


def pushing(hub: Hub, home: Path, *arguments: str, token: str = "hf_you") -> subprocess.Popen:
    """A process that pushes from the checkpoints of a home."""
    environment = {**os.environ, **hub.environment(home / "hub", token), "DOODLES_HOME": str(home)}
    return subprocess.Popen(
        [sys.executable, "-m", "train", "push", "--repo", REPO, *arguments],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_two_that_push_at_once_are_both_listed(hub, tmp_path):
    for name in ("zebra", "yoga"):
        make_checkpoint(tmp_path / name / "checkpoints", name)
    hub.create()
    hub.faults = ["slow:2@POST /api/models/you/doodles/commit"] * 2  # both have read the index before either commits
    processes = [pushing(hub, tmp_path / name, name) for name in ("zebra", "yoga")]
    said = [process.communicate(timeout=300)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert set(index_of(hub)) == {"zebra", "yoga"}
    assert sum(request.startswith("POST /api/models/you/doodles/commit") for request in hub.requests) >= 2


@pytest.mark.parametrize("moment", ["PUT /lfs", "POST /api/models/you/doodles/commit"])
def test_a_push_that_is_killed_leaves_all_or_nothing(hub, tmp_path, moment):
    make_checkpoint(tmp_path / "checkpoints", "zebra")
    before = hub.create().at("main")
    hub.faults = [f"slow:3@{moment}"]
    process = pushing(hub, tmp_path, "zebra")
    ends = time.monotonic() + 60
    while not any(request.startswith(moment) for request in hub.requests) and time.monotonic() < ends:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert hub.repos[NAME].at("main") == before, "nothing is promoted halfway"
    ends = time.monotonic() + 10
    while moment.startswith("POST") and hub.repos[NAME].at("main") == before and time.monotonic() < ends:
        time.sleep(0.05)  # what the Hub has heard of it does as a whole
    again = pushing(hub, tmp_path, "zebra")
    said, _ = again.communicate(timeout=300)
    assert again.returncode == 0, said
    assert set(index_of(hub)) == {"zebra"} and "classes/zebra.safetensors" in hub.repos[NAME].at("main").files


@pytest.mark.parametrize("fault, seconds", [("429:7", 8.0), ("retry:7", 7.0)])
def test_the_hub_s_wish_to_wait_is_granted(hub, tmp_path, monkeypatch, fault, seconds):
    slept = []
    monkeypatch.setattr(hub_module.time, "sleep", slept.append)
    hub.faults = [f"{fault}@/commit/"]
    assert push(REPO, [make_checkpoint(tmp_path, "cat")]).classes == ("cat",)
    assert slept == [seconds]


def test_a_wait_that_is_too_long_is_a_sentence(hub, tmp_path):
    hub.create()
    hub.faults = ["429:3000@/commit/"]
    with pytest.raises(HubError, match="try again in 3001 seconds"):
        push(REPO, [make_checkpoint(tmp_path, "cat")])
    assert len(hub.repos[NAME].commits) == 1


def test_passing_trouble_of_the_hub_is_sat_out_and_lasting_trouble_is_a_sentence(hub, tmp_path):
    path = make_checkpoint(tmp_path, "cat")
    hub.faults = ["503@/commit/", "502@/commit/", "cut:3@/commit/"]
    push(REPO, [path])
    assert len(hub.repos[NAME].commits) == 2, "a commit whose answer broke off is not made twice"
    make_checkpoint(tmp_path, "cat", z_dim=9)
    hub.faults = ["500@/commit/"] * 5
    with pytest.raises(HubError, match="Hub is in trouble"):
        push(REPO, [path])
    assert len(hub.repos[NAME].commits) == 2


def test_a_commit_whose_answer_is_lost_is_found_and_not_repeated(hub, tmp_path):
    hub.create()
    hub.faults = ["deaf@/commit/"]
    push(REPO, [make_checkpoint(tmp_path, "cat")])
    assert len(hub.repos[NAME].commits) == 2 and set(index_of(hub)) == {"cat"}


def test_a_visitor_offers_a_class_by_a_pull_request(hub, tmp_path):
    push(REPO, [make_checkpoint(tmp_path, "cat")])
    made = push(REPO, [make_checkpoint(tmp_path, "dog")], token="hf_visitor", create_pr=True)
    assert made.url.endswith("/discussions/1")
    assert set(index_of(hub)) == {"cat"} and set(index_of(hub, "refs/pr/1")) == {"cat", "dog"}


def test_an_offer_whose_answer_is_lost_is_not_made_twice(hub, tmp_path):
    hub.create()
    hub.faults = ["deaf@/commit/"]
    with pytest.raises(HubError, match="discussions before you offer it again"):
        push(REPO, [make_checkpoint(tmp_path, "dog")], token="hf_visitor", create_pr=True)
    assert list(hub.repos[NAME].branches) == ["main", "refs/pr/1"]


def test_a_large_offer_is_one_pull_request(hub, tmp_path, monkeypatch):
    monkeypatch.setattr(push_module, "CLASSES_PER_COMMIT", 2)
    hub.create()
    paths = [make_checkpoint(tmp_path, name) for name in ("cat", "dog", "sun")]
    made = push(REPO, paths, token="hf_visitor", create_pr=True)
    assert list(hub.repos[NAME].branches) == ["main", "refs/pr/1"] and made.url.endswith("/discussions/1")
    assert set(index_of(hub, "refs/pr/1")) == {"cat", "dog", "sun"}


@pytest.mark.parametrize(
    ("token", "repo", "sentence"),
    [
        ("hf_wrong", REPO, "doesn't accept this token"),
        ("hf_reader", REPO, "may not write"),
        ("hf_visitor", REPO, "may not write"),
        ("hf_visitor", "you/nothing", "may not write"),
        ("hf_you", "doodles", "owner/name"),
        ("hf_you", "you/../me", "owner/name"),
    ],
)
def test_who_may_not_push_reads_one_sentence(hub, tmp_path, token, repo, sentence):
    hub.create()
    with pytest.raises(HubError, match=sentence) as caught:
        push(repo, [make_checkpoint(tmp_path, "cat")], token=token)
    assert token not in str(caught.value)
    assert len(hub.repos[NAME].commits) == 1


def test_without_a_token_the_command_says_how_to_get_one(hub, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setenv("DOODLES_HOME", str(tmp_path))
    make_checkpoint(tmp_path / "checkpoints", "zebra")
    assert main(["push", "zebra", "--repo", REPO]) == 2
    assert "hf auth login" in capsys.readouterr().err
    assert not hub.repos


def test_without_a_network_a_push_ends_in_a_sentence(hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubError, match="connection to the Hub broke off"):
        push(REPO, [make_checkpoint(tmp_path, "cat")])


def test_names_of_repos_are_checked():
    assert check_repo(" you/doodles ") == "you/doodles"
    for text in (
        "",
        "you",
        "you/",
        "/doodles",
        "a/b/c",
        "you/x y",
        "../you/x",
        "you/..",
        7,
        "you/x.git",
        "you/" + 200 * "x",
    ):
        with pytest.raises(HubError, match="owner/name"):
            check_repo(text)


def test_the_command_pushes_what_is_at_hand(hub, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DOODLES_HOME", str(tmp_path))
    make_checkpoint(tmp_path / "checkpoints", "zebra")
    assert main(["push", "zebra", "--repo", REPO]) == 0
    assert "Pushed 1 checkpoint (zebra)" in capsys.readouterr().out
    assert main(["push", "airplane", "moustache", "--repo", REPO]) == 2
    assert "draft" in capsys.readouterr().err
    assert main(["push", "--repo", REPO]) == 2 and main(["push", "zebra"]) == 2
    monkeypatch.setenv("DOODLES_HUB", REPO)
    assert main(["push", "zebra"]) == 0
    assert "already" in capsys.readouterr().out


def finished_run(home: Home, name: str, requested_by: str = "visitor-1"):
    run = create_run(home.runs, Order(name, ("sun",), "folder", num_steps=1, config=SMALL, requested_by=requested_by))
    shutil.copy(make_checkpoint(run.folder, name), make_checkpoint(home.checkpoints, name))
    run.set_state("done", f"Done: “{name}” can be drawn.")
    return run


def test_what_visitors_have_trained_is_published_where_the_host_wants_that(hub, tmp_path, monkeypatch):
    monkeypatch.setenv("DOODLES_HUB", REPO)
    home = Home(tmp_path)
    better, own = finished_run(home, "sun"), finished_run(home, "moon", "command line")
    worse = finished_run(home, "star")
    make_checkpoint(home.checkpoints, "star", z_dim=9)  # what stands is another one
    (finished_run(home, "zebra").folder / "zebra.safetensors").write_bytes(b"damaged")

    def train_longer(z_dim: int) -> None:
        shutil.copy(make_checkpoint(better.folder, "sun", z_dim=z_dim), home.checkpoints)

    hub.create()
    hub.faults = ["500@/commit/"] * 5
    with pytest.raises(HubError):
        push_finished(home)
    assert not (better.folder / "pushed").exists(), "to be tried again"
    push_finished(home)
    assert set(index_of(hub)) == {"sun"}
    assert (better.folder / "pushed").exists() and (worse.folder / "pushed").exists()
    assert not (own.folder / "pushed").exists()
    hub.requests.clear()
    push_finished(home)
    assert not hub.requests, "what was pushed is not asked about again"
    train_longer(9)
    push_finished(home)
    assert index_of(hub)["sun"].card.architecture["z_dim"] == 9

    def push_slowly(*arguments: object) -> object:
        made = push(*arguments)
        train_longer(11)
        return made

    train_longer(10)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(publish_module, "push", push_slowly)
        push_finished(home)
    push_finished(home)
    assert index_of(hub)["sun"].card.architecture["z_dim"] == 11, "what came while it was pushed is not forgotten"


def test_the_page_publishes_by_itself_when_it_is_switched_on(hub, tmp_path, monkeypatch):
    monkeypatch.setenv("DOODLES_HUB", REPO)
    home = Home(tmp_path)
    finished_run(home, "sun")
    worker_module.push_in_background(home)
    assert worker_module._pusher is None
    monkeypatch.setenv("DOODLES_PUBLISH", "1")
    monkeypatch.setattr(worker_module, "_pusher", None)
    worker_module.push_in_background(home)
    worker_module._pusher.join(60)
    assert set(index_of(hub)) == {"sun"}
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")  # where no worker ends
    RunActions(home, Settings()).work(finished_run(home, "star").id)
    worker_module._pusher.join(60)
    assert set(index_of(hub)) == {"sun", "star"}


def test_publishing_without_saying_where_to_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.delenv("DOODLES_HUB", raising=False)
    with pytest.raises(HubError, match="DOODLES_HUB"):
        push_finished(Home(tmp_path))


def test_a_training_at_the_command_line_ends_with_its_push(hub, home, monkeypatch, capsys):
    monkeypatch.setenv("DOODLES_HOME", str(home.folder))
    monkeypatch.setenv("DOODLES_SOURCE", home.source)
    small = ["--discriminator", "doodle", "--channels", "6", "--z-dim", "8", "--no-from-base"]
    assert main(["sun", "--steps", "3", "--replace", *small, "--push", REPO]) == 0
    assert set(index_of(hub)) == {"sun"} and "Pushed 1 checkpoint (sun)" in capsys.readouterr().out
    assert main(["sun", "--steps", "3", "--push", "nowhere"]) == 2


def test_all_pushes_what_it_has_trained_in_one_commit(hub, home, monkeypatch):
    monkeypatch.setenv("DOODLES_HOME", str(home.folder))
    trained = lambda order, *_: make_checkpoint(home.checkpoints, order.class_name).exists()  # noqa: E731
    monkeypatch.setattr("train.cli.everything._train_once", trained)
    assert main(["all", "--only", "sun", "star", "--push", REPO]) == 0
    assert set(index_of(hub)) == {"sun", "star"} and len(hub.repos[NAME].commits) == 2
    assert main(["all", "--only", "sun", "--push", "nowhere"]) == 2


def test_a_collection_draws_what_was_pushed(hub, tmp_path):
    path = make_checkpoint(tmp_path, "cat")
    push(REPO, [path])
    pictures = seeds_to_pictures("cat", 3, 4)
    remote = Sampler([], collection=collection(tmp_path))
    assert np.array_equal(remote.draw(pictures), Sampler([tmp_path]).draw(pictures))


def test_all_classes_are_listed_by_one_index_and_nothing_else(hub, tmp_path):
    entry = push_and_read(hub, tmp_path)["cat"]
    everything = {name: replace(entry, card=replace(entry.card, class_name=name)) for name in CLASS_NAMES}
    hub.repos[NAME].add("main", "all", {"index.json": write_index(everything)})
    hub.requests.clear()
    known = collection(tmp_path, refresh_seconds=0.0)
    assert set(known.cards()) == set(CLASS_NAMES)
    assert [request for request in hub.requests if request.startswith("GET")] == [
        f"GET /{REPO}/resolve/main/index.json"
    ]
    assert len(write_index(everything)) < MAX_INDEX_BYTES / 5


def push_and_read(hub: Hub, folder: Path, *names: str) -> dict:
    push(REPO, [make_checkpoint(folder, name) for name in names or ("cat",)])
    return index_of(hub)


def test_an_index_that_did_not_change_costs_one_small_request(hub, tmp_path):
    push_and_read(hub, tmp_path)
    known = collection(tmp_path, refresh_seconds=0.0)
    known.cards()
    wait_until(lambda: not known.index.is_refreshing)
    hub.requests.clear()
    known.cards()
    wait_until(lambda: hub.requests and not known.index.is_refreshing)
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


def test_what_was_fetched_once_is_there_without_the_hub(hub, tmp_path, monkeypatch):
    push_and_read(hub, tmp_path / "a", "cat")
    pictures = seeds_to_pictures("cat", 0, 2)
    drawn = Sampler([], collection=collection(tmp_path)).draw(pictures)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    hub.requests.clear()
    assert np.array_equal(Sampler([], collection=collection(tmp_path)).draw(pictures), drawn)
    with pytest.raises(ValueError, match="HF_HUB_OFFLINE is set"):
        collection_path(tmp_path / "nowhere", IndexVersion(index_of(hub), "0" * 40))
    fresh = Sampler([tmp_path / "a"], collection=collection(tmp_path / "other"))
    assert np.array_equal(fresh.draw(pictures), drawn), "and what is local is drawn all the same"
    assert not hub.requests


def test_a_hub_that_takes_long_keeps_nobody_waiting_who_has_been_there_before(hub, tmp_path, monkeypatch):
    push_and_read(hub, tmp_path / "a", "cat")
    pictures = seeds_to_pictures("cat", 0, 2)
    Sampler([], collection=collection(tmp_path)).draw(pictures)
    monkeypatch.setattr("model.hub.live_index.FIRST_SECONDS", 0.3)
    again = Sampler([], collection=collection(tmp_path))
    with hub.lock:  # which keeps it from answering
        wait_until(again.cards)  # of what it said the last time
        again.draw(pictures)
        assert again.collection.index.is_refreshing


def test_a_file_that_takes_long_to_come_holds_nobody_up(hub, tmp_path, monkeypatch):
    push_and_read(hub, tmp_path / "a", "cat")
    make_base(tmp_path / "base")
    sampler = Sampler([tmp_path / "base"], collection=collection(tmp_path))
    assert not sampler.cards()["cat"].is_draft
    with hub.lock, monkeypatch.context() as patched:  # which keeps it from answering
        patched.setattr("model.hub.fetch.FETCH_SECONDS", 0.2)
        sampler.draw(seeds_to_pictures("cat", 1))
        assert sampler.cards()["cat"].is_draft, "the base draws it meanwhile"
    wait_until(lambda: not sampler.cards()["cat"].is_draft)
    assert sampler.collection.path("cat").exists()
    assert sum(asked.startswith("GET /cdn/") for asked in hub.requests) == 1, "it is fetched once, whoever waits"


def test_a_wall_waits_for_a_hub_in_trouble_once_and_is_whole_when_that_has_passed(hub, tmp_path, monkeypatch):
    push_and_read(hub, tmp_path / "a", "cat", "dog", "sun", "tree")
    known = collection(tmp_path)
    tiles, whole = Tiles(Sampler([], collection=known)), Tiles(Sampler([tmp_path / "a"]))
    known.cards()
    known.path("dog")
    monkeypatch.setattr("model.hub.collection.DOWNLOADS_AT_ONCE", 2)
    monkeypatch.setattr("model.hub.fetch.FETCH_SECONDS", 0.5)
    hub.requests.clear()
    hub.faults = ["slow:2@cat.safetensors", "slow:2@sun.safetensors"]
    row = row_of(first_of(tiles), 4)
    assert [drawing.any() for drawing in row] == [False, True, False, False], "what was fetched before is drawn"
    assert not [asked for asked in hub.requests if "tree" in asked], "nobody waits for more files than once"
    monkeypatch.setattr("model.hub.fetch.FETCH_SECONDS", 20.0)
    known.files._failures.clear()  # as after a minute
    known.files._paused_until = 0.0
    assert np.array_equal(row_of(first_of(tiles), 4), row_of(first_of(whole), 4))


def test_a_wall_s_files_come_at_the_same_time(hub, tmp_path, monkeypatch):
    push_and_read(hub, tmp_path / "a", "cat", "dog", "sun")
    known, whole = collection(tmp_path), Tiles(Sampler([tmp_path / "a"]))
    path, all_of_them, met = known.path, threading.Barrier(3, timeout=60), set()

    def path_when_all_are_wanted(class_name: str) -> Path:
        if class_name not in met:
            met.add(class_name)
            all_of_them.wait()
        return path(class_name)

    monkeypatch.setattr(known, "path", path_when_all_are_wanted)
    row = row_of(first_of(Tiles(Sampler([], collection=known))), 3)
    assert np.array_equal(row, row_of(first_of(whole), 3))


def test_a_draft_that_stands_in_for_a_file_is_not_shown_with_its_figures(hub, tmp_path):
    push_and_read(hub, tmp_path / "a", "cat")
    make_base(tmp_path / "base")
    sampler = Sampler([tmp_path / "base"], collection=collection(tmp_path))
    assert not sampler.cards()["cat"].is_draft
    hub.faults = ["tamper@GET /cdn/"] * 2
    assert "is a draft" in answer_to(sampler, "cat", [[7, 1, 1.0, []]])["origin"]


def first_of(tiles: Tiles) -> str:
    return tiles.screenful([0, 0, tiles.catalog()["mark"]])


def row_of(url: str, columns: int) -> np.ndarray:
    return cut(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))), columns)


def test_a_class_that_is_drawn_again_asks_nobody(hub, tmp_path):
    push_and_read(hub, tmp_path / "a", "cat")
    known = collection(tmp_path, refresh_seconds=0.0)
    known.cards()
    path = known.path("cat")
    push_and_read(hub, tmp_path / "b", "dog")
    wait_until(lambda: set(known.cards()) == {"cat", "dog"})
    hub.requests.clear()
    assert known.path("cat") == path and not [asked for asked in hub.requests if "classes" in asked]
    path.resolve().write_bytes(b"damaged")
    assert hashlib.sha256(known.path("cat").read_bytes()).hexdigest() == index_of(hub)["cat"].sha256


def test_a_file_that_fails_while_the_index_changes_is_not_held_against_its_successor(hub, tmp_path):
    push_and_read(hub, tmp_path / "a", "cat")
    known = collection(tmp_path)
    known.cards()
    old = known.index.current
    make_checkpoint(tmp_path / "b", "cat", z_dim=9)
    push(REPO, [tmp_path / "b" / "cat.safetensors"])
    known.index.refresh()
    hub.faults = ["tamper@GET /cdn/"] * 2
    with pytest.raises(CheckpointError, match="doesn't have the hash"):
        known.files.path(old.entries["cat"], old.commit)
    assert set(known.cards()) == {"cat"} and known.path("cat")
    hub.repos[NAME].add("main", "without", {"index.json": write_index({})})
    known.index.refresh()
    with pytest.raises(CheckpointError, match="no longer has “cat”"):
        known.path("cat")


def test_files_at_hand_come_before_the_collection_s(hub, tmp_path):
    push_and_read(hub, tmp_path / "hub", "cat")
    make_checkpoint(tmp_path / "here", "cat", z_dim=9)
    sampler = Sampler([tmp_path / "here"], collection=collection(tmp_path))
    assert sampler.generator("cat").z_dim == 9


def test_words_taken_along_make_the_very_pixels_though_the_collection_has_moved_on(hub, tmp_path, monkeypatch):
    push_and_read(hub, tmp_path / "hub", "zebra")  # which is not among the files that come with this repository
    sampler, view = Sampler([], collection=collection(tmp_path)), View("zebra", seed=3, count=2)
    command, program = (take(sampler, view, kind, "")["text"] for kind in ("command", "python"))
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
def test_a_download_that_breaks_off_or_has_to_wait_is_gone_on_with(hub, tmp_path, fault):
    path = make_checkpoint(tmp_path, "cat")
    push(REPO, [path])
    hub.faults = [f"{fault}@GET /cdn/"]
    assert collection_path(tmp_path).read_bytes() == path.read_bytes()


def collection_path(tmp_path: Path, index: IndexVersion | None = None) -> Path:
    known = collection(tmp_path)
    known.cards()
    known.index.current = index or known.index.current
    return known.path("cat")


def test_a_file_that_was_tampered_with_is_refused_while_the_rest_works(hub, tmp_path, caplog):
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


def test_a_class_that_can_t_be_drawn_leaves_the_wall_its_other_tiles(hub, tmp_path):
    push_and_read(hub, tmp_path / "a", "cat", "dog", "sun")
    tiles = Tiles(Sampler([], collection=collection(tmp_path)))
    assert [tile["name"] for tile in tiles.catalog()["tiles"]] == ["cat", "dog", "sun"]
    hub.faults = [f"tamper@GET /cdn/{index_of(hub)['cat'].sha256}"] * 2
    assert [drawing.any() for drawing in row_of(first_of(tiles), 3)] == [False, True, True]


def test_bytes_that_were_damaged_on_the_way_are_fetched_again(hub, tmp_path):
    path = make_checkpoint(tmp_path, "cat")
    push(REPO, [path])
    hub.faults = ["tamper@GET /cdn/"]
    assert collection_path(tmp_path).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("content", [b"\x80\x04cos\nsystem\n(S'true'\ntR.", b"", b"{}", bytes(3_000_000)])
def test_a_hostile_file_is_refused_though_the_index_vouches_for_it(hub, tmp_path, content):
    entries = push_and_read(hub, tmp_path)
    entry = replace(entries["cat"], sha256=hashlib.sha256(content).hexdigest(), size=min(len(content), 2_000_000) or 1)
    changes = {"index.json": write_index({"cat": entry}), entry.file: content}
    hub.repos[NAME].add("main", "hostile", changes)
    known = collection(tmp_path)
    known.cards()
    hub.requests.clear()
    with pytest.raises(ValueError, match="cat"):
        known.path("cat")
    if len(content) > 2_500_000:
        assert not any(request.startswith("GET /cdn") for request in hub.requests), "it is not even fetched"


def test_an_index_that_lies_about_a_class_is_refused(hub, tmp_path):
    entries = push_and_read(hub, tmp_path, "cat", "dog")
    dog = entries["dog"]
    lie = replace(dog, card=replace(dog.card, images_seen=10**9))
    hub.repos[NAME].add("main", "lie", {"index.json": write_index({"dog": lie})})
    known = collection(tmp_path)
    known.cards()
    with pytest.raises(ValueError, match="disagree"):
        known.path("dog")


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
def test_an_unreadable_index_leaves_what_is_at_hand(hub, tmp_path, content, caplog):
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
        {"class_name": "CAT"},  # whose file would be that of "cat"
        {"attribution": "\ud800"},
    ):
        listed["checkpoints"][1] = {**listed["checkpoints"][1], **spoil}
        assert set(read_index(json.dumps(listed).encode())) == {"cat"}, spoil
        listed = json.loads(write_index(entries))
    listed["checkpoints"][1]["file"] = "../../../etc/passwd"
    assert read_index(json.dumps(listed).encode())["dog"].file == "classes/dog.safetensors"
    del listed["checkpoints"][1]["sha256"]
    assert set(read_index(json.dumps(listed).encode())) == {"cat"}


def test_a_collection_that_is_not_there_is_told_once(hub, tmp_path, caplog):
    known = Collection("you/nothing", cache=tmp_path, refresh_seconds=0.0)
    for _ in range(3):
        assert known.cards() == {}
        wait_until(lambda: not known.index.is_refreshing)
    assert caplog.text.count("There is no") == 1


def test_a_hub_in_trouble_is_asked_again_within_a_minute(tmp_path, monkeypatch):
    trouble = HubError("The Hub is in trouble (503); try again in a while.", 503, is_transient=True)
    monkeypatch.setattr("model.hub.live_index.download", Mock(side_effect=trouble))
    known = collection(tmp_path)
    assert known.cards() == {}
    wait_until(lambda: not known.index.is_refreshing)
    assert 0 < known.index._due - time.monotonic() <= 60


def test_the_collection_is_a_setting(monkeypatch):
    monkeypatch.delenv("DOODLES_HUB", raising=False)
    assert Collection.from_environment() is None
    monkeypatch.setenv("DOODLES_HUB", "you/doodles@v2")
    known = Collection.from_environment()
    assert (known.repo, known.revision) == ("you/doodles", "v2")
    monkeypatch.setenv("DOODLES_HUB", "doodles")
    with pytest.raises(HubError, match="owner/name"):
        Collection.from_environment()
