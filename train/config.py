"""The settings of a run, and the named recipes."""

from dataclasses import dataclass, field, fields, replace
from typing import TypeVar

T = TypeVar("T")


def _option(default: T, explanation: str, low: float | None = None, high: float | None = None) -> T:
    """A field with its default, its help text, and its bounds if it has any."""
    return field(default=default, metadata={"help": explanation, "low": low, "high": high})


@dataclass(frozen=True)
class Config:
    """Everything that decides how a run goes, except its drawings and its length. Raises ValueError.

    Each field's metadata holds its `help`, and its bounds `low` and `high` (None where it has none).
    """

    recipe: str = _option(
        "doodle", "a named set of all the options below: doodle, or superdeep for the student project"
    )
    generator: str = _option("doodle", "network that draws")
    discriminator: str = _option("guided", "network that judges")
    z_dim: int = _option(64, "length of the latent")
    channels: int | None = _option(None, "width of the doodle networks")
    depth: int | None = _option(None, "layers of the superdeep generator, 4 to 8; more don't fit into a checkpoint")
    dropout: float | None = _option(None, "share of activations that are dropped, in networks with dropout")
    saturation: float = _option(0.08, "how far the generator's output reaches beyond 0..1 before it is cut", 0.0, 0.99)
    layout_rank: int = _option(0, "rank of the 7x7 map that each class has in the shared base; 0 for none", 0, 1024)
    batch_size: int = _option(64, "drawings per step", 2, 4096)
    learning_rate: float = _option(2e-3, "learning rate of both Adam optimisers", 1e-7, 1.0)
    final_rate: float = _option(
        1.0, "share of the learning rate that is left at the end; 1 keeps it constant", 0.0, 1.0
    )
    beta1: float = _option(0.0, "Adam's first decay", 0.0, 0.9999)
    beta2: float = _option(0.99, "Adam's second decay", 0.0, 0.99999)
    r1_gamma: float = _option(0.1, "weight of the R1 penalty; 0 turns it off", 0.0, 1000.0)
    r1_every: int = _option(8, "steps from one R1 penalty to the next", 1, 1000)
    recognition: float = _option(
        0.0, "weight of being recognised by the feature network; 0 turns it off, mixtures ignore it", 0.0, 10.0
    )
    box: float = _option(
        1.0, "weight of filling the paper as real drawings do, up to its margin; 0 turns it off", 0.0, 100.0
    )
    augment: float = _option(1.0, "strength of the augmentation; 0 turns it off", 0.0, 3.0)
    ema_decay: float = _option(0.998, "decay of the averaged generator; 0 turns averaging off", 0.0, 0.99999)
    from_base: bool = _option(True, "start from the shared base if it has the same networks")
    bfloat16: bool = _option(True, "compute in bfloat16 if the processor is fast at it")
    seed: int = _option(0, "seed for all random numbers in the run", 0, 2**31)

    def __post_init__(self) -> None:
        for option in fields(self):
            value, low, high = getattr(self, option.name), option.metadata["low"], option.metadata["high"]
            if low is not None and not low <= value <= high:
                flag = "--" + option.name.replace("_", "-")
                raise ValueError(f"{flag} is {value}, but must be between {low:g} and {high:g}.")


DOODLE = Config(layout_rank=128)
SUPERDEEP = replace(
    DOODLE,
    recipe="superdeep",
    generator="superdeep",
    discriminator="superdeep",
    z_dim=100,
    saturation=0.0,
    learning_rate=2e-4,
    beta1=0.5,
    beta2=0.999,
    r1_gamma=0.0,
    box=0.0,
    augment=0.0,
    ema_decay=0.0,
    from_base=False,
    bfloat16=False,
)
# The shared base starts from nothing, so it learns more slowly than the classes that start from it, and is averaged
# over more steps.
BASE = replace(DOODLE, learning_rate=1e-3, final_rate=0.1, ema_decay=0.999, from_base=False)
# What a run had that was ordered before these options existed.
BEFORE: dict[str, object] = {"saturation": 0.0, "layout_rank": 0, "box": 0.0}
RECIPES: dict[str, Config] = {config.recipe: config for config in (DOODLE, SUPERDEEP)}
