"""Showing how a fleet gets on: a bar and sentences for people, or lines of JSON for programs."""

import json
import sys
import time
from collections.abc import Mapping

from tqdm import tqdm

from train.fleet.messages import already_done, failure_table
from train.fleet.task import Outcome
from train.hub.messages import push_message
from train.hub.push import Pushed


class FleetProgress:
    """Prints as classes end. num_done: classes that were done before. as_json: print lines of JSON instead of text."""

    def __init__(self, total: int, num_done: int, *, as_json: bool):
        self.total, self.num_done, self.as_json = total, num_done, as_json
        self.finished, self.start = 0, time.monotonic()
        if num_done and not as_json:
            print(already_done(num_done, num_done + total))
        self.bar = tqdm(total=total, unit="class", disable=as_json or not total)

    def add(self, outcome: Outcome) -> None:
        """Show that a class has ended."""
        self.finished += 1
        line = {
            "class_name": outcome.class_name,
            "state": outcome.state,
            "sentence": outcome.sentence,
            "host": outcome.host,
            "finished": self.finished,
            "total": self.total,
            "seconds": round(time.monotonic() - self.start, 1),
        }
        self._print(f"{outcome.class_name}: {outcome.sentence}", line)
        self.bar.update()

    def add_push(self, pushed: Pushed) -> None:
        """Show that checkpoints were pushed."""
        sentence = push_message(pushed)
        self._print(sentence, {"pushed": sentence})

    def close(self, failures: Mapping[str, str]) -> None:
        """Show which classes failed. failures: a sentence for each."""
        self.bar.close()
        if self.as_json:
            print(json.dumps({"finished": self.finished, "skipped": self.num_done, "failures": dict(failures)}))
        elif failures:
            print(failure_table(failures))

    def _print(self, sentence: str, line: Mapping[str, object]) -> None:
        if self.as_json:
            print(json.dumps(line, ensure_ascii=False), flush=True)
        else:
            self.bar.write(sentence, file=sys.stdout)
