"""Which of the 345 classes does a drawing look like? The evaluator answers for the page."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from model.files.classifiers import EVALUATOR_NAME, load_evaluator
from model.files.weights import CheckpointError
from model.networks.evaluator import Evaluator
from model.quickdraw.classes import CLASS_NAMES
from model.quickdraw.images import to_ink

BATCH = 64  # drawings that the evaluator sees at once
_PLACES = {name: place for place, name in enumerate(CLASS_NAMES)}

log = logging.getLogger(__name__)


class Recogniser:
    """The first usable evaluator in some folders. It is read when first needed and whenever its file changes."""

    def __init__(self, folders: Sequence[Path], device: str = "cpu"):
        self.folders, self.device = [Path(folder) for folder in folders], device
        self._read: dict[Path, tuple[int, Evaluator | None]] = {}

    def evaluator(self) -> Evaluator | None:
        """None if there is no usable one; the log says why."""
        for path in (folder / EVALUATOR_NAME for folder in self.folders):
            if path.exists() and (evaluator := self._evaluator_in(path)):
                return evaluator
        return None

    def top(self, drawing: np.ndarray, count: int = 5) -> list[tuple[str, float]]:
        """The likeliest classes of a drawing uint8 (28, 28), each with its probability; none without an evaluator."""
        evaluator = self.evaluator()
        if evaluator is None:
            return []
        with torch.inference_mode():
            probabilities, classes = evaluator(to_ink(drawing[None], self.device))[0].softmax(0).topk(count)
        pairs = zip(classes.tolist(), probabilities.tolist(), strict=True)
        return [(CLASS_NAMES[index], probability) for index, probability in pairs]

    def sureness(self, drawings: np.ndarray, class_names: Sequence[str]) -> np.ndarray | None:
        """How sure the evaluator is that each drawing uint8 (N, 28, 28) is of its class, 0 to 1 (N,).

        Of a mixture, that it's one of its classes. None without an evaluator.
        """
        evaluator = self.evaluator()
        if evaluator is None:
            return None
        with torch.inference_mode():
            batches = to_ink(drawings, self.device).split(BATCH)
            probabilities = torch.cat([evaluator(batch).softmax(1) for batch in batches]).cpu().numpy()  # (N, 345)
        parts = [[_PLACES[part] for part in name.split(" (")[0].split("+") if part in _PLACES] for name in class_names]
        return np.array([row[places].sum() for row, places in zip(probabilities, parts, strict=True)])

    def _evaluator_in(self, path: Path) -> Evaluator | None:
        try:
            modified = path.stat().st_mtime_ns
            if self._read.get(path, (None, None))[0] != modified:
                self._read[path] = modified, load_evaluator(path)[0].to(self.device)
        except OSError:
            return None  # it was just removed
        except CheckpointError as error:
            log.warning("%s", error)
            if error.is_transient:
                return None
            self._read[path] = modified, None
        return self._read[path][1]
