"""A run in MLflow: its metrics, parameters, artifacts and state, each sent once."""

import contextlib
import logging
import os
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock, Timeout

from model.files.checkpoint import checkpoint_path, read_card
from model.files.weights import CheckpointError
from model.system.addresses import hide_passwords
from train.home import Home
from train.runs.run import Run
from train.runs.status import Status
from train.tracking.sent import Sent, is_tracked, read_sent, write_sent

EXPERIMENT = "endless-doodles"
REPORTS_PER_BATCH = 200
FILES = ("sheet.png", "losses.png", "losses.svg", "training.gif", "nearest.png")
_ENDS = {"done": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}
_METRICS = ("loss_discriminator", "loss_generator", "images_per_second", "distance")
_KIND = "custom_model_development"  # so that MLflow's page shows losses, not what language models need
_RUN, _GROUP = "doodles.run", "doodles.group"

log = logging.getLogger(__name__)


class Store:
    """MLflow's store at an address. Raises MlflowException and other errors if it can't be reached."""

    def __init__(self, uri: str, home: Home):
        for name, value in (
            ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1"),  # a run waits for it
            ("MLFLOW_HTTP_REQUEST_TIMEOUT", "10"),
            ("MLFLOW_DISABLE_TELEMETRY", "true"),
            ("MLFLOW_LOGGING_LEVEL", "WARNING"),  # not a line for each table it creates
            ("GIT_PYTHON_REFRESH", "quiet"),
        ):
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient  # here, because importing it takes seconds

        self.client = MlflowClient(tracking_uri=uri)
        self.groups: dict[str, str] = {}  # names to the ids of MLflow's runs
        self.checked: set[str] = set()  # ids of MLflow's runs whose last step is known
        self.refused: set[str] = set()  # ids of our runs
        folder = (home.folder / "mlflow-artifacts").as_uri() if uri.startswith("sqlite:") else None
        self.experiment, created = self._experiment(folder)
        self.identity = f"{self.experiment} {created}"  # the same at any address, but another once it was emptied

    def send_all(self, runs: list[Run]) -> int:
        """Send what is new in the tracked runs. Returns how many had something new.

        Runs that MLflow refuses, or that are removed meanwhile, don't keep the others from being sent.
        """
        from mlflow.exceptions import MlflowException

        num_new = 0
        for run in runs:
            if run.id in self.refused or not is_tracked(run):
                continue
            try:
                num_new += self.send(run)
            except MlflowException as error:
                if error.get_http_status_code() >= 500:  # which has nothing to do with this run
                    raise
                self.refused.add(run.id)
                log.warning("MLflow refuses run %s (%s).", run.id, first_line(error))
            except FileNotFoundError:
                if is_tracked(run):
                    raise
        return num_new

    def send(self, run: Run) -> bool:
        """Send what is new in a run: each step once, even if a process is killed. Returns whether anything was new."""
        with contextlib.suppress(Timeout), FileLock(run.folder / "tracked.lock", timeout=0):
            return self._send(run)
        return False

    def _send(self, run: Run) -> bool:
        sent, written, status = read_sent(run), (run.folder / "run.json").stat().st_mtime_ns, run.status()
        before = asdict(sent)
        if sent.store != self.identity:
            sent = Sent(group=sent.group, store=self.identity)
        if sent.ended == written:  # so that many finished runs don't delay the others
            return False
        if not sent.id:
            sent.id = self._find_or_create(run, sent.group)
            write_sent(run, sent)
        if sent.id not in self.checked:
            # The process that sent last may have been killed before it could note how far it got.
            known = self.client.get_metric_history(sent.id, _METRICS[0])
            sent.step = max([sent.step, *(metric.step for metric in known)])
            self.checked.add(sent.id)
        self._send_progress(run, sent, int(1000 * status.created))
        self._send_files(run, sent, status.order.class_name)
        if status.state != sent.state:
            self._send_state(run, sent, status, written // 10**6)
            sent.state = status.state
        sent.ended = written if status.state in _ENDS else 0
        if asdict(sent) != before:
            write_sent(run, sent)
        return asdict(sent) != before

    def _send_progress(self, run: Run, sent: Sent, created: int) -> None:
        """Send reports after the last step sent. A resumed run repeats some steps; they are not sent again."""
        from mlflow.entities import Metric

        new = [entry for entry in run.progress() if entry.step > sent.step]
        for first in range(0, len(new), REPORTS_PER_BATCH):
            batch = new[first : first + REPORTS_PER_BATCH]
            metrics = [
                Metric(name, value, created + int(1000 * entry.seconds), entry.step)
                for entry in batch
                for name in _METRICS
                if (value := getattr(entry, name)) is not None
            ]
            self.client.log_batch(sent.id, metrics=metrics)
            sent.step = batch[-1].step
            write_sent(run, sent)

    def _send_files(self, run: Run, sent: Sent, class_name: str) -> None:
        """Send files that are new or have changed. MLflow keeps only the last version of a file."""
        checkpoint = checkpoint_path(run.folder, class_name)
        folders: dict[Path, str | None] = {path: "sheets" for path in run.sheets()}
        folders |= {run.folder / name: None for name in FILES} | {checkpoint: "checkpoint"}
        for path, folder in folders.items():
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            version = [stat.st_size, stat.st_mtime_ns]
            if sent.files.get(path.name) == version:
                continue
            self.client.log_artifact(sent.id, str(path), folder)
            if path == checkpoint:
                self._send_metrics(sent, path)
            sent.files[path.name] = version
            write_sent(run, sent)

    def _send_metrics(self, sent: Sent, checkpoint: Path) -> None:
        """Send the metrics of the checkpoint's card."""
        with contextlib.suppress(CheckpointError):
            for name, value in read_card(checkpoint).metrics.items():
                self.client.log_metric(sent.id, f"final_{name}", value, step=max(0, sent.step))

    def _send_state(self, run: Run, sent: Sent, status: Status, written: int) -> None:
        """written: when the run got into this state, in ms, because it may be sent days later."""
        self.client.set_tag(sent.id, "doodles.sentence", status.sentence or status.state)
        if status.state not in _ENDS:
            self.client.update_run(sent.id, status="RUNNING")
            return
        self.client.set_terminated(sent.id, _ENDS[status.state], written)
        if sent.group:  # which ends with its last run
            self.client.set_terminated(self._group(run, sent.group), end_time=written)

    def _experiment(self, artifacts: str | None) -> tuple[str, int]:
        """The experiment's id, and when it was created."""
        from mlflow.exceptions import MlflowException

        experiment = self.client.get_experiment_by_name(EXPERIMENT)
        if experiment is None:
            with contextlib.suppress(MlflowException):  # if another process was quicker
                self.client.create_experiment(EXPERIMENT, artifacts, {"mlflow.experimentKind": _KIND})
            experiment = self.client.get_experiment_by_name(EXPERIMENT)
        if experiment is None or experiment.creation_time is None:
            raise MlflowException(f"its experiment {EXPERIMENT} can't be created")
        if experiment.lifecycle_stage != "active":
            raise MlflowException(f"its experiment {EXPERIMENT} was deleted; restore it there")
        return experiment.experiment_id, experiment.creation_time

    def _find_or_create(self, run: Run, group: str) -> str:
        """The id of MLflow's run for one of ours. A process may have created it and been killed before noting that."""
        status = run.status()
        parent = {"mlflow.parentRunId": self._group(run, group)} if group else {}
        run_id = self._tagged(_RUN, run.id)
        if not run_id:
            order = {
                name: value for name, value in asdict(status.order).items() if name not in ("config", "requested_by")
            }
            tags = {_RUN: run.id, **parent}
            run_id = self._create(status.order.class_name, status.created, tags, order | asdict(status.order.config))
        return run_id

    def _group(self, run: Run, name: str) -> str:
        """The id of MLflow's run that the runs of a group are nested under."""
        if name not in self.groups:
            with FileLock(run.folder.parent / "tracked.lock"):  # so that two commands don't create two
                group_id = self._tagged(_GROUP, name)
                self.groups[name] = group_id or self._create(name, run.status().created, {_GROUP: name}, {})
        return self.groups[name]

    def _create(self, name: str, created: float, tags: dict[str, str], params: dict[str, object]) -> str:
        from mlflow.entities import Param

        new = self.client.create_run(self.experiment, int(1000 * created), tags, run_name=name)
        self.client.log_batch(new.info.run_id, params=[Param(key, str(value)[:500]) for key, value in params.items()])
        return new.info.run_id

    def _tagged(self, tag: str, value: str) -> str:
        runs = self.client.search_runs([self.experiment], f"tags.`{tag}` = '{value}'", max_results=1)
        return runs[0].info.run_id if runs else ""


def first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {hide_passwords(str(error).partition(chr(10))[0])[:120]}"
