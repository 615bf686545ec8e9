"""How drawings look when they are enlarged: as pen strokes, as ink with smooth outlines, or as the network's pixels."""

from dataclasses import dataclass

from model.tracing.settings import MAX_WIDTH, MIN_WIDTH, WIDTH

PEN, INK, PIXELS = LOOKS = ("pen", "ink", "pixels")


@dataclass(frozen=True)
class Look:
    """name: one of LOOKS. width: of a pen, in units of the dataset's field, of which a pixel has about eleven.

    Raises ValueError for anything else; its message says what is allowed.
    """

    name: str = PEN
    width: float = WIDTH

    @property
    def has_own_width(self) -> bool:
        """Whether the width matters and isn't the usual one."""
        return self.name == PEN and self.width != WIDTH

    def __post_init__(self) -> None:
        if self.name not in LOOKS:
            raise ValueError(f"“{str(self.name)[:40]}” is not a look; use one of {', '.join(LOOKS)}.")
        is_number = isinstance(self.width, int | float) and not isinstance(self.width, bool)
        if not is_number or not MIN_WIDTH <= self.width <= MAX_WIDTH:
            allowed = f"use a number from {MIN_WIDTH:g} to {MAX_WIDTH:g}"
            raise ValueError(f"The pen's width {str(self.width)[:40]} is not allowed; {allowed}.")
