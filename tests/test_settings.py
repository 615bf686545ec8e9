"""A host's limits are read from the environment and enforced, and errors say when to come back."""

import errno
import os
import time
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from filelock import FileLock
from starlette.datastructures import Headers

from benchmarks.harness.drawings import suns, write_class
from model.drawing.sampler import Sampler
from studio.shared.visitors import COOKIE, address, address_id, new_cookie, visitor_id
from studio.train.run_poll import FAILED_PAUSE, RunPoll
from studio.train.run_summary import summarise
from tests.support.samples import SMALL, make_checkpoint
from train.cache import limit_cache, load_cached
from train.data import cached_path, load_drawings
from train.execution.admission import PER_ADDRESS, request_again, request_training
from train.runs.cleanup import MEGABYTE, clean_up
from train.runs.fetch import fetch
from train.runs.messages import sentence_for
from train.runs.order import Order, page_order
from train.runs.queue import next_run, place
from train.runs.run import BusyError, create_run, list_runs
from train.runs.settings import Settings


def order(home, class_name="sun", **changes) -> Order:
    settings = {"seconds": 60.0, "config": SMALL, "requested_by": "visitor-a", "source": home.source}
    return Order(**{"class_name": class_name, "class_names": ("sun",)} | settings | changes)


def request_from(peer="10.0.0.9", **headers) -> SimpleNamespace:
    """Gradio's request object for a visitor at this address."""
    return SimpleNamespace(client=SimpleNamespace(host=peer, port=1), headers=Headers(headers))


def test_every_setting_is_read_from_its_variable_within_its_bounds():
    assert Settings.from_environment({}) == Settings()
    for each in fields(Settings):
        variable, low, high = (each.metadata[key] for key in ("variable", "low", "high"))
        assert getattr(Settings.from_environment({variable: f" {low} "}), each.name) == low
        for wrong in (low - 1, high + 1, "many", "nan", "1e999"):
            with pytest.raises(
                ValueError, match=rf"{variable} is .*; set it to a .*number from .* to .*, or unset it\."
            ):
                Settings.from_environment({variable: str(wrong)})


def test_runs_per_hour_and_visitor_are_limited(home, monkeypatch):
    settings = replace(Settings(), runs_per_hour=2)
    for number in range(2):
        request_training(home, settings, order(home, f"sun {number}"))
    with pytest.raises(BusyError):
        request_training(home, settings, order(home, "sun 0"))
    with pytest.raises(ValueError, match=r"2 runs an hour.*; come back in 60 minutes\."):
        request_training(home, settings, order(home, "sun 2"))
    request_training(home, settings, order(home, "sun 2", requested_by="visitor-b"))
    assert "visitor-a" in (home.runs / "visits.json").read_text(encoding="utf-8")
    later = time.time() + 3601
    monkeypatch.setattr(time, "time", lambda: later)
    request_training(home, settings, order(home, "sun 3"))
    monkeypatch.setattr(time, "time", lambda: later - 10**6)
    request_training(home, settings, order(home, "sun 4"))


def test_joined_and_refused_runs_do_not_count(home):
    settings = replace(Settings(), runs_per_hour=2)
    request_training(home, settings, order(home))
    for _ in range(5):
        with pytest.raises(BusyError):
            request_training(home, settings, order(home))
        with pytest.raises(ValueError, match="at most 60 minutes"):
            request_training(home, settings, order(home, seconds=3601.0))
    request_training(home, settings, order(home, "sun 2"))


def test_a_visitors_run_takes_over_no_other_checkpoint(home):
    make_checkpoint(home.checkpoints, "star signs")
    for name, taken in (("cat", "cat"), ("star-signs", "star signs")):
        with pytest.raises(ValueError, match=rf"“sun”.*“{taken}”") as caught:
            request_training(home, Settings(), order(home, name))
        assert "--" not in str(caught.value)
    assert not list_runs(home.runs)


def test_a_full_queue_says_when_to_come_back(home):
    settings = replace(Settings(), queue_length=2)
    for number in range(2):
        request_training(home, settings, order(home, f"sun {number}"))
    with pytest.raises(ValueError, match=r"2 runs are already waiting .*; come back in 2 minutes\."):
        request_training(home, settings, order(home, "sun 2"))


def test_a_host_can_switch_off_or_limit_training(home):
    with pytest.raises(ValueError, match="switched off"):
        request_training(home, replace(Settings(), training=0), order(home))
    with pytest.raises(ValueError, match=r"at most 0\.5 minutes"):
        request_training(home, replace(Settings(), max_minutes=0.5), order(home))
    run = request_training(home, replace(Settings(), max_rows=100), order(home))
    assert run.status().order.num_rows == 100


def test_on_a_full_disk_training_is_refused_in_one_sentence(home, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(ValueError, match=r"disk here is full.*come back"):
        request_training(home, Settings(), order(home))
    assert not list_runs(home.runs)


def test_in_a_read_only_folder_the_page_works_and_says_why_runs_wait(home, monkeypatch):
    interrupted, waiting = create_run(home.runs, order(home), begin=True), create_run(home.runs, order(home, "other"))
    interrupted.lock.release()
    really_open, really_access = os.open, os.access

    def open_file(path, flags: int, *rest: object, **more: object) -> int:  # a read-only disk refuses root, too
        if flags & (os.O_RDWR | os.O_WRONLY | os.O_CREAT) and Path(path).is_relative_to(home.folder):
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        return really_open(path, flags, *rest, **more)

    def summary(run):
        return summarise(run, run.status(), None, place(run, home.runs), has_checkpoint=False)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", open_file)
        patched.setattr(os, "access", lambda path, mode: mode != os.W_OK and really_access(path, mode))
        assert next_run(home.runs).id == interrupted.id
        assert all(summary(run).blocked == "read_only" for run in (interrupted, waiting))
        with pytest.raises(ValueError, match=r"can't write files here.*come back"):
            request_training(home, Settings(), order(home, "another"))
        with pytest.raises(OSError) as caught:
            waiting.ask_to_stop()
        assert "Read-only" in sentence_for(caught.value) and str(home.folder) not in sentence_for(caught.value)
    assert summary(interrupted).phase == "interrupted" and summary(interrupted).blocked is None
    assert request_training(home, Settings(), order(home, "another")).is_active()


def test_an_open_page_notices_that_a_failed_run_waits_for_disk_space(home, monkeypatch):
    run = create_run(home.runs, order(home))
    polls = RunPoll(home, Settings(), Sampler(home.checkpoint_folders))
    monkeypatch.setattr("studio.train.run_poll.ensure_worker", lambda home: None)
    request = request_from()
    request.session_hash = "x"

    def timer(seen: dict) -> tuple[dict, object]:
        *_, shown, answer = polls.poll(run.id, 0, seen, request, None)
        return shown | {"is_sure": True}, answer

    seen, active = timer({})
    run.set_state("failed", "A file can't be written: No space left on device; free some space, then try again.")
    seen, slow = timer(seen)
    assert active.active and slow.active and slow.value == FAILED_PAUSE
    run.resume()
    seen, again = timer(seen)
    assert again.active and again.value == active.value
    run.set_state("done")
    assert not timer(seen)[1].active


def test_resuming_a_run_counts_as_a_request(home):
    settings = replace(Settings(), runs_per_hour=2)
    run = request_training(home, settings, order(home))
    with pytest.raises(ValueError, match="in progress"):
        request_again(home, settings, run, "visitor-a")
    run.ask_to_stop()
    assert request_again(home, settings, run, "visitor-a").status().state == "queued"
    run.ask_to_stop()
    with pytest.raises(ValueError, match="an hour"):
        request_again(home, settings, run, "visitor-a")
    with pytest.raises(ValueError, match="has been removed"):
        request_again(home, settings, run, "visitor-b", more_seconds=60.0)
    for fewer in (0.0, -300.0, float("nan")):
        with pytest.raises(ValueError, match="not allowed"):
            request_again(home, settings, run, "visitor-b", more_seconds=fewer)
    assert run.status().state == "stopped"


def test_a_visitors_address_comes_only_from_a_trusted_proxy():
    assert address(request_from(), 0) == "10.0.0.9"
    spoofed = {"x-forwarded-for": "6.6.6.6, 1.2.3.4"}
    assert address(request_from(**spoofed), 0) == "unknown", "a visitor can't change identity by sending a header"
    assert address(request_from(**spoofed), 1) == "1.2.3.4"
    assert address(request_from(**{"x-forwarded-for": "6.6.6.6, 1.2.3.4, 10.0.0.2"}), 2) == "1.2.3.4"
    assert address(request_from(), 1) == ""
    lines = Headers(raw=[(b"x-forwarded-for", b"6.6.6.6"), (b"x-forwarded-for", b"1.2.3.4")])
    assert address(SimpleNamespace(headers=lines), 1) == "1.2.3.4", "a proxy may add its own line"


def test_browsers_behind_one_address_are_different_visitors_and_nobody_can_make_up_a_key(home):
    settings = Settings()
    cookies = [f"{COOKIE}={new_cookie(home)}" for _ in range(25)]
    ids = [visitor_id(home, settings, request_from(cookie=f"theme=dark; {cookie}"), None) for cookie in cookies]
    assert len(set(ids)) == 25 and ids[0] == visitor_id(home, settings, request_from(cookie=cookies[0]), None)
    by_address = visitor_id(home, settings, request_from(), None)
    assert by_address == address_id(home, settings, request_from(cookie=cookies[0])) and by_address not in ids
    for forged in (f"{COOKIE}=abc.def", f"{COOKIE}=abc", f"{COOKIE}=", f"{cookies[0]}x", f"{COOKIE}=é.é"):
        assert visitor_id(home, settings, request_from(cookie=forged), None) == by_address


def test_nobody_holds_more_than_a_third_of_the_queue(home):
    settings = replace(Settings(), queue_length=9)
    for number in range(3):
        request_training(home, settings, order(home, f"sun {number}"))
    with pytest.raises(ValueError, match=r"You have 3 runs waiting .*; come back in \d+ minutes\."):
        request_training(home, settings, order(home, "sun 4"))
    request_training(home, settings, order(home, "sun 5", requested_by="visitor-b"))


def test_everyone_behind_an_address_may_start_more_than_one_visitor_but_not_any_number(home, monkeypatch):
    settings = replace(Settings(), runs_per_hour=1)
    for number in range(PER_ADDRESS):
        request_training(home, settings, order(home, f"sun {number}", requested_by=f"visitor-{number}"), "school")
    with pytest.raises(ValueError, match=r"from your network in the last hour; come back in 60 minutes\."):
        request_training(home, settings, order(home, "one more", requested_by="visitor-x"), "school")
    request_training(home, settings, order(home, "elsewhere", requested_by="visitor-y"), "home")


def test_no_address_and_no_login_is_stored(home):
    settings = Settings()
    one, again, other = (
        visitor_id(home, settings, request_from(peer), None) for peer in ("10.0.0.9", "10.0.0.9", "10.0.0.8")
    )
    login = visitor_id(home, settings, request_from(), SimpleNamespace(username="ada"))
    assert one == again and len({one, other, login}) == 3
    run = request_training(home, settings, order(home, requested_by=one))
    request_training(home, settings, order(home, "sun 2", requested_by=login))
    files = [path for path in home.runs.rglob("*") if path.is_file()]
    stored = "".join(path.read_text(encoding="utf-8", errors="replace") for path in files)
    assert "10.0.0" not in stored and "ada" not in stored and one in stored
    assert (home.runs / "salt").stat().st_mode & 0o77 == 0 and run.is_active()


def test_the_cleanup_removes_the_oldest_runs_and_keeps_active_ones(home):
    runs = [create_run(home.runs, order(home, f"sun {number}", num_steps=1)) for number in range(6)]
    by_owner = create_run(home.runs, order(home, "own", requested_by="command line"))
    for run in [*runs[1:], by_owner]:
        run.set_state("done")
        run.snapshot_path.write_bytes(bytes(10 * MEGABYTE))
    clean_up(home, replace(Settings(), keep_runs=4))
    assert [run.id for run in list_runs(home.runs)] == [run.id for run in (runs[0], *runs[2:], by_owner)]
    clean_up(home, replace(Settings(), runs_mb=21))
    assert [run.snapshot_path.exists() for run in runs[2:]] == [False, False, True, True] and len(
        list_runs(home.runs)
    ) == 6
    (home.runs / "20200101-000000-sun-abcd").mkdir()
    clean_up(home, replace(Settings(), runs_mb=1))
    assert [run.id for run in list_runs(home.runs)] == [run.id for run in (runs[0], runs[5], by_owner)]
    assert not (home.runs / "20200101-000000-sun-abcd").exists() and by_owner.snapshot_path.exists()


def test_the_cleanup_removes_partly_written_files(home):
    run = create_run(home.runs, order(home))
    places = [home.runs / "visits.json", home.runs / "salt", home.runs / "replaced" / "sun.safetensors"]
    places += [home.checkpoints / "sun.safetensors", run.folder / "run.json", run.sheets_folder / "0000001.png"]
    for path in places:
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / f".{path.name}.abcd1234.tmp").touch()
    with FileLock(run.folder / "lock"):
        clean_up(home, Settings())
        assert len(list(home.folder.rglob("*.tmp"))) == 2, "the process that holds the run may be writing them"
    clean_up(home, Settings())
    assert not list(home.folder.rglob("*.tmp")) and run.is_active()


def test_on_a_full_disk_snapshots_of_done_runs_are_removed(home, monkeypatch):
    runs = [create_run(home.runs, order(home, f"sun {number}", num_steps=1)) for number in range(5)]
    for run in runs:
        run.set_state("stopped" if run is runs[0] else "done")
        run.snapshot_path.write_bytes(bytes(15 * MEGABYTE))

    def disk(folder: Path) -> SimpleNamespace:
        gone = sum(not run.snapshot_path.exists() for run in runs)
        return SimpleNamespace(free=5 * MEGABYTE + gone * 15 * MEGABYTE)

    monkeypatch.setattr("train.runs.cleanup.shutil.disk_usage", disk)
    request_training(home, Settings(), order(home, "one more"))
    assert [run.snapshot_path.exists() for run in runs] == [True, False, False, False, True]
    assert len(list_runs(home.runs)) == 6, "no run itself is removed"


def test_the_cache_removes_least_recently_used_drawings_except_those_in_use(tmp_path, mirror):
    for number, class_name in enumerate(("sun", "stop sign", "The Mona Lisa")):
        load_drawings(class_name, 20, mirror.url, tmp_path)
        cached = cached_path(class_name, mirror.url, tmp_path)
        assert cached.exists()
        os.utime(cached, (number, number))
    load_drawings("sun", 20, mirror.url, tmp_path)  # used again
    keep = cached_path("stop sign", mirror.url, tmp_path)
    limit_cache(tmp_path, 2 * 20 * 784 + 500, in_use={keep})
    assert keep.exists() and cached_path("sun", mirror.url, tmp_path).exists()
    assert not cached_path("The Mona Lisa", mirror.url, tmp_path).exists()


def test_if_the_source_fails_midway_the_rows_so_far_are_used(home, mirror, monkeypatch, drawings_folder):
    write_class(drawings_folder, "sun", suns(300))
    monkeypatch.setattr("train.download.time.sleep", lambda seconds: None)
    ordered = order(home.with_source(mirror.url))
    assert load_cached("sun", 300, mirror.url, home.cache) is None
    mirror.faults = ["", f"cut:{784 * 120}", *["503"] * 10]
    fetched = fetch(ordered, home)
    assert len(fetched.by_class["sun"]) == 120 and [each.num_drawings for each in fetched.incomplete] == [120]
    assert np.array_equal(fetched.by_class["sun"], np.load(drawings_folder / "sun.npy")[:120].reshape(-1, 28, 28))
    mirror.faults = []
    assert len(fetch(ordered, home).by_class["sun"]) == 300, "the rest is downloaded when the source is back"
    mirror.faults = ["404"] * 9
    assert fetch(replace(ordered, num_rows=200), home).incomplete == (), "cached rows are not requested"


def test_the_order_of_classes_in_a_mixture_does_not_matter(home):
    first, second = (page_order(names, SMALL, 1.0, home.source, "", 60.0) for names in (("sun", "cat"), ("cat", "sun")))
    assert first == second and first.class_names == ("cat", "sun")
