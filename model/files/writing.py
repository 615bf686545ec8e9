"""Writing a file so that a crash at any moment leaves either the old content or the new one."""

import os
import secrets
import time
from pathlib import Path

_MAX_NAME_LENGTH = 60  # of a temporary file's name, which must not be too long where the file's own isn't
_IS_WINDOWS = os.name == "nt"
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)  # seconds, while another process has the old file open on Windows


def write_file(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Write all of `content` or nothing: to a temporary file next to `path`, flushed to disk, then renamed.

    mode: the new file's permissions, from which the system takes away those of the umask. Raises OSError, which names
    `path`.
    """
    temporary = path.with_name(f".{path.name[:_MAX_NAME_LENGTH]}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(temporary, flags, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename == str(temporary):
            error.filename, error.filename2 = str(path), None
        raise


def clear_temporaries(*folders: Path, name: str = "*") -> None:
    """Delete the temporary files that killed processes left of files called `name`; no process may be writing there."""
    for folder in folders:
        for path in folder.glob(f".{name[:_MAX_NAME_LENGTH]}.*.tmp"):
            path.unlink(missing_ok=True)


def _replace(temporary: Path, path: Path) -> None:
    """Rename. Windows refuses that while another process has `path` open, so wait a moment for its end."""
    for pause in _PAUSES if _IS_WINDOWS else ():
        try:
            temporary.replace(path)
            return
        except PermissionError:
            time.sleep(pause)
    temporary.replace(path)
