"""Yours: draw something, see what it looks like to the machine, and find the drawing of a generator nearest to it."""

from collections.abc import Iterator

import gradio as gr

from model.drawing.latents import (
    MAX_PICTURES,
    MAX_SEED,
    Picture,
    SeedOrLatent,
    between,
    check_latent,
    check_seed,
    morph_frames,
    seeds_from,
)
from model.drawing.latents import latent as mixed
from model.drawing.recogniser import Recogniser
from model.drawing.sampler import Sampler
from model.drawing.search import DECIMALS, likeness, search
from model.drawing.view import View, read_view
from model.quickdraw.images import png, sheet
from model.quickdraw.strokes import check_strokes, rasterise
from studio.shared.assets import asset, calling, mounting
from studio.shared.class_picker import first_class, picker_functions, tab_html
from studio.shared.constants import RANDOM_SEED_MAX, page_constants
from studio.shared.events import QUIET, in_browser, live, mistake, sentence
from studio.shared.export import take
from studio.shared.pictures import data_url, drawing_url
from studio.shared.tiles import Tiles
from studio.yours.search_result import IDLE, VERY_NEAR, WAITING, chosen_html, opened_html, result_html, variations_html

NUM_VARIATIONS = 16
FIRST_STRENGTH = 0.3
LIKELY = 0.2  # a class that the machine finds less likely than that is not worth a button

Found = tuple[str, SeedOrLatent]  # class name and latent


def yours_tab(sampler: Sampler, tiles: Tiles) -> None:
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

    def find(sketch: object) -> Iterator[tuple[object, ...]]:
        """The nearest drawing of {"strokes", "name"}: what to show, what was found, and what can be done with it."""
        best_random = 0.0
        sketch = sketch if isinstance(sketch, dict) else {}
        try:
            drawing = rasterise(check_strokes(sketch.get("strokes")))
            class_name = sampler.find(sketch.get("name"))
            for guess in search(sampler.generator(class_name), drawing, recogniser.evaluator()):
                picture = Picture(class_name, ((guess.latent, 1.0),))
                (nearest,) = sampler.draw([picture])
                best_random = best_random or likeness(drawing, nearest)  # that is where the search starts
                if guess.fraction < 1:
                    yield result_html(picture, drawing, nearest, guess.fraction), gr.skip(), gr.skip()
        except ValueError as error:
            raise mistake(error) from error
        (likeliest, share), *_ = recogniser.top(drawing) or [(class_name, 0.0)]
        better = likeness(drawing, nearest) < VERY_NEAR and share >= LIKELY and likeliest != class_name
        html = result_html(picture, drawing, nearest, 1.0, best_random, likeliest if better else "")
        yield html, (class_name, guess.latent), gr.Row(visible=True)

    def open_link(sent: object) -> tuple[object, ...]:
        """What somebody found, of a {"link"} with its latent, as `find` gives it; beside "strokes" that led to it."""
        try:
            sent = sent if isinstance(sent, dict) else {}
            view = read_view(sent.get("link"))
            if not view.latent:
                raise ValueError("The link has no latent, the numbers of a drawing that somebody found.")
            picture = Picture(sampler.find(view.class_name), ((view.latent, 1.0),))
            (drawing,) = sampler.draw([picture])
            mine = rasterise(check_strokes(sent["strokes"])) if sent.get("strokes") else None
        except ValueError as error:
            raise mistake(error) from error
        html = opened_html(picture, drawing) if mine is None else result_html(picture, mine, drawing, 1.0)
        return html, (picture.class_name, view.latent), gr.Row(visible=True)

    def take_along(asked: list) -> dict[str, str]:
        """[kind, class, latent, the page's address] as `take` answers; or an "error"."""
        try:
            if not isinstance(asked, list) or len(asked) != 4:
                raise ValueError("A kind, a class, a latent and an address are needed.")
            kind, name, latent, address = asked
            return take(sampler, View(sampler.find(name), latent=check_latent(latent)), kind, address)
        except ValueError as error:
            return {"error": sentence(error)}

    def variations(found: Found | None, strength: float, first: int) -> str:
        """Places on the ways from what was found to sixteen seeds, `strength` of the way along."""
        try:
            class_name, latent = _needed(found)
            seeds = seeds_from(check_seed(first), NUM_VARIATIONS)
            drawings = sampler.draw([between(class_name, latent, seed, strength) for seed in seeds])
            return variations_html(class_name, seeds, drawings)
        except ValueError as error:
            raise mistake(error) from error

    def choose(found: Found | None, strength: float, event: gr.EventData) -> tuple[object, ...]:
        """One of the variations, {"seed"}, in place of what was found."""
        try:
            class_name, latent = _needed(found)
            seed = event._data.get("seed") if isinstance(event._data, dict) else None
            varied = between(class_name, latent, check_seed(seed), strength)
            numbers = mixed(varied.mix, sampler.generator(class_name).z_dim).tolist()
            picture = Picture(class_name, ((check_latent([round(each, DECIMALS) for each in numbers]), 1.0),))
            (drawing,) = sampler.draw([picture])
        except ValueError as error:
            raise mistake(error) from error
        return chosen_html(picture, drawing), (class_name, picture.mix[0][0])

    def morph_strip(found: Found | None, seed: int) -> dict[str, object]:
        try:
            class_name, latent = _needed(found)
            end = check_seed(seed)
            frames = sampler.draw(morph_frames(class_name, [latent, end], MAX_PICTURES))
        except ValueError as error:
            raise mistake(error) from error
        strip = data_url(png(sheet(frames, columns=MAX_PICTURES)))
        return {"strip": strip, "frames": MAX_PICTURES, "name": class_name, "a": "found", "b": end}

    css = asset("shared/parts.css") + asset("yours/yours.css")
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            pad = gr.HTML(
                None,
                html_template=tab_html("yours"),
                css_template=css,
                js_on_load=mounting("yours/yours.js", "find", "open"),
                server_functions=[look, *picker_functions(tiles)],
                first=first_class(sampler),
                constants=page_constants(),
                apply_default_css=False,
                elem_id="yours-pad",
            )
        with gr.Column(scale=3, min_width=300):
            result = gr.HTML(
                IDLE,
                css_template=css,
                js_on_load=mounting("yours/search_result.js"),
                server_functions=[take_along],
                apply_default_css=False,
                elem_id="yours-found",
            )
    with gr.Row(visible=False) as more:
        with gr.Column(scale=1, min_width=300):
            strength = gr.Slider(
                0,
                1,
                FIRST_STRENGTH,
                step=0.02,
                label="Variations: how far from it",
                info="0 is the found drawing, 1 the sixteen seeds below; press one to go on from it",
                elem_id="yours-strength",
            )
            others = gr.Button("⚄ Other variations", size="sm", elem_id="yours-others")
            varied = gr.HTML(
                css_template=css, js_on_load=mounting("yours/variations.js", "choose"), elem_id="yours-variations"
            )
        with gr.Column(scale=1, min_width=300):
            seed = gr.Number(
                12,
                minimum=0,
                maximum=MAX_SEED,
                step=1,
                precision=0,
                label="Walk to seed",
                info="all the way from the found drawing to this one",
                elem_id="yours-seed",
            )
            dice = gr.Button("⚄ Dice", size="sm", elem_id="yours-dice")
            player = gr.HTML(
                None,
                html_template=asset("yours/player.html"),
                css_template=asset("yours/player.css"),
                js_on_load=mounting("yours/player.js"),
                constants=page_constants(),
                elem_id="yours-player",
            )

    found = gr.State(None)
    first = gr.Number(0, precision=0, visible=False)

    def vary(trigger: object) -> None:
        live(trigger, variations, [found, strength, first], varied, trigger_mode="always_last")

    def go(trigger: object) -> None:
        live(trigger, morph_strip, [found, seed], player, trigger_mode="always_last")

    # One search at a time, for it takes a core; the others wait in the queue.
    in_browser(pad.find, calling("shared/events.js", "give", WAITING), None, result)
    # Queued, as what they have to say is then shown.
    one_by_one = {"concurrency_limit": 1, "concurrency_id": "nearest", "trigger_mode": "always_last"}
    searched = pad.find(find, pad, [result, found, more], **one_by_one, **QUIET)
    in_browser(searched.failure, calling("shared/events.js", "give", IDLE), None, result)
    opened = pad.open(open_link, pad, [result, found, more], **QUIET)
    chosen = varied.choose(choose, [found, strength], [result, found], **QUIET)
    for done in (searched, opened, chosen):
        vary(done.success)
        go(done.success)
    vary(strength.input)
    go(seed.input)
    random_seed = calling("shared/events.js", "randomSeedTo", RANDOM_SEED_MAX)
    vary(in_browser(others.click, random_seed, None, first).then)
    go(in_browser(dice.click, random_seed, None, seed).then)


def _needed(found: Found | None) -> Found:
    if found is None:
        raise ValueError("Find yours first; variations and walks begin there.")
    return found
