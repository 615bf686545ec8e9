"""A fleet trains every class once, whatever dies, and says what it could not."""

import contextlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import train.fleet.fleet
import train.fleet.task
from benchmarks.harness.drawings import suns, write_class
from benchmarks.harness.mirror import Mirror
from model.files.checkpoint import checkpoint_path, load_checkpoint
from model.files.weights import CheckpointError
from model.hub.errors import HubError
from model.quickdraw.classes import CLASS_NAMES
from tests.support.samples import SMALL, as_drawings, make_checkpoint
from train.fleet.fleet import Fleet, train_fleet
from train.fleet.task import Outcome, Task, land, work
from train.home import Home
from train.loop import fit
from train.runs.cleanup import clean_up
from train.runs.order import Order
from train.runs.promotion import promote_file
from train.runs.run import Run, create_run, list_runs
from train.runs.settings import Settings
from train.training import Training

HAS_RAY = importlib.util.find_spec("ray") is not None
needs_ray = pytest.mark.skipif(not HAS_RAY and not os.environ.get("CI"), reason="needs requirements-fleet.txt")


def order(home: Home, class_name: str, num_steps: int = 5, **options: object) -> Order:
    return Order(class_name, (class_name,), home.source, num_steps=num_steps, config=SMALL, **options)


@pytest.fixture(autouse=True)
def as_many_threads_as_before():
    """A worker takes one thread, but here it works in the process of all tests."""
    num_threads = torch.get_num_threads()
    yield
    torch.set_num_threads(num_threads)


@pytest.fixture
def away(tmp_path, monkeypatch) -> Home:
    """The home of a machine that doesn't see the driver's."""
    monkeypatch.setattr(train.fleet.task, "OWN_FOLDER", tmp_path / "away")
    return Home(tmp_path / "away")


@pytest.fixture
def few(tmp_path) -> Home:
    """A home with too few drawings of each class to measure with, which takes long."""
    for class_name in CLASS_NAMES[:12]:
        write_class(tmp_path / "few", class_name, suns(4))
    return Home(tmp_path / "home", str(tmp_path / "few"))


@pytest.mark.slow
@needs_ray
def test_twelve_classes_are_trained_once_each_though_a_node_and_a_worker_are_killed(few, capfd):
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    # The first ones are killed most likely, so they are longest; the others are long enough to be killed instead.
    steps = [60] * 3 + [20] * 9
    orders = [order(few, name, number, replace=True) for name, number in zip(CLASS_NAMES, steps, strict=False)]
    paths = [checkpoint_path(few.checkpoints, class_name) for class_name in CLASS_NAMES[:12]]
    promoted, killed, over = set(), [], threading.Event()
    try:
        nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
        cluster.wait_for_nodes(timeout=120)

        def kill() -> None:
            """One worker as soon as it trains, then a node where another does; note all checkpoints meanwhile."""
            while not over.wait(0.02):
                promoted.update((path.name, path.stat().st_mtime_ns) for path in paths if path.exists())
                if killed == [] and (workers := _training(cluster.head_node)):
                    os.kill(workers[0], signal.SIGKILL)
                    killed.append("worker")
                if killed == ["worker"] and (workers := _training(nodes[0])):
                    os.kill(workers[0], signal.SIGKILL)  # with its node at once: it may outlive that by a second
                    cluster.remove_node(nodes[0], allow_graceful=False)
                    killed.append("node")

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            assert train_fleet(orders, few, Fleet(address=cluster.address)) == 0
        finally:
            over.set()
            killer.join()
        assert killed == ["worker", "node"]
        assert [load_checkpoint(path)[0].class_name for path in paths] == list(CLASS_NAMES[:12])
        states = sorted((run.status().order.class_name, run.status().state) for run in list_runs(few.runs))
        assert states == sorted((class_name, "done") for class_name in CLASS_NAMES[:12]), "one run of each, ended once"
        assert len(promoted) == len({name for name, _ in promoted}), "no checkpoint was written a second time"

        before = {path: path.stat().st_mtime_ns for path in paths}
        capfd.readouterr()
        assert train_fleet(orders, few, Fleet(address=cluster.address)) == 0
        assert "12 of 12 classes are done already." in capfd.readouterr().out
        assert before == {path: path.stat().st_mtime_ns for path in paths}
    finally:
        cluster.shutdown()


def _training(node) -> list[int]:
    """The processes of a node that work on a run, for they have its lock open, and are still to promote it."""

    def is_learning(file: Path) -> bool:
        is_lock = re.search(r"/runs/.+/lock$", str(file))
        return bool(is_lock) and Run(file.parent).status().sentence.startswith("Learning")

    raylet = node.all_processes["raylet"][0].process.pid
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == raylet and any(is_learning(fd.readlink()) for fd in _open(process)):
                found.append(int(process.name))
    return found


def _open(process: Path) -> list[Path]:
    return list((process / "fd").iterdir())


@pytest.mark.slow
@needs_ray
@pytest.mark.parametrize("address", ["127.0.0.1:9", "nonsense", "127.0.0.1:99999"])
def test_a_cluster_that_is_not_there_is_said_in_a_sentence(few, address):
    with pytest.raises(ValueError, match=f"No Ray cluster can be used at {address} .+; check its address"):
        train_fleet([order(few, CLASS_NAMES[0])], few, Fleet(address=address))


@pytest.mark.slow
@needs_ray
def test_workers_on_one_machine_tell_failures_and_lines_for_programs(few):
    command = [sys.executable, "-m", "train", "all", "--workers", "1", "--minutes", "0.02", "--json"]
    environment = os.environ | {"DOODLES_HOME": str(few.folder), "DOODLES_SOURCE": few.source}
    only = ["--only", CLASS_NAMES[0], "zigzag"]
    done = subprocess.run([*command, *only], capture_output=True, text=True, timeout=300, env=environment)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1, done.stderr
    states = {line["class_name"]: line["state"] for line in lines[:-1]}
    assert states == {CLASS_NAMES[0]: "done", "zigzag": "failed"}
    assert "There is no file “zigzag.npy”" in lines[-1]["failures"]["zigzag"]


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["--workers", "0"], "0 workers are not allowed; use 1 to 256."),
        (["--workers", "2", "--gpus", "3"], "3 GPUs for a class are not allowed"),
        (["--workers", "2", "--device", "cpu"], "leave --device out"),
        (["--json"], "say --workers or --ray as well"),
    ],
)
def test_what_a_fleet_can_not_do_is_said_in_a_sentence(home, capsys, arguments, sentence):
    from train.cli.main import main

    assert main(["all", "--only", "sun", *arguments]) == 2
    assert sentence in capsys.readouterr().err


def test_without_ray_a_fleet_says_which_command_installs_it(home, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ValueError, match=r"install it: pip install -r requirements-fleet\.txt"):
        train_fleet([order(home, "sun")], home, Fleet(workers=2))


def test_a_worker_goes_on_from_the_snapshot_that_a_dead_one_left(few):
    ordered = order(few, CLASS_NAMES[0], num_steps=6)
    left = create_run(few.runs, ordered, begin=True)
    training = Training(SMALL, as_drawings(suns(4)))
    for progress in fit(training, 4, every=2):
        if progress.step % 2 == 0:  # on a slow machine there are reports by the clock as well
            left.append(progress)
        if progress.step == 2:
            left.save_snapshot(training)
    before = left.progress()
    left.lock.release(force=True)  # as the system does when its holder dies
    (few.runs / "mark").touch()
    outcome = work(Task(ordered, few, "mark"), {})
    assert (outcome.state, outcome.files) == ("done", {}), outcome.sentence
    assert [run.id for run in list_runs(few.runs)] == [left.id]
    assert [entry.step for entry in before] == [2, 4]
    after = left.progress()
    assert after[0] == before[0] and before[1] not in after, "what came after it is done again"


def test_a_run_that_another_holds_is_left_to_it(few, monkeypatch):
    monkeypatch.setattr(train.fleet.task, "PATIENCE_SECONDS", 0.0)
    ordered = order(few, CLASS_NAMES[0])
    held = create_run(few.runs, ordered, begin=True)
    (few.runs / "mark").touch()
    assert work(Task(ordered, few, "mark"), {}).state == "busy"
    held.lock.release(force=True)


def test_what_a_machine_without_the_drivers_disk_trained_comes_back(few, away):
    few.runs.mkdir(parents=True)
    ordered = order(few, CLASS_NAMES[0], replace=True)
    outcome = work(Task(ordered, few, "mark"), {})
    assert not few.checkpoints.exists() and outcome.published
    land(outcome, few)
    assert load_checkpoint(checkpoint_path(few.checkpoints, CLASS_NAMES[0]))[0].class_name == CLASS_NAMES[0]
    (run,) = list_runs(few.runs)
    assert run.status().state == "done" and run.progress()
    again = work(Task(ordered, few, "mark"), {})
    assert again.run_id == outcome.run_id, "what is done is sent again, not trained again"
    assert again.published


def test_what_comes_back_is_left_alone_by_whoever_tidies_up_meanwhile(few, away, monkeypatch):
    few.runs.mkdir(parents=True)
    outcome = work(Task(order(few, CLASS_NAMES[0], replace=True), few, "mark"), {})

    def publish_after_tidying(path: Path, home: Home) -> None:
        clean_up(home, Settings())
        promote_file(path, home)

    monkeypatch.setattr(train.fleet.task, "promote_file", publish_after_tidying)
    land(outcome, few)
    (run,) = list_runs(few.runs)
    assert outcome.files.keys() <= {path.name for path in run.folder.iterdir()}


def test_a_better_checkpoint_of_the_driver_stands_though_another_machine_trains(few, away):
    few.runs.mkdir(parents=True)
    current = make_checkpoint(few.checkpoints, CLASS_NAMES[0]).read_bytes()
    outcome = work(Task(order(few, CLASS_NAMES[0]), few, "mark", current=current), {})
    assert outcome.state == "done" and not outcome.published, "there is nothing to compare by"
    land(outcome, few)
    assert checkpoint_path(few.checkpoints, CLASS_NAMES[0]).read_bytes() == current


def test_what_comes_back_damaged_or_strange_is_not_published(few, away):
    few.runs.mkdir(parents=True)
    outcome = work(Task(order(few, CLASS_NAMES[0], replace=True), few, "mark"), {})
    (name,) = (name for name in outcome.files if name.endswith(".safetensors"))
    content = outcome.files[name]
    with pytest.raises(CheckpointError):
        land(replace(outcome, files=outcome.files | {name: content[:-9] + bytes(9)}), few)
    for strange in (
        replace(outcome, run_id="../elsewhere"),
        replace(outcome, files=outcome.files | {"../app.py": b""}),
        replace(outcome, files={"run.json": b"{}"}),
    ):
        with pytest.raises(ValueError, match="is not the folder of a run"):
            land(strange, few)
    assert not few.checkpoints.exists() and not list_runs(few.runs)


def test_drawings_are_fetched_once_by_a_machine(few, away):
    few.runs.mkdir(parents=True)
    with Mirror(Path(few.source)) as mirror:
        served = replace(few, source=mirror.url)
        requests = []
        for num_steps in (5, 6):
            assert work(Task(order(served, CLASS_NAMES[0], num_steps), served, "mark"), {}).state == "done"
            requests.append(len(mirror.requests))
        assert requests[0] == requests[1] > 0


@pytest.fixture
def comes_to(monkeypatch):
    """A fleet without Ray, of which comes what is said; two checkpoints go into a commit."""
    monkeypatch.setattr(train.fleet.fleet, "_import_ray", lambda: None)
    monkeypatch.setattr(train.fleet.fleet, "_connected", lambda *_: contextlib.nullcontext())
    monkeypatch.setattr(train.fleet.fleet, "CLASSES_PER_COMMIT", 2)

    def become(outcomes: list[Outcome]) -> None:
        monkeypatch.setattr(train.fleet.fleet, "_outcomes", lambda *_: iter(outcomes))

    return become


def promoted(home: Home, class_names: Sequence[str]) -> list[Outcome]:
    for class_name in class_names:
        make_checkpoint(home.checkpoints, class_name)
    return [Outcome(class_name, "done", "Done.") for class_name in class_names]


class Hub:
    """Takes what is pushed, but for the first few times. pushed: how many checkpoints at a time."""

    def __init__(self, failures: int = 0):
        self.failures, self.pushed = failures, []

    def __call__(self, paths: Sequence[Path]) -> str:
        if self.failures:
            self.failures -= 1
            raise HubError("The Hub can't be reached; try again.")
        self.pushed.append(len(paths))
        return "Pushed."


def test_published_checkpoints_are_pushed_while_others_are_in_training(few, comes_to, capsys):
    names, hub = CLASS_NAMES[:6], Hub()
    comes_to([*promoted(few, names[:5]), Outcome(names[5], "failed", "There is no such thing.")])
    orders = [order(few, class_name) for class_name in names]
    failures = {"zigzag": "There is no file “zigzag.npy”."}
    assert train_fleet(orders, few, Fleet(workers=1), failures, hub) == 1
    assert hub.pushed == [2, 2, 1]
    told = capsys.readouterr().out.splitlines()[-3:]
    width = len(names[5])
    assert told[0] == "2 failed:"
    assert told[1:] == [
        f"  {'zigzag':{width}}  There is no file “zigzag.npy”.",
        f"  {names[5]}  There is no such thing.",
    ]


@pytest.mark.parametrize("failures, pushed, code", [(1, [4, 1], 0), (3, [], 1)])
def test_what_the_hub_does_not_take_is_pushed_with_the_next_lot(few, comes_to, capsys, failures, pushed, code):
    names, hub = CLASS_NAMES[:5], Hub(failures)
    comes_to(promoted(few, names))
    orders = [order(few, class_name) for class_name in names]
    assert train_fleet(orders, few, Fleet(workers=1, as_json=True), push=hub) == code
    assert hub.pushed == pushed
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["finished"] for line in lines if "class_name" in line] == [1, 2, 3, 4, 5]
    assert [line for line in lines if "pushed" in line] == [{"pushed": "Pushed."}] * len(pushed)
    assert ("The Hub can't be reached" in lines[-1]["failures"].get("the Hub", "")) == bool(code)


def test_a_repeated_command_pushes_what_was_trained_before(few, comes_to, capsys):
    ordered, hub = order(few, CLASS_NAMES[0]), Hub()
    promoted(few, CLASS_NAMES[:1])
    create_run(few.runs, ordered, begin=True).set_state("done", "Done.")
    comes_to([])
    assert train_fleet([ordered], few, Fleet(workers=1), push=hub) == 0
    assert hub.pushed == [1] and "1 of 1 classes are done already." in capsys.readouterr().out
