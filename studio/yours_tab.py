"""Yours: draw something, see what it looks like to the machine, and find the drawing of a generator nearest to it."""

from collections.abc import Iterator
from pathlib import Path

import gradio as gr

from model.images import png, sheet
from model.latents import MAX_SEED, Key, Picture, between, check_seed, walk
from model.nearest import likeness, search
from model.recogniser import Recogniser
from model.sampler import MAX_PICTURES, Sampler
from model.strokes import MAX_POINTS, MAX_STROKES, check_strokes, rasterise
from studio.classes import class_picker, first_class
from studio.draw_tab import DICE_MAX
from studio.found import IDLE, VERY_NEAR, WAITING, found_html, variations_html
from studio.live import in_browser, live, mistake, sentence
from studio.pictures import data_url, drawing_url

NUM_VARIATIONS = 16
FIRST_STRENGTH = 0.3
LIKELY = 0.2  # a class that the machine finds less likely than that is not worth a button

_FOLDER = Path(__file__).parent

# The picker begins with the class that the rest of the page shows, and keeps what is picked here.
FOLLOW = """(picked) => {
  const shown = new URLSearchParams(location.search).get("class");
  if (!shown || shown === window.doodlesFollowed) return picked;
  return window.doodlesFollowed = shown;
}"""

Found = tuple[str, Key]  # class name and latent


def yours_tab(sampler: Sampler, tab: gr.Tab) -> gr.Dropdown:
    """Builds the tab and returns its class picker."""
    recogniser = Recogniser(sampler.folders, sampler.device)

    def look(sent: list[object]) -> dict[str, object]:
        """What [strokes] look like: the five likeliest classes, the drawing as it is seen, and a line in words."""
        try:
            drawing = rasterise(check_strokes(sent[0] if isinstance(sent, list) and sent else None))
        except ValueError as error:
            return {"top": [], "words": sentence(error)}
        top = recogniser.top(drawing)
        words = f"Most like {top[0][0]}." if top else "There is no evaluator here that could tell."
        return {"top": top, "words": words, "picture": drawing_url(drawing)}

    def find(sketch: object, text: str) -> Iterator[tuple[object, ...]]:
        """The nearest drawing of a class: what to show, what was found, and the class that may do better."""
        best_random = 0.0
        try:
            drawing = rasterise(check_strokes(sketch.get("strokes") if isinstance(sketch, dict) else None))
            class_name = sampler.find(text)
            for guess in search(sampler.generator(class_name), drawing, recogniser.evaluator()):
                picture = Picture(class_name, ((guess.latent, 1.0),))
                (nearest,) = sampler.draw([picture])
                best_random = best_random or likeness(drawing, nearest)  # that is where the search starts
                if guess.fraction < 1:
                    yield found_html(picture, drawing, nearest, guess.fraction), *[gr.skip()] * 4
        except ValueError as error:
            raise mistake(error) from error
        (likeliest, share), *_ = recogniser.top(drawing) or [(class_name, 0.0)]
        better = likeness(drawing, nearest) < VERY_NEAR and share >= LIKELY and likeliest != class_name
        yield (
            found_html(picture, drawing, nearest, 1.0, best_random),
            (class_name, guess.latent),
            gr.Row(visible=True),
            likeliest,
            gr.Button(f"It looks more like “{likeliest}”: look there", visible=better),
        )

    def pick(sketch: object) -> str:
        try:
            return sampler.find(sketch.get("picked") if isinstance(sketch, dict) else None)
        except ValueError as error:
            raise mistake(error) from error

    def variations(found: Found | None, strength: float, first: int) -> str:
        """Places on the ways from what was found to sixteen seeds, `strength` of the way along."""
        try:
            class_name, latent = _needed(found)
            seeds = [(check_seed(first) + place) % (MAX_SEED + 1) for place in range(NUM_VARIATIONS)]
            drawings = sampler.draw([between(class_name, latent, seed, strength) for seed in seeds])
            return variations_html(class_name, seeds, drawings)
        except ValueError as error:
            raise mistake(error) from error

    def filmstrip(found: Found | None, seed: int) -> dict[str, object]:
        try:
            class_name, latent = _needed(found)
            end = check_seed(seed)
            frames = sampler.draw(walk(class_name, [latent, end], MAX_PICTURES))
        except ValueError as error:
            raise mistake(error) from error
        strip = data_url(png(sheet(frames, columns=MAX_PICTURES)))
        return {"strip": strip, "frames": MAX_PICTURES, "name": class_name, "a": "yours", "b": end}

    css = (_FOLDER / "yours.css").read_text()
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            pad = gr.HTML(
                None,
                html_template=(_FOLDER / "yours.html").read_text(),
                css_template=css,
                js_on_load=(_FOLDER / "yours.js").read_text(),
                server_functions=[look],
                max_points=MAX_POINTS,
                max_strokes=MAX_STROKES,
                elem_id="yours-pad",
            )
        with gr.Column(scale=3, min_width=300):
            picker = class_picker(sampler, first_class(sampler), elem_id="yours-class")
            begin = gr.Button("Find mine", variant="primary", elem_id="yours-find")
            result = gr.HTML(IDLE, css_template=css, elem_id="yours-found")
            instead = gr.Button(visible=False, elem_id="yours-instead")
    with gr.Row(visible=False) as more:
        with gr.Column(scale=1, min_width=300):
            strength = gr.Slider(
                0,
                1,
                FIRST_STRENGTH,
                step=0.02,
                label="Variations: how far from yours",
                info="0 is the found drawing, 1 the sixteen seeds below",
                elem_id="yours-strength",
            )
            others = gr.Button("⚄ Other variations", size="sm", elem_id="yours-others")
            varied = gr.HTML(css_template=css, elem_id="yours-variations")
        with gr.Column(scale=1, min_width=300):
            seed = gr.Slider(
                0,
                MAX_SEED,
                12,
                step=1,
                precision=0,
                label="Walk to seed",
                info="all the way from the found drawing to this one",
                elem_id="yours-seed",
            )
            dice = gr.Button("⚄ Dice", size="sm", elem_id="yours-dice")
            player = gr.HTML(
                None,
                html_template=(_FOLDER / "player.html").read_text(),
                css_template=(_FOLDER / "player.css").read_text(),
                js_on_load="".join((_FOLDER / name).read_text() for name in ("ink.js", "film.js", "player.js")),
                elem_id="yours-player",
            )

    found, likelier = gr.State(None), gr.State("")
    first = gr.Number(0, precision=0, visible=False)

    def vary(trigger: object, **options: object) -> None:
        live(trigger, variations, [found, strength, first], varied, **options)

    def go(trigger: object, **options: object) -> None:
        live(trigger, filmstrip, [found, seed], player, **options)

    # One search at a time, for it takes a core; the others wait in the queue.
    picked = live(pad.select, pick, pad, picker).success
    accepted = live(instead.click, str, likelier, picker).success
    for chosen in (begin.click, picked, accepted):
        in_browser(chosen, f"() => `{WAITING}`", None, result)
        done = chosen(
            find,
            [pad, picker],
            [result, found, more, likelier, instead],
            concurrency_limit=1,
            concurrency_id="nearest",
            show_progress="hidden",
            api_visibility="private",
        )
        in_browser(done.failure, f"() => `{IDLE}`", None, result)
        vary(done.success)
        go(done.success)
    vary(strength.input, trigger_mode="always_last")
    go(seed.input, trigger_mode="always_last")
    random_seed = f"() => Math.floor(Math.random() * {DICE_MAX + 1})"
    vary(in_browser(others.click, random_seed, None, first).then)
    go(in_browser(dice.click, random_seed, None, seed).then)
    in_browser(tab.select, FOLLOW, picker, picker)
    return picker


def _needed(found: Found | None) -> Found:
    if found is None:
        raise ValueError("Find yours first; variations and walks begin there.")
    return found
