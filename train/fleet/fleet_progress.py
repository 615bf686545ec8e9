"""How a fleet's classes come out, told while they do: by a bar and sentences, or by lines of JSON."""

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict

from tqdm import tqdm

from train.fleet.task import Outcome


class FleetProgress:
    """failures: the sentence of each class that failed. as_json: a line for programs in place of bar and sentences."""

    def __init__(self, total: int, num_done: int, failures: Mapping[str, str], as_json: bool):
        self.total, self.num_done, self.failures, self.as_json = total, num_done, dict(failures), as_json
        self.finished, self.began = 0, time.monotonic()
        if num_done and not as_json:
            print(f"{num_done} of {num_done + total} classes are done already.")
        self.bar = tqdm(total=total, unit="class", disable=as_json or not total)

    def add(self, outcome: Outcome) -> None:
        """One more class has come out."""
        self.finished += 1
        if outcome.state == "failed":
            self.failures[outcome.class_name] = outcome.sentence
        told = {key: value for key, value in asdict(outcome).items() if key not in ("files", "promoted", "run_id")}
        seconds = round(time.monotonic() - self.began, 1)
        self._tell(
            f"{outcome.class_name}: {outcome.sentence}",
            told | {"finished": self.finished, "total": self.total, "seconds": seconds},
        )
        self.bar.update()

    def add_push(self, sentence: str) -> None:
        """Something has come to the Hub."""
        self._tell(sentence, {"pushed": sentence})

    def close(self) -> int:
        """Tell what the whole came to, with a table of failures if there are any. Returns the exit code."""
        if self.as_json:
            print(json.dumps({"finished": self.finished, "skipped": self.num_done, "failures": self.failures}))
        elif self.failures:
            width = max(map(len, self.failures))
            print(f"{len(self.failures)} failed:")
            for class_name, sentence in self.failures.items():
                print(f"  {class_name:{width}}  {sentence}")
        return 1 if self.failures else 0

    def _tell(self, sentence: str, line: Mapping[str, object]) -> None:
        if self.as_json:
            print(json.dumps(line, ensure_ascii=False), flush=True)
        else:
            self.bar.write(sentence, file=sys.stdout)
