"""How often a page asks about its run: once a second, and less often the more pages ask."""

import threading
import time

POLLS_PER_SECOND = 6  # of all pages together; one takes about 20 ms of the cores that the training uses, too
FORGET_SECONDS = 60.0  # after a page's last poll


class PollPacing:
    """Counts the pages that poll, so that many of them cost no more than a few. Thread-safe."""

    def __init__(self) -> None:
        self._last_polls: dict[str, float] = {}
        self._lock = threading.Lock()

    def pause(self, session: str) -> float:
        """Note a page's poll. Returns the seconds until it should poll again."""
        now = time.monotonic()
        with self._lock:
            self._last_polls[session] = now
            if len(self._last_polls) > 1:
                recent = {page: when for page, when in self._last_polls.items() if now - when < FORGET_SECONDS}
                self._last_polls = recent
            return float(max(1, -(-len(self._last_polls) // POLLS_PER_SECOND)))
