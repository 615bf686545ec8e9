"""A push to the Hub arrives completely or not at all, even if others push at the same time."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import ModelCard

from model.drawing.latents import seeds_to_pictures
from model.drawing.sampler import Sampler
from model.files.folders import REPOSITORY
from model.files.weights import CheckpointError
from model.hub import client as hub_module
from model.hub.client import check_repo
from model.hub.errors import HubError
from model.hub.index import read_index
from model.quickdraw.classes import CLASS_NAMES
from studio.train.run_actions import RunActions
from tests.support.hub import Hub
from tests.support.samples import SMALL, make_checkpoint
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


def test_one_commit_holds_weights_sheet_index_and_card(hub, tmp_path):
    path = make_checkpoint(tmp_path, "cat")
    pushed = push(REPO, [path])
    repo = hub.repos[NAME]
    assert pushed.classes == ("cat",) and len(repo.commits) == 2
    files = repo.at("main").files
    assert files["classes/cat.safetensors"] == path.read_bytes()
    assert set(repo.commits[-1].changed) == {"classes/cat.safetensors", "sheets/cat.png", "index.json", "README.md"}
    entry = index_of(hub)["cat"]
    assert entry.size == path.stat().st_size and entry.card.recipe == "doodle" and entry.card.trained_on == {"cat": 10}
    assert repo.at("main").oid in pushed.url


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


def test_if_the_hub_rejects_the_card_nothing_is_pushed(hub, tmp_path, monkeypatch):
    hub.create()
    monkeypatch.setattr(push_module, "model_card", lambda *_: b"---\nlicense: 7\ntags: []\npipeline_tag: x\n---\n")
    with pytest.raises(ValueError, match="metadata in README"):
        push(REPO, [make_checkpoint(tmp_path, "cat")])
    assert len(hub.repos[NAME].commits) == 1


def test_unchanged_checkpoints_are_not_pushed_again(hub, tmp_path):
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
    assert len(pushes) == 2 and all(len(version.changed) < 100 for version in pushes)
    for version in pushes:
        listed = read_index(version.files["index.json"])
        checkpoints = {name for name in version.files if name.startswith("classes/")}
        assert {entry.file for entry in listed.values()} == checkpoints
    assert len(index_of(hub)) == 60


def test_a_name_that_differs_only_in_case_replaces_the_other(hub, tmp_path):
    push(REPO, [make_checkpoint(tmp_path, "cat"), make_checkpoint(tmp_path, "dog")])
    push(REPO, [make_checkpoint(tmp_path, "Cat", z_dim=9)])
    assert set(index_of(hub)) == {"Cat", "dog"}, "both names share one file"


def test_a_push_takes_over_no_other_class(hub, tmp_path):
    push(REPO, [make_checkpoint(tmp_path, "sun+moon")])
    trained_on_cats = make_checkpoint(tmp_path, "Sun+Moon ")
    for options in ({}, {"dry_run": True}):
        with pytest.raises(HubError, match=r"learned from “cat” and would replace “sun\+moon” of you/doodles"):
            push(REPO, [trained_on_cats], **options)
    assert set(index_of(hub)) == {"sun+moon"}


def test_a_file_that_changes_during_a_push_is_not_pushed_with_the_old_hash(hub, tmp_path, monkeypatch):
    path = make_checkpoint(tmp_path, "cat")

    def current_after_a_training(*arguments: object) -> object:
        make_checkpoint(tmp_path, "cat", z_dim=9)
        return current(*arguments)

    current = push_module._current
    with monkeypatch.context() as patched:
        patched.setattr(push_module, "_current", current_after_a_training)
        with pytest.raises(CheckpointError, match="changed during the push"):
            push(REPO, [path])
    push(REPO, [path])
    assert index_of(hub)["cat"].sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("options", [{}, {"create_pr": True}, {"dry_run": True}])
def test_a_repo_with_other_files_is_left_alone(hub, tmp_path, options):
    repo, files = hub.create(), {"README.md": b"# Ours", "model.bin": b"weights"}
    repo.add("main", "ours", files)
    commits = list(repo.commits)
    with pytest.raises(HubError, match="you/doodles holds other files"):
        push(REPO, [make_checkpoint(tmp_path, "cat")], **options)
    assert repo.commits == commits


def test_a_repo_created_on_the_hub_s_website_becomes_a_collection(hub, tmp_path):
    hub.create().add("main", "first", {"README.md": b"---\nlicense: cc-by-4.0\n---\n"})
    push(REPO, [make_checkpoint(tmp_path, "cat")])
    assert set(index_of(hub)) == {"cat"}


def test_a_dry_run_changes_nothing(hub, tmp_path):
    pushed = push(REPO, [make_checkpoint(tmp_path, "cat")], dry_run=True)
    assert (pushed.classes, pushed.url, pushed.dry_run) == (("cat",), "", True) and not hub.repos
    hub.create()
    push(REPO, [make_checkpoint(tmp_path, "cat")], dry_run=True)
    assert len(hub.repos[NAME].commits) == 1


def start_push(hub: Hub, home: Path, *arguments: str, token: str = "hf_you") -> subprocess.Popen:
    """Start a process that pushes the checkpoints of a home."""
    environment = {**os.environ, **hub.environment(home / "hub", token), "DOODLES_HOME": str(home)}
    return subprocess.Popen(
        [sys.executable, "-m", "train", "push", "--repo", REPO, *arguments],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


def test_two_simultaneous_pushes_both_end_up_in_the_index(hub, tmp_path):
    for name in ("zebra", "yoga"):
        make_checkpoint(tmp_path / name / "checkpoints", name)
    hub.create()
    hub.faults = ["slow:2@POST /api/models/you/doodles/commit"] * 2  # both have read the index before either commits
    processes = [start_push(hub, tmp_path / name, name) for name in ("zebra", "yoga")]
    outputs = [process.communicate(timeout=300)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert set(index_of(hub)) == {"zebra", "yoga"}
    assert sum(request.startswith("POST /api/models/you/doodles/commit") for request in hub.requests) >= 2


@pytest.mark.parametrize(
    "moment", [pytest.param("PUT /lfs", marks=pytest.mark.slow), "POST /api/models/you/doodles/commit"]
)
def test_a_push_that_is_killed_leaves_all_or_nothing(hub, tmp_path, moment):
    make_checkpoint(tmp_path / "checkpoints", "zebra")
    before = hub.create().at("main")
    hub.faults = [f"slow:3@{moment}"]
    process = start_push(hub, tmp_path, "zebra")
    ends = time.monotonic() + 60
    while not any(request.startswith(moment) for request in hub.requests) and time.monotonic() < ends:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert hub.repos[NAME].at("main") == before, "nothing is pushed halfway"
    ends = time.monotonic() + 10
    while moment.startswith("POST") and hub.repos[NAME].at("main") == before and time.monotonic() < ends:
        time.sleep(0.05)  # the Hub carries out the whole request that it received
    again = start_push(hub, tmp_path, "zebra")
    output, _ = again.communicate(timeout=300)
    assert again.returncode == 0, output
    assert set(index_of(hub)) == {"zebra"} and "classes/zebra.safetensors" in hub.repos[NAME].at("main").files


@pytest.mark.parametrize("fault, seconds", [("429:7", 8.0), ("retry:7", 7.0)])
def test_a_push_waits_as_long_as_the_hub_asks(hub, tmp_path, monkeypatch, fault, seconds):
    slept = []
    monkeypatch.setattr(hub_module.time, "sleep", slept.append)
    hub.faults = [f"{fault}@/commit/"]
    assert push(REPO, [make_checkpoint(tmp_path, "cat")]).classes == ("cat",)
    assert slept == [seconds]


def test_too_long_a_wait_ends_the_push_with_one_sentence(hub, tmp_path):
    hub.create()
    hub.faults = ["429:3000@/commit/"]
    with pytest.raises(HubError, match="try again in 3001 seconds"):
        push(REPO, [make_checkpoint(tmp_path, "cat")])
    assert len(hub.repos[NAME].commits) == 1


def test_brief_failures_are_retried_and_lasting_ones_end_with_one_sentence(hub, tmp_path):
    path = make_checkpoint(tmp_path, "cat")
    hub.faults = ["503@/commit/", "502@/commit/", "cut:3@/commit/"]
    push(REPO, [path])
    assert len(hub.repos[NAME].commits) == 2, "a commit with a cut-off answer is not repeated"
    make_checkpoint(tmp_path, "cat", z_dim=9)
    hub.faults = ["500@/commit/"] * 5
    with pytest.raises(HubError, match="Hub is having problems"):
        push(REPO, [path])
    assert len(hub.repos[NAME].commits) == 2


def test_a_commit_whose_answer_is_lost_is_not_repeated(hub, tmp_path):
    hub.create()
    hub.faults = ["deaf@/commit/"]
    push(REPO, [make_checkpoint(tmp_path, "cat")])
    assert len(hub.repos[NAME].commits) == 2 and set(index_of(hub)) == {"cat"}


def test_a_visitor_offers_a_class_in_a_pull_request(hub, tmp_path):
    push(REPO, [make_checkpoint(tmp_path, "cat")])
    pushed = push(REPO, [make_checkpoint(tmp_path, "dog")], token="hf_visitor", create_pr=True)
    assert pushed.url.endswith("/discussions/1")
    assert set(index_of(hub)) == {"cat"} and set(index_of(hub, "refs/pr/1")) == {"cat", "dog"}


@pytest.mark.parametrize("fault", ["deaf", "late:502", "late:503", "late:504"])
def test_a_pull_request_whose_answer_is_lost_is_not_opened_twice(hub, tmp_path, fault):
    hub.create()
    hub.faults = [f"{fault}@/commit/"]
    with pytest.raises(HubError, match="discussions before you offer it again"):
        push(REPO, [make_checkpoint(tmp_path, "dog")], token="hf_visitor", create_pr=True)
    assert list(hub.repos[NAME].branches) == ["main", "refs/pr/1"]


def test_many_classes_go_into_one_pull_request(hub, tmp_path, monkeypatch):
    monkeypatch.setattr(push_module, "CLASSES_PER_COMMIT", 2)
    hub.create()
    paths = [make_checkpoint(tmp_path, name) for name in ("cat", "dog", "sun")]
    pushed = push(REPO, paths, token="hf_visitor", create_pr=True)
    assert list(hub.repos[NAME].branches) == ["main", "refs/pr/1"] and pushed.url.endswith("/discussions/1")
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
def test_a_push_that_is_not_allowed_ends_with_one_sentence(hub, tmp_path, token, repo, sentence):
    hub.create()
    with pytest.raises(HubError, match=sentence) as caught:
        push(repo, [make_checkpoint(tmp_path, "cat")], token=token)
    assert token not in str(caught.value)
    assert len(hub.repos[NAME].commits) == 1


def test_without_a_token_the_command_says_how_to_log_in(hub, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setenv("DOODLES_HOME", str(tmp_path))
    make_checkpoint(tmp_path / "checkpoints", "zebra")
    assert main(["push", "zebra", "--repo", REPO]) == 2
    assert "hf auth login" in capsys.readouterr().err
    assert not hub.repos


def test_without_a_network_a_push_ends_with_one_sentence(hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubError, match="connection to the Hub was lost"):
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


def test_the_command_pushes_existing_checkpoints(hub, tmp_path, monkeypatch, capsys):
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


def test_promoted_generators_of_visitors_are_pushed(hub, tmp_path, monkeypatch):
    monkeypatch.setenv("DOODLES_HUB", REPO)
    home = Home(tmp_path)
    better, own = finished_run(home, "sun"), finished_run(home, "moon", "command line")
    worse = finished_run(home, "star")
    make_checkpoint(home.checkpoints, "star", z_dim=9)  # another checkpoint is current
    (finished_run(home, "zebra").folder / "zebra.safetensors").write_bytes(b"damaged")

    def train_longer(z_dim: int) -> None:
        shutil.copy(make_checkpoint(better.folder, "sun", z_dim=z_dim), home.checkpoints)

    hub.create()
    hub.faults = ["500@/commit/"] * 5
    with pytest.raises(HubError):
        push_finished(home)
    assert not (better.folder / "pushed").exists(), "the next call tries again"
    push_finished(home)
    assert set(index_of(hub)) == {"sun"}
    assert (better.folder / "pushed").exists() and (worse.folder / "pushed").exists()
    assert not (own.folder / "pushed").exists()
    hub.requests.clear()
    push_finished(home)
    assert not hub.requests, "pushed checkpoints cause no more requests"
    train_longer(9)
    push_finished(home)
    assert index_of(hub)["sun"].card.architecture["z_dim"] == 9

    def push_slowly(*arguments: object) -> object:
        pushed = push(*arguments)
        train_longer(11)
        return pushed

    train_longer(10)
    with monkeypatch.context() as patched:
        patched.setattr(publish_module, "push", push_slowly)
        push_finished(home)
    push_finished(home)
    assert index_of(hub)["sun"].card.architecture["z_dim"] == 11, "a checkpoint written during the push is pushed next"


def test_doodles_publish_makes_the_page_push(hub, tmp_path, monkeypatch):
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
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")  # here there is no worker
    RunActions(home, Settings()).work(finished_run(home, "star").id)
    worker_module._pusher.join(60)
    assert set(index_of(hub)) == {"sun", "star"}


def test_doodles_publish_without_a_collection_gives_one_sentence(tmp_path, monkeypatch):
    monkeypatch.delenv("DOODLES_HUB", raising=False)
    with pytest.raises(HubError, match="DOODLES_HUB"):
        push_finished(Home(tmp_path))


def test_a_training_at_the_command_line_ends_with_a_push(hub, home, monkeypatch, capsys):
    monkeypatch.setenv("DOODLES_HOME", str(home.folder))
    monkeypatch.setenv("DOODLES_SOURCE", home.source)
    small = ["--discriminator", "doodle", "--channels", "6", "--z-dim", "8", "--no-from-base"]
    assert main(["sun", "--steps", "3", "--replace", *small, "--push", REPO]) == 0
    assert set(index_of(hub)) == {"sun"} and "Pushed 1 checkpoint (sun)" in capsys.readouterr().out
    assert main(["sun", "--steps", "3", "--push", "nowhere"]) == 2


def test_all_pushes_its_checkpoints_in_one_commit(hub, home, monkeypatch):
    monkeypatch.setenv("DOODLES_HOME", str(home.folder))
    monkeypatch.setenv("DOODLES_SOURCE", home.source)
    quick = ["--minutes", "0.02", "--rows", "4", "--replace"]  # with so few drawings, nothing is measured
    assert main(["all", "--only", "sun", "stop sign", *quick, "--push", REPO]) == 0
    assert set(index_of(hub)) == {"sun", "stop sign"} and len(hub.repos[NAME].commits) == 2
    assert main(["all", "--only", "sun", "--push", "nowhere"]) == 2
