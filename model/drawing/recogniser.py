"""What does a drawing look like, among all 345 classes? The evaluator's answer, for the page."""

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

log = logging.getLogger(__name__)


class Recogniser:
    """The evaluator of the first folder that has a usable one, read when first needed and when its file changes."""

    def __init__(self, folders: Sequence[Path], device: str = "cpu"):
        self.folders, self.device = [Path(folder) for folder in folders], device
        self._read: dict[Path, tuple[int, Evaluator | None]] = {}

    def evaluator(self) -> Evaluator | None:
        """None where there is no usable one, which the log explains."""
        paths = (folder / EVALUATOR_NAME for folder in self.folders)
        return next((evaluator for path in paths if path.exists() and (evaluator := self._of(path))), None)

    def top(self, drawing: np.ndarray, count: int = 5) -> list[tuple[str, float]]:
        """The likeliest classes of a drawing uint8 (28, 28), each with its share of 1; none without an evaluator."""
        evaluator = self.evaluator()
        if evaluator is None:
            return []
        with torch.inference_mode():
            shares, classes = evaluator(to_ink(drawing[None], self.device))[0].softmax(0).topk(count)
        return [(CLASS_NAMES[place], share) for place, share in zip(classes.tolist(), shares.tolist(), strict=True)]

    def _of(self, path: Path) -> Evaluator | None:
        try:
            changed = path.stat().st_mtime_ns
            if self._read.get(path, (None, None))[0] != changed:
                self._read[path] = changed, load_evaluator(path)[0].to(self.device)
        except OSError:
            return None  # it has just gone
        except CheckpointError as error:
            log.warning("%s", error)
            if error.is_transient:
                return None
            self._read[path] = changed, None
        return self._read[path][1]
