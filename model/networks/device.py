"""Which device the networks run on. Only entry points choose."""

import torch


def limit_threads(num_threads: int) -> None:
    """Set how many threads one drawing or training step may use in this process."""
    torch.set_num_threads(num_threads)


def pick_device(requested: str | None = None) -> str:
    """The requested device, or else the GPU if there is one, or else the CPU. Raises ValueError."""
    if requested == "cuda" and not torch.cuda.is_available():
        raise ValueError("PyTorch finds no GPU here; leave --device out to use the CPU.")
    torch.backends.cudnn.allow_tf32 = False  # a GPU has to draw what a CPU draws; training may turn it on again
    return requested or ("cuda" if torch.cuda.is_available() else "cpu")
