"""Values that nobody should send, for tests and benchmarks of what the app does with them."""

NUMBERS = [-1, 2**32, 10**400, 1e99, -1e99, 0.5, float("nan"), float("inf"), True, None, "7", ""]
TEXTS = [
    "",
    "/",
    "../../etc/passwd",
    "<b>bold</b>",
    "c" * 5000,
    "\x00",
    "ｃａｔ",
    "cat\n",
    "_base",
    "cat.safetensors",
    "💥",
    "\ud800",
    "?class=\ud800",
]
LARGE = [[7] * 10_000, [[7, 1, 1, []]] * 10_000, "[" * 5000]
# Requests that are right, so that each of their parts can be spoiled by itself.
ENDPOINTS: dict[str, list[object]] = {
    "draw": ["cat", 7, 1, 1.0, [0.5], False],
    "svg": ["cat", 7, 1.0, [0.5], "pen", 2.5],
    "strokes": ["cat", 7, 1, 1.0, [0.5], False],
    "file": ["ndjson", "cat", 7, 1, 1.0, [0.5], "pen", 2.5, False],
    "morph": ["cat", [7, 12], 1.0, "dog"],
    "run": ["20260101-000000-cat"],
}
COMPONENT_FUNCTIONS: list[tuple[str, str, list[object]]] = [
    ("draw", "drawings", ["cat", [[7, 1, 1.0, [0.5]]]]),
    ("draw", "pick", ["cat", 7, 4, 1.0, [0.5]]),
    ("draw", "open_link", ["?class=cat&seed=7"]),
    ("draw", "export", ["link", "cat", 7, 1, 1.0, [0.5], "http://127.0.0.1/", "pen", 3]),
    ("favourites", "favourite_drawings", [[{"name": "cat", "seed": 7, "psi": 1, "style": [], "latent": []}]]),
    ("favourites", "export_favourites", ["svg", [{"name": "cat", "seed": 7}], "pen", 3]),
    ("draw", "catalog", [0]),
    ("draw", "screenful", [0, 0, 0]),
    ("morph", "morph", ["cat", "dog", [7, 12], 1.0]),
    ("morph", "export", ["link", ["cat", "dog", [7, 12], 1.0], "http://127.0.0.1/", 1, "back", "ink", 4]),
    ("morph", "catalog", [0]),
    ("morph", "screenful", [0, 0, 0]),
    ("wall", "screenful", [0, 0, 0]),
    ("yours-pad", "catalog", [0]),
    ("yours-pad", "screenful", [0, 0, 0]),
    ("yours-found", "export", ["svg", "cat", [0.0] * 64, "", [[[0.1, 0.1], [0.9, 0.9]]], "ink", 4]),
    ("yours-pad", "recognise", [[[[0.1, 0.1], [0.9, 0.9]]]]),
]
