"""What a run is in MLflow: metrics, parameters, artifacts, and a state, each sent once."""

import contextlib
import logging
import os
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock, Timeout

from model.files.checkpoint import checkpoint_path, read_card
from model.files.weights import CheckpointError
from train.home import Home
from train.runs.run import Run
from train.runs.status import Status
from train.tracking.record import Mark, is_on_record, read_mark, write_mark

EXPERIMENT = "endless-doodles"
LINES_AT_A_TIME = 200
FILES = ("sheet.png", "losses.png", "losses.svg", "training.gif", "nearest.png")
_ENDS = {"done": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}
_METRICS = ("loss_discriminator", "loss_generator", "images_per_second", "distance")
_KIND = "custom_model_development"  # so that MLflow's page shows losses and not what language models need
_RUN, _GROUP = "doodles.run", "doodles.group"

log = logging.getLogger(__name__)


class Store:
    """MLflow's store at some address. Raises MlflowException and others where it can't be reached."""

    def __init__(self, uri: str, home: Home):
        for name, value in (
            ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1"),  # who waits here is a training
            ("MLFLOW_HTTP_REQUEST_TIMEOUT", "10"),
            ("MLFLOW_DISABLE_TELEMETRY", "true"),
            ("MLFLOW_LOGGING_LEVEL", "WARNING"),  # not that it creates its tables
            ("GIT_PYTHON_REFRESH", "quiet"),
        ):
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient  # late, since it takes seconds to import

        self.client, self.groups, self.checked, self.refused = MlflowClient(tracking_uri=uri), {}, set(), set()
        folder = (home.folder / "mlflow-artifacts").as_uri() if uri.startswith("sqlite:") else None
        self.experiment, made = self._experiment(folder)
        self.identity = f"{self.experiment} {made}"  # whatever its address, and another after it was emptied

    def send_all(self, runs: list[Run]) -> int:
        """Send what is new of those runs that are on record. Returns how many had something new.

        A run that MLflow doesn't take, or that is gone meanwhile, keeps no other from being sent.
        """
        from mlflow.exceptions import MlflowException

        num_new = 0
        for run in runs:
            if run.id in self.refused or not is_on_record(run):
                continue
            try:
                num_new += self.send(run)
            except MlflowException as error:
                if error.get_http_status_code() >= 500:  # which is no matter of this run
                    raise
                self.refused.add(run.id)
                log.warning("MLflow doesn't take run %s (%s).", run.id, first_line(error))
            except FileNotFoundError:
                if is_on_record(run):
                    raise
        return num_new

    def send(self, run: Run) -> bool:
        """Send what is new of a run: each reported step once, whoever is killed in between. False if nothing was."""
        with contextlib.suppress(Timeout), FileLock(run.folder / "tracked.lock", timeout=0):
            return self._send(run)
        return False

    def _send(self, run: Run) -> bool:
        mark, written, status = read_mark(run), (run.folder / "run.json").stat().st_mtime_ns, run.status()
        before = asdict(mark)
        if mark.store != self.identity:
            mark = Mark(group=mark.group, store=self.identity)
        if mark.ended == written:  # so that many finished runs take no time from those under way
            return False
        if not mark.id:
            mark.id = self._find_or_create(run, mark.group)
            write_mark(run, mark)
        if mark.id not in self.checked:
            # Whoever sent last may have been killed before it could note how far it got.
            known = self.client.get_metric_history(mark.id, _METRICS[0])
            mark.step = max([mark.step, *(metric.step for metric in known)])
            self.checked.add(mark.id)
        self._send_progress(run, mark, int(1000 * status.created))
        self._send_files(run, mark, status.order.class_name)
        if status.state != mark.state:
            self._send_state(run, mark, status, written // 10**6)
            mark.state = status.state
        mark.ended = written if status.state in _ENDS else 0
        if asdict(mark) != before:
            write_mark(run, mark)
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
            write_mark(run, mark)

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
            write_mark(run, mark)

    def _send_figures(self, mark: Mark, checkpoint: Path) -> None:
        """What the checkpoint measured at the end, beside real drawings."""
        with contextlib.suppress(CheckpointError):
            for name, value in read_card(checkpoint).metrics.items():
                self.client.log_metric(mark.id, f"final_{name}", value, step=max(0, mark.step))

    def _send_state(self, run: Run, mark: Mark, status: Status, written: int) -> None:
        """written: when the run came to this state, in ms, for it may be sent days later."""
        self.client.set_tag(mark.id, "doodles.sentence", status.sentence or status.state)
        if status.state not in _ENDS:
            self.client.update_run(mark.id, status="RUNNING")
            return
        self.client.set_terminated(mark.id, _ENDS[status.state], written)
        if mark.group:  # which ends with the last of it
            self.client.set_terminated(self._group(run, mark.group), end_time=written)

    def _experiment(self, artifacts: str | None) -> tuple[str, int]:
        """The experiment's id, and when it was made."""
        from mlflow.exceptions import MlflowException

        if not (found := self.client.get_experiment_by_name(EXPERIMENT)):
            try:
                self.client.create_experiment(EXPERIMENT, artifacts, {"mlflow.experimentKind": _KIND})
            except MlflowException:  # unless somebody else was quicker
                if not self.client.get_experiment_by_name(EXPERIMENT):
                    raise
            found = self.client.get_experiment_by_name(EXPERIMENT)
        if found.lifecycle_stage != "active":
            raise MlflowException(f"its experiment {EXPERIMENT} was deleted; restore it there")
        return found.experiment_id, found.creation_time

    def _find_or_create(self, run: Run, group: str) -> str:
        """MLflow's run for one of ours, which somebody may have created and been killed before noting it."""
        status = run.status()
        parent = {"mlflow.parentRunId": self._group(run, group)} if group else {}
        found = self._tagged(_RUN, run.id)
        if not found:
            order = {
                name: value for name, value in asdict(status.order).items() if name not in ("config", "requested_by")
            }
            tags = {_RUN: run.id, **parent}
            found = self._create(status.order.class_name, status.created, tags, order | asdict(status.order.config))
        return found

    def _group(self, run: Run, name: str) -> str:
        """The run that the runs of a group are nested under."""
        if name not in self.groups:
            with FileLock(run.folder.parent / "tracked.lock"):  # or two commands at a time would make two of it
                found = self._tagged(_GROUP, name)
                if not found:
                    found = self._create(name, run.status().created, {_GROUP: name}, {})
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


def first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:120]}"
