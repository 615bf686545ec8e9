"""Every step of a run arrives in MLflow exactly once, even if the server or the sender is killed."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from importlib.util import find_spec
from unittest.mock import Mock

import pytest
import torch

import train.fleet.fleet
import train.fleet.task
from benchmarks.harness.site import free_port
from tests.support.browser import IS_CI
from tests.support.samples import SMALL
from train.cli.main import main
from train.execution import recorder as recorder_module
from train.execution.execution import execute
from train.fleet.fleet import Fleet, train_fleet
from train.fleet.task import GROUP, Task, work
from train.loop import Progress, fit
from train.runs.order import Order
from train.runs.run import create_run, list_runs
from train.tracking import sending as tracking
from train.tracking.mlflow_store import EXPERIMENT, Store
from train.tracking.sent import SENT_NAME, track

WAIT = 120.0  # seconds

if not find_spec("mlflow") and not IS_CI:
    pytest.skip("MLflow is not installed; pip install -r requirements-mlflow.txt", allow_module_level=True)


class Server:
    """An MLflow tracking server that can be killed and restarted."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        store = ["--backend-store-uri", f"sqlite:///{self.folder / 'server.db'}", "--workers", "1"]
        place = ["--artifacts-destination", str(self.folder / "artifacts"), "--port", str(self.port)]
        # Jobs are for language models and start eight processes.
        environment = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        command = [sys.executable, "-m", "mlflow", "server", *store, *place, "--host", "127.0.0.1"]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=log, cwd=self.folder, start_new_session=True
            )
        ends = time.monotonic() + WAIT
        while time.monotonic() < ends:
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=5):
                    return
            except OSError:
                time.sleep(0.2)
        raise AssertionError((self.folder / "server.log").read_text(encoding="utf-8")[-2000:])

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("mlflow"))
    yield running
    running.kill()


@pytest.fixture
def quick(monkeypatch):
    """Make trainings report every step, and send all reports at once."""
    monkeypatch.setattr(recorder_module, "fit", lambda training, num_steps, *_: fit(training, num_steps, every=1))
    monkeypatch.setattr(tracking, "EVERY_SECONDS", 0.2)
    monkeypatch.setattr(tracking, "LAST_SECONDS", WAIT)  # on a slow machine, too
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "60")


def client_of(uri: str):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri)


def order(home, **changes) -> Order:
    options = {"class_name": "sun", "class_names": ("sun",), "source": home.source, "num_steps": 5, "config": SMALL}
    return Order(**options | changes)


def finish(run, home) -> None:
    for _ in execute(run, home):
        pass


def ended(home, class_name: str):
    """A finished run of five steps, made without training."""
    run = create_run(home.runs, order(home, class_name=class_name), begin=True)
    for step in range(1, 6):
        run.append(Progress(step, step / 10, step / 5, 100.0, 0.5, 0.6))
    (run.folder / "training.gif").write_bytes(b"GIF89a")
    run.set_state("done", "Done.")
    run.lock.release(force=True)
    return run


def recorded(client: object, run) -> object:
    """The MLflow run that records one of our runs, or None."""
    experiment = client.get_experiment_by_name(EXPERIMENT)
    matches = client.search_runs([experiment.experiment_id], f"tags.`doodles.run` = '{run.id}'") if experiment else []
    assert len(matches) <= 1, "a run is recorded once"
    return matches[0] if matches else None


def steps(client: object, run, metric: str = "loss_generator") -> list[int]:
    mlflow_run = recorded(client, run)
    return [entry.step for entry in client.get_metric_history(mlflow_run.info.run_id, metric)] if mlflow_run else []


def wait_until(condition) -> None:
    ends = time.monotonic() + WAIT
    while not condition() and time.monotonic() < ends:
        time.sleep(0.1)
    assert condition()


@pytest.mark.slow
def test_every_metric_arrives_once_even_if_the_server_is_killed_midway(server, home, quick, monkeypatch, caplog):
    monkeypatch.setenv("DOODLES_MLFLOW", server.url)
    client = client_of(server.url)
    run = create_run(home.runs, order(home, num_steps=30), begin=True)
    for progress in execute(run, home):
        if progress.step == 10:
            wait_until(lambda: steps(client, run))
            server.kill()
        if progress.step == 20:
            wait_until(lambda: "be sent later" in caplog.text)
            server.start()
    assert run.status().state == "done"
    assert caplog.text.count("be sent later") == 1, "it is logged once"
    main_steps = [entry.step for entry in run.progress()]
    assert main_steps == list(range(1, 31))
    for metric in ("loss_discriminator", "loss_generator", "images_per_second"):
        assert steps(client, run, metric) == main_steps

    mlflow_run = recorded(client, run)
    assert mlflow_run.info.status == "FINISHED" and mlflow_run.data.params["learning_rate"] == str(SMALL.learning_rate)
    files = {entry.path for entry in client.list_artifacts(mlflow_run.info.run_id)}
    assert {"sheet.png", "losses.png", "losses.svg", "training.gif", "sheets", "checkpoint"} <= files
    assert [each.path for each in client.list_artifacts(mlflow_run.info.run_id, "checkpoint")] == [
        "checkpoint/sun.safetensors"
    ]
    assert "requested_by" not in mlflow_run.data.params


@pytest.mark.slow
def test_a_sender_killed_before_recording_what_it_sent_sends_nothing_twice(server, home, quick, monkeypatch):
    monkeypatch.setenv("DOODLES_MLFLOW", server.url)
    client = client_of(server.url)
    run = create_run(home.runs, order(home), begin=True)
    finish(run, home)
    assert steps(client, run) == [1, 2, 3, 4, 5]
    for forgotten in (json.dumps({"id": recorded(client, run).info.run_id}), "{}"):
        (run.folder / SENT_NAME).write_text(forgotten, encoding="utf-8")
        Store(server.url, home).send_all([run])
        assert steps(client, run) == [1, 2, 3, 4, 5]
        assert recorded(client, run).info.status == "FINISHED"


def test_a_resumed_run_is_one_run_in_mlflow_too(server, home, quick, monkeypatch):
    monkeypatch.setenv("DOODLES_MLFLOW", server.url)
    client = client_of(server.url)
    run = create_run(home.runs, order(home, num_steps=6), begin=True)
    for progress in execute(run, home):
        if progress.step == 3:
            break
    wait_until(lambda: recorded(client, run) is not None)
    assert recorded(client, run).info.status == "RUNNING"
    finish(run, home)
    assert steps(client, run) == [1, 2, 3, 4, 5, 6] and recorded(client, run).info.status == "FINISHED"


@pytest.mark.slow
def test_finished_runs_are_imported_into_a_file_by_default_and_to_a_server(server, home, monkeypatch, capsys):
    monkeypatch.setenv("DOODLES_HOME", str(home.folder))
    runs = [ended(home, name) for name in ("sun", "star")]
    long_ago = 1_700_000_000
    for run in runs:
        os.utime(run.folder / "run.json", (long_ago, long_ago))
    track(runs[0], "a study")
    assert main(["track"]) == 2, "no destination is set"
    monkeypatch.setenv("DOODLES_MLFLOW", "1")
    assert main(["track", "--all"]) == 0
    assert "new data for 2 runs" in capsys.readouterr().out
    client = client_of(f"sqlite:///{home.folder / 'mlflow.db'}")
    assert steps(client, runs[1]) == [1, 2, 3, 4, 5]
    nested = recorded(client, runs[0])
    parent = client.get_run(nested.data.tags["mlflow.parentRunId"])
    assert {each.info.end_time for each in (nested, parent, recorded(client, runs[1]))} == {1000 * long_ago}
    assert parent.info.run_name == "a study" and "mlflow.parentRunId" not in recorded(client, runs[1]).data.tags
    assert list((home.folder / "mlflow-artifacts").rglob("training.gif"))
    assert main(["track", "--all"]) == 0
    assert "new data for 0 runs" in capsys.readouterr().out

    monkeypatch.setenv("DOODLES_MLFLOW", server.url)
    assert main(["track"]) == 0, "the other store has no runs yet"
    assert "new data for 2 runs" in capsys.readouterr().out
    client = client_of(server.url)
    assert [steps(client, run) for run in runs] == [[1, 2, 3, 4, 5]] * 2
    assert "mlflow.parentRunId" in recorded(client, runs[0]).data.tags
    store = Store(server.url, home)
    store.client = None
    assert store.send_all(runs) == 0, "finished runs that were sent cause no more requests"


def test_a_run_that_mlflow_refuses_does_not_hold_up_others(server, home, caplog):
    first, second = ended(home, "sun"), ended(home, "star")
    track(first)
    store, client = Store(server.url, home), client_of(server.url)
    assert store.send_all([first]) == 1
    client.delete_run(recorded(client, first).info.run_id)
    first.append(Progress(6, 0.6, 1.0, 100.0, 0.5, 0.6))
    first.set_state("done", "Done after all.")
    track(second)
    assert [store.send_all([first, second]) for _ in range(2)] == [1, 0]
    assert steps(client, second) == [1, 2, 3, 4, 5]
    assert caplog.text.count(f"refuses run {first.id}") == 1


@pytest.mark.slow
@pytest.mark.parametrize("sees_home", [True, False])
def test_the_driver_sends_a_fleets_runs_as_nested_runs(server, home, quick, tmp_path, monkeypatch, sees_home):
    """The training machines need no access to MLflow."""
    monkeypatch.setenv("DOODLES_MLFLOW", server.url)
    monkeypatch.setattr(train.fleet.task, "REMOTE_HOME", tmp_path / "away")

    def train_on(fleet, orders, home):
        for ordered in orders:
            task = Task(ordered, home, group=GROUP, marker=None if sees_home else "nowhere")
            with monkeypatch.context() as patched:
                patched.delenv("DOODLES_MLFLOW")
                outcome = work(task, {})
            yield outcome

    monkeypatch.setattr(train.fleet.fleet, "train_on", train_on)
    orders = [order(home, class_name=name) for name in ("one", "two")]
    num_threads = torch.get_num_threads()
    assert train_fleet(orders, home, Fleet(as_json=True)) == {}
    torch.set_num_threads(num_threads)
    client, runs = client_of(server.url), list_runs(home.runs)
    assert [steps(client, run) for run in runs] == [[1, 2, 3, 4, 5]] * 2
    (parent,) = {recorded(client, run).data.tags["mlflow.parentRunId"] for run in runs}
    assert client.get_run(parent).info.run_name == GROUP


def test_without_mlflow_the_command_says_how_to_install_it_and_the_worker_still_trains(
    home, quick, monkeypatch, capsys, caplog
):
    monkeypatch.setenv("DOODLES_HOME", str(home.folder))
    monkeypatch.setenv("DOODLES_MLFLOW", "1")
    monkeypatch.setattr(tracking, "find_spec", lambda name: None)
    for command in (["sun", "--steps", "2"], ["track"], ["all", "--only", "sun"], ["study", "cat"]):
        assert main(command) == 2
        assert "pip install -r requirements-mlflow.txt" in capsys.readouterr().err
    run = create_run(home.runs, order(home), begin=True)
    finish(run, home)
    assert run.status().state == "done" and "requirements-mlflow.txt" in caplog.text


def test_a_run_that_cannot_be_recorded_is_trained_anyway(home, quick, monkeypatch, caplog):
    monkeypatch.setenv("DOODLES_MLFLOW", "1")
    monkeypatch.setattr(tracking, "find_spec", lambda name: None)
    monkeypatch.setattr(
        "train.tracking.sent.write_file", Mock(side_effect=OSError(errno.ENOSPC, "No space left on device"))
    )
    run = create_run(home.runs, order(home), begin=True)
    finish(run, home)
    assert run.status().state == "done" and "won't be sent" in caplog.text
