"""The numbers that decide how pixels become strokes, for Python and for the page's scripts."""

from dataclasses import dataclass

from model.quickdraw.images import SIZE

FIELD = 304  # units a side of the dataset's own field, which 28 pixels show: 256 and a margin of 24 on both sides
UNITS = FIELD / SIZE  # in a pixel of a drawing
WIDTH, MIN_WIDTH, MAX_WIDTH = 4.0, 1.5, 6.0  # units, of a pen for looking at and plotting


@dataclass(frozen=True)
class TraceSettings:
    """Lengths are in pixels of the drawing, areas in square pixels, ink is in 0..1, and angles are given as cosines."""

    # Which pixels are ink
    fineness: int = 4  # enlarged pixels per pixel
    sharpening: float = (
        1.0  # how much of its difference from its neighbours a pixel gets on top, so that gaps stay open
    )
    level: float = 0.55  # ink that is darker belongs to a line
    relative_level: float = 0.5  # the same, of the darkest ink, in pale drawings
    faintest: float = 0.12  # a drawing that is nowhere darker is empty
    hole_area: float = 0.35  # smaller holes in the ink are filled
    blob_depth: float = 1.2  # ink that is further from paper is inside a blob, which a hand would draw as a loop
    blob_area: float = 0.25  # a smaller inside makes no loop
    loop_width: float = 1.4  # ink further from paper gets lines of its own, because no pen on the loop reaches it
    core_area: float = 1.0  # if there is so much of it

    # Which lines are no lines
    spur: float = 0.6  # an end that sticks out less from the ink around its junction
    bridge: float = 1.6  # a shorter line between two junctions, which are one
    crossing: float = 4.5  # a shorter one where two lines cross at a sharp angle
    crossing_cosine: float = 0.85  # how straight both must be
    most_lines: int = 150  # with more, it is noise, and no crossings are looked for

    # Corners, gaps and ends
    tip: float = 4.0  # a longer end is not the tip of a sharp corner, where two lines have merged
    tip_cosine: float = 0.2  # how sharp such a corner is at least
    tip_ahead: float = 0.4  # how straight its sides run towards the tip
    gap: float = 3.6  # ends that are further apart are never joined
    gap_ink: float = 0.05  # the least ink between ends that are joined
    gap_cosine: float = 0.5  # how straight they face each other
    end_radius: float = 0.5  # of the ink around the end of a thinned line; where there is more, the line is too short

    # Where lines go on
    reach: float = 2.0  # how far from its junction a line's direction is measured
    straight: float = 0.35  # how straight two lines must continue each other
    trim: float = 0.8  # share of the ink around a junction in which a line that goes on follows no pixels

    # Smooth curves
    step: float = 0.5  # between points while smoothing
    shrink: float = 0.5  # how far towards its neighbours a point moves, and back (Taubin 1995)
    unshrink: float = 0.53
    passes: int = 3
    corner: float = 0.6  # the direction changes at least this much at a corner
    corner_reach: int = 4  # points on both sides of it, between which the change is measured
    corner_shift: float = 1.2  # how far a corner that thinning has rounded may be moved
    sideways: float = 1.0  # how far to both sides a point looks for the middle of the ink
    samples: int = 4  # on each side
    shift: float = 0.3  # how far it may move there
    node: float = 1.2  # between the nodes of the finished curve
    dot: float = 0.9  # a shorter stroke is a dot

    # Strokes that come and go in a morph
    pale: float = 0.3  # ink along a stroke that isn't seen yet
    dark: float = 0.6  # and of one that is fully seen; in between, it fades


DEFAULT = TraceSettings()
