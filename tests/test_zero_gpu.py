"""A run advances in short GPU calls as on ZeroGPU: forked, pickled, killed when their time is up."""

import multiprocessing
import pickle
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

import app
from model.files.checkpoint import load_checkpoint
from tests.support.samples import SMALL
from train.execution import zero_gpu as zero_gpu
from train.execution.admission import request_again, request_training
from train.execution.zero_gpu import call_duration, gpu_call, train_in_calls
from train.runs.lock import is_held
from train.runs.order import Order
from train.runs.run import Run, create_run
from train.runs.settings import Settings


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def call_gpu(arguments: tuple, is_up: Callable[[], bool] = lambda: False) -> dict:
    """Call as ZeroGPU does: in a forked process, with arguments and results as bytes, killed when its time is up."""
    receiver, sender = multiprocessing.get_context("fork").Pipe(duplex=False)
    packed = pickle.dumps(arguments)

    def work() -> None:
        zero_gpu.lost = True
        sender.send_bytes(pickle.dumps(gpu_call(*pickle.loads(packed))))

    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    try:
        while not receiver.poll(0.1):
            if is_up() or not (process.is_alive() or receiver.poll()):
                raise TimeoutError("GPU task aborted")
        return pickle.loads(receiver.recv_bytes())
    finally:
        process.kill()
        process.join()


def new_run(home, **changes):
    settings = {"seconds": 4.0, "config": SMALL, "requested_by": "visitor-a", "source": home.source, "replace": True}
    return create_run(home.runs, Order(**{"class_name": "sun", "class_names": ("sun",)} | settings | changes))


def test_a_run_is_trained_in_several_calls(home, monkeypatch):
    monkeypatch.setattr(zero_gpu, "CALL_SECONDS", 1.0)
    run = new_run(home)
    results = list(train_in_calls(home, run, lambda *arguments: call_gpu(arguments)))
    assert len(results) > 1 and [result["state"] for result in results[:-1]] == ["running"] * (len(results) - 1)
    steps = [result["progress"]["step"] for result in results]
    assert steps == sorted(steps) and results[-1]["state"] == run.status().state == "done"
    assert load_checkpoint(home.checkpoints / "sun.safetensors") and not hasattr(zero_gpu, "lost")


def test_a_killed_call_loses_only_the_work_after_the_last_snapshot(home, monkeypatch):
    monkeypatch.setattr("train.execution.recorder.SNAPSHOT_SECONDS", 0.5)
    run = new_run(home, seconds=3600.0)
    with pytest.raises(TimeoutError):
        list(train_in_calls(home, run, lambda *arguments: call_gpu(arguments, lambda: run.trained_seconds() > 0.5)))
    assert run.status().state == "running" and not is_held(run.folder / "lock") and run.trained_seconds() > 0.5
    before = run.trained_seconds()
    run.ask_to_stop()
    (result,) = train_in_calls(home, run, lambda *arguments: call_gpu(arguments))
    assert result["state"] == "stopped" and run.trained_seconds() >= before


def test_a_run_without_a_gpu_pauses_and_blocks_no_other(home, monkeypatch):
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    run = new_run(home)
    assert run.is_paused() and not run.is_active()
    settings = replace(Settings(), queue_length=1)
    other = request_training(home, settings, replace(run.status().order, requested_by="visitor-b"))
    assert other.id != run.id, "no visitor joins a paused run"
    assert request_again(home, settings, run, "visitor-a").id == run.id
    with run.lock:
        assert not Run(run.folder).is_paused()
        assert list(train_in_calls(home, Run(run.folder), lambda *arguments: {})) == [], "another process trains it"


def test_a_call_requests_no_more_time_than_it_needs(home):
    requested = replace(new_run(home).status().order, seconds=10.0)
    assert call_duration("", "", "", requested.seconds) < call_duration("", "", "", 600.0) <= 60


def test_each_call_gets_the_remaining_seconds(home, monkeypatch):
    run, remaining = new_run(home, seconds=100.0), []
    trained = iter((0.0, 45.0, 90.0))
    monkeypatch.setattr(Run, "trained_seconds", lambda self: next(trained))

    def call(folder: str, source: str, run_id: str, seconds: float) -> dict:
        remaining.append(seconds)
        if len(remaining) == 3:
            run.set_state("done")
        return {}

    list(train_in_calls(home, run, call))
    assert remaining == [100.0, 55.0, 10.0]
    run = new_run(home, seconds=None, num_steps=1000)
    remaining.clear()
    list(train_in_calls(home, run, lambda *arguments: remaining.append(arguments[-1]) or run.set_state("done")))
    assert remaining == [zero_gpu.CALL_SECONDS]


def test_on_zero_gpu_drawing_stays_on_the_cpu(monkeypatch, tmp_path):
    monkeypatch.setenv("DOODLES_HOME", str(tmp_path))
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)  # as on ZeroGPU, outside calls too
    monkeypatch.setattr("app.build_page", lambda home, sampler: sampler)
    monkeypatch.setattr("app.limit_threads", lambda count: None)
    assert app.build_app()[1].device == "cuda"
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    assert app.build_app()[1].device == "cpu"
