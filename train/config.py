"""What a training can be told, and the named sets of it."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Config:
    """Everything that decides how a training goes, apart from its drawings and how long it lasts."""

    recipe: str = "doodle"
    generator: str = "doodle"
    discriminator: str = "guided"
    z_dim: int = 64
    channels: int | None = None
    depth: int | None = None
    dropout: float | None = None
    batch_size: int = 64
    learning_rate: float = 2e-3
    final_rate: float = 1.0
    beta1: float = 0.0
    beta2: float = 0.99
    r1_gamma: float = 0.1
    r1_every: int = 8
    recognition: float = 0.0
    augment: float = 1.0
    ema_decay: float = 0.998
    from_base: bool = True
    bfloat16: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("batch_size", 2, 4096),
            ("learning_rate", 1e-7, 1.0),
            ("final_rate", 0.0, 1.0),
            ("beta1", 0.0, 0.9999),
            ("beta2", 0.0, 0.99999),
            ("r1_gamma", 0.0, 1000.0),
            ("r1_every", 1, 1000),
            ("recognition", 0.0, 10.0),
            ("augment", 0.0, 3.0),
            ("ema_decay", 0.0, 0.99999),
            ("seed", 0, 2**31),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} is {value}; {low:g} to {high:g} is allowed.")


DOODLE = Config()
SUPERDEEP = replace(
    DOODLE,
    recipe="superdeep",
    generator="superdeep",
    discriminator="superdeep",
    z_dim=100,
    learning_rate=2e-4,
    beta1=0.5,
    beta2=0.999,
    r1_gamma=0.0,
    augment=0.0,
    ema_decay=0.0,
    from_base=False,
    bfloat16=False,
)
# What the base learns by: it has everything to find yet, so slower than what grows from it, and averaged over longer.
BASE = replace(DOODLE, learning_rate=1e-3, final_rate=0.1, ema_decay=0.999, from_base=False)
RECIPES: dict[str, Config] = {config.recipe: config for config in (DOODLE, SUPERDEEP)}
