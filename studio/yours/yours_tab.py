"""Yours: draw something, see what the evaluator takes it for, and find the generator's closest drawing."""

import gradio as gr

from model.drawing.latents import MAX_SEED
from model.drawing.sampler import Sampler
from studio.shared.assets import calling, mounting
from studio.shared.class_picker import first_class, picker_functions
from studio.shared.events import QUIET, Trigger, in_browser, live
from studio.shared.export import two_at_once
from studio.shared.tiles import Tiles
from studio.yours.search_result import IDLE, WAITING
from studio.yours.yours_actions import YoursActions
from train.site.constants import RANDOM_SEED_MAX, page_constants
from train.site.markup import asset, tab_html

FIRST_STRENGTH = 0.3


def yours_tab(sampler: Sampler, tiles: Tiles) -> None:
    actions = YoursActions(sampler)

    def recognise(request: object) -> dict[str, object]:  # a function, because Gradio can't mark a method
        return actions.recognise(request)

    def export(request: object, visitor: gr.Request) -> dict[str, str]:
        return actions.export(request, visitor)

    css = asset("shared/parts.css") + asset("yours/yours.css")
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            pad = gr.HTML(
                None,
                html_template=tab_html("yours"),
                css_template=css,
                js_on_load=mounting("yours/yours.js", "find", "open"),
                server_functions=[recognise, *picker_functions(tiles)],
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
                server_functions=[two_at_once(export)],
                constants=page_constants(),
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
                label="How different",
                info="0 is the found drawing, 1 is the drawings of the sixteen seeds below; "
                "press one to continue from it",
                elem_id="yours-strength",
            )
            others = gr.Button("⚄ More variations", size="sm", elem_id="yours-others")
            varied = gr.HTML(
                css_template=css,
                js_on_load=mounting("yours/variations.js", "choose"),
                constants=page_constants(),
                elem_id="yours-variations",
            )
        with gr.Column(scale=1, min_width=300):
            seed = gr.Number(
                12,
                minimum=0,
                maximum=MAX_SEED,
                step=1,
                precision=0,
                label="Morph to seed",
                info="from the found drawing to the drawing of this seed",
                elem_id="yours-seed",
            )
            dice = gr.Button("⚄ Random seed", size="sm", elem_id="yours-dice")
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

    def update_variations(trigger: Trigger) -> None:
        live(trigger, actions.variations, [found, strength, first], varied, trigger_mode="always_last")

    def update_morph(trigger: Trigger) -> None:
        live(trigger, actions.morph_strip, [found, seed], player, trigger_mode="always_last")

    # One search at a time, because each takes a core; the others wait in the queue.
    in_browser(pad.find, calling("shared/events.js", "give", WAITING), None, result)
    # Queued, because Gradio shows the errors of queued events only.
    one_by_one = {"concurrency_limit": 1, "concurrency_id": "nearest", "trigger_mode": "always_last"}
    searched = pad.find(actions.find, pad, [result, found, more], **one_by_one, **QUIET)
    in_browser(searched.failure, calling("shared/events.js", "give", IDLE), None, result)
    opened = pad.open(actions.open_link, pad, [result, found, more], **QUIET)
    chosen = varied.choose(actions.choose, [found, strength], [result, found], **QUIET)
    for done in (searched, opened, chosen):
        update_variations(done.success)
        update_morph(done.success)
    update_variations(strength.input)
    update_morph(seed.input)
    random_seed = calling("shared/events.js", "randomSeedTo", RANDOM_SEED_MAX)
    update_variations(in_browser(others.click, random_seed, None, first).then)
    update_morph(in_browser(dice.click, random_seed, None, seed).then)
