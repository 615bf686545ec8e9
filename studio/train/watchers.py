"""How often a page looks at its run: once a second, and less often the more pages look."""

import threading
import time

LOOKS_PER_SECOND = 6  # of all pages together; a look takes some 20 milliseconds of the cores that the training has
FORGET_SECONDS = 60.0


class Watchers:
    """Counts the pages that look, so that many of them cost no more than a few."""

    def __init__(self):
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()

    def pause(self, session: str) -> float:
        """Seconds until a page should look again; it counts as looking from now on."""
        now = time.monotonic()
        with self._lock:
            self._seen[session] = now
            if len(self._seen) > 1:
                self._seen = {each: when for each, when in self._seen.items() if now - when < FORGET_SECONDS}
            return float(max(1, -(-len(self._seen) // LOOKS_PER_SECOND)))
