"""Checking whether a process holds a lock."""

import time
from pathlib import Path

from filelock import FileLock, Timeout

LOCK_SECONDS = 1.0  # how long to wait for a lock, longer than a check takes
LOOK_SECONDS = 0.001  # how long a check may hold a lock


def is_held(lock: Path) -> bool:
    """Whether a process holds a lock file now."""
    for _ in range(2):  # the first time, another check may have held it
        try:
            with FileLock(lock, timeout=0):
                return False
        except Timeout:
            time.sleep(LOOK_SECONDS)
        except OSError:  # in a read-only folder, where no process can work
            return False
    return True
