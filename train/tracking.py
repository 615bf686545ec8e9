"""Runs on record in MLflow. A run's folder stays the only truth; what it says is sent on, and what was sent noted."""

import contextlib
import json
import logging
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock, Timeout

from model.checkpoint import checkpoint_path, read_card
from model.weights import CheckpointError, write_file
from train.home import Home
from train.runs import Run, list_runs

EXPERIMENT = "endless-doodles"
MARK = "tracked.json"
EVERY_SECONDS = 5.0
LAST_SECONDS = 20.0  # that the end of a run may wait for what is still to be sent; the rest goes with the next run
LINES_AT_A_TIME = 200
FILES = ("sheet.png", "losses.png", "losses.svg", "training.gif", "nearest.png")
_ENDS = {"done": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}
_METRICS = ("loss_discriminator", "loss_generator", "images_per_second", "distance")
_KIND = "custom_model_development"  # so that MLflow's page shows losses and not what language models need
_RUN, _GROUP = "doodles.run", "doodles.group"

log = logging.getLogger(__name__)


@dataclass
class Mark:
    """How much of a run was sent. id: MLflow's. step: the last one. files: name to size and time. group: of a study."""

    id: str = ""
    step: int = -1
    state: str = ""
    files: dict[str, list[int]] = field(default_factory=dict)
    group: str = ""


def is_tracked() -> bool:
    """Whether runs go on record: DOODLES_MLFLOW is set, and not to 0."""
    return os.environ.get("DOODLES_MLFLOW", "").strip() not in ("", "0")


def tracking_uri(home: Home) -> str | None:
    """Where runs go on record: DOODLES_MLFLOW, with 1 for a file in the home folder; None where it is not set.

    Raises ValueError where MLflow is not installed.
    """
    if not is_tracked():
        return None
    if not find_spec("mlflow"):
        raise ValueError("DOODLES_MLFLOW is set, but MLflow is not installed: pip install -r requirements-mlflow.txt")
    uri = os.environ["DOODLES_MLFLOW"].strip()
    return f"sqlite:///{home.folder / 'mlflow.db'}" if uri == "1" else uri


def put_on_record(run: Run, group: str = "") -> None:
    """From now on, what this run has to say is sent. group: a name that several runs are shown under, if any."""
    if not (run.folder / MARK).exists():
        _write_mark(run, Mark(group=group))


@contextlib.contextmanager
def recording(run: Run, home: Home) -> Iterator[None]:
    """Send what a run reports while it goes on, if that is switched on; a server that is down only delays that."""
    try:
        uri = tracking_uri(home)
    except ValueError as error:
        log.warning("%s", error)
        uri = None
    if uri is None:
        yield
        return
    put_on_record(run)
    ends = threading.Event()
    thread = threading.Thread(target=_keep_sending, args=(home, uri, ends), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join(LAST_SECONDS)


def _keep_sending(home: Home, uri: str, ends: threading.Event) -> None:
    store, said, is_last = None, False, False
    while not is_last:
        is_last = ends.wait(EVERY_SECONDS)
        try:
            store = store or Store(uri, home)
            store.send_all(list_runs(home.runs))
            said = False
        except Exception as error:  # whatever the way to the server brings: the training must not mind
            if not said:
                said = True
                log.warning("MLflow can't be reached (%s); what there is to say is sent later.", _first_line(error))


class Store:
    """MLflow's store at some address. Raises MlflowException and others where it can't be reached."""

    def __init__(self, uri: str, home: Home):
        for name, value in (
            ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1"),  # who waits here is a training
            ("MLFLOW_HTTP_REQUEST_TIMEOUT", "10"),
            ("MLFLOW_DISABLE_TELEMETRY", "true"),
            ("GIT_PYTHON_REFRESH", "quiet"),
        ):
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient  # late, since it takes seconds to import

        self.client, self.groups, self.checked = MlflowClient(tracking_uri=uri), {}, set()
        folder = (home.folder / "mlflow-artifacts").as_uri() if uri.startswith("sqlite:") else None
        self.experiment = self._experiment(folder)

    def send_all(self, runs: list[Run]) -> int:
        """Send what is new of those runs that are on record. Returns how many had something new."""
        return sum(self.send(run) for run in runs if (run.folder / MARK).exists())

    def send(self, run: Run) -> bool:
        """Send what is new of a run: each reported step once, whoever is killed in between. False if nothing was."""
        with contextlib.suppress(Timeout), FileLock(run.folder / "tracked.lock", timeout=0):
            return self._send(run)
        return False

    def _send(self, run: Run) -> bool:
        mark, status = _read_mark(run), run.status()
        before = asdict(mark)
        if not mark.id:
            mark.id = self._find_or_create(run, mark.group)
            _write_mark(run, mark)
        if mark.id not in self.checked:
            # Whoever sent last may have been killed before it could note how far it got.
            known = self.client.get_metric_history(mark.id, _METRICS[0])
            mark.step = max([mark.step, *(metric.step for metric in known)])
            self.checked.add(mark.id)
        self._send_progress(run, mark, int(1000 * status.created))
        self._send_files(run, mark, status.order.class_name)
        if status.state != mark.state:
            self._send_state(run, mark.id, status.state)
            mark.state = status.state
            _write_mark(run, mark)
        return asdict(mark) != before

    def _send_progress(self, run: Run, mark: Mark, created: int) -> None:
        """Progress after the last step sent. A resumed run repeats some of its steps; they were sent, and stay."""
        from mlflow.entities import Metric

        new = [entry for entry in run.progress() if entry.step > mark.step]
        for first in range(0, len(new), LINES_AT_A_TIME):
            lines = new[first : first + LINES_AT_A_TIME]
            metrics = [
                Metric(name, value, created + int(1000 * entry.seconds), entry.step)
                for entry in lines
                for name in _METRICS
                if (value := getattr(entry, name)) is not None
            ]
            self.client.log_batch(mark.id, metrics=metrics)
            mark.step = lines[-1].step
            _write_mark(run, mark)

    def _send_files(self, run: Run, mark: Mark, class_name: str) -> None:
        """Files that are new or have changed. Sent twice, a file is there once."""
        checkpoint = checkpoint_path(run.folder, class_name)
        wanted = [(path, "sheets") for path in run.sheets()]
        wanted += [(run.folder / name, None) for name in FILES] + [(checkpoint, "checkpoint")]
        for path, folder in wanted:
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            seen = [stat.st_size, stat.st_mtime_ns]
            if mark.files.get(path.name) == seen:
                continue
            self.client.log_artifact(mark.id, str(path), folder)
            if path == checkpoint:
                self._send_figures(mark, path)
            mark.files[path.name] = seen
            _write_mark(run, mark)

    def _send_figures(self, mark: Mark, checkpoint: Path) -> None:
        """What the checkpoint measured at the end, beside real drawings."""
        with contextlib.suppress(CheckpointError):
            for name, value in read_card(checkpoint).metrics.items():
                self.client.log_metric(mark.id, f"final_{name}", value, step=max(0, mark.step))

    def _send_state(self, run: Run, run_id: str, state: str) -> None:
        self.client.set_tag(run_id, "doodles.sentence", run.status().sentence or state)
        if state in _ENDS:
            self.client.set_terminated(run_id, _ENDS[state])
        else:
            self.client.update_run(run_id, status="RUNNING")

    def _experiment(self, artifacts: str | None) -> str:
        from mlflow.exceptions import MlflowException

        if found := self.client.get_experiment_by_name(EXPERIMENT):
            return found.experiment_id
        try:
            return self.client.create_experiment(EXPERIMENT, artifacts, {"mlflow.experimentKind": _KIND})
        except MlflowException:  # somebody else was quicker
            if found := self.client.get_experiment_by_name(EXPERIMENT):
                return found.experiment_id
            raise

    def _find_or_create(self, run: Run, group: str) -> str:
        """MLflow's run for one of ours, which somebody may have created and been killed before noting it."""
        status = run.status()
        parent = {"mlflow.parentRunId": self._group(group, status.created)} if group else {}
        found = self._tagged(_RUN, run.id)
        if not found:
            order = {
                name: value for name, value in asdict(status.order).items() if name not in ("config", "requested_by")
            }
            tags = {_RUN: run.id, **parent}
            found = self._create(status.order.class_name, status.created, tags, order | asdict(status.order.config))
        return found

    def _group(self, name: str, created: float) -> str:
        """The run that the runs of a group are nested under."""
        if name not in self.groups:
            found = self._tagged(_GROUP, name)
            if not found:
                found = self._create(name, created, {_GROUP: name}, {})
                self.client.set_terminated(found)
            self.groups[name] = found
        return self.groups[name]

    def _create(self, name: str, created: float, tags: dict[str, str], params: dict[str, object]) -> str:
        from mlflow.entities import Param

        made = self.client.create_run(self.experiment, int(1000 * created), tags, run_name=name)
        self.client.log_batch(made.info.run_id, params=[Param(key, str(value)[:500]) for key, value in params.items()])
        return made.info.run_id

    def _tagged(self, tag: str, value: str) -> str:
        found = self.client.search_runs([self.experiment], f"tags.`{tag}` = '{value}'", max_results=1)
        return found[0].info.run_id if found else ""


def _read_mark(run: Run) -> Mark:
    try:
        return Mark(**json.loads((run.folder / MARK).read_text()))
    except (OSError, ValueError, TypeError):
        return Mark()


def _write_mark(run: Run, mark: Mark) -> None:
    write_file(run.folder / MARK, json.dumps(asdict(mark)).encode())


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:120]}"
