"""Writing a file so that a crash at any moment leaves either the old content or the new one."""

import os
import tempfile
from pathlib import Path


def write_file(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write all of `content` or nothing: to a temporary file next to `path`, flushed to disk, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def clear_temporaries(*folders: Path, name: str = "*") -> None:
    """Delete the temporary files that killed processes left of files called `name`; no process may be writing there."""
    for folder in folders:
        for path in folder.glob(f".{name}.*.tmp"):
            path.unlink(missing_ok=True)
