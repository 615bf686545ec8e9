// The morph from what was found to a seed. The component's value is the sheet of frames and what its ends are called.

import { find } from "../shared/controls.js";
import { morphPlayer } from "../shared/morph_player.js";

/** @import { Component } from "../shared/types" */
/** @typedef {{ strip: string, frames: number, name: string, a: string, b: number }} Strip */

/** @param {Component<{ value: Strip | null }>} component */
export function mount({ element, props, watch }) {
  const player = morphPlayer(element, props.constants);

  function load() {
    if (!props.value) return;
    const { strip, frames, name, a, b } = props.value;
    find(element, ".end-a", HTMLElement).textContent = `A · ${a}`;
    find(element, ".end-b", HTMLElement).textContent = `B · ${b}`;
    player.load(strip, frames, `${name}, from ${a} to ${b}`);
  }

  watch("value", load);
  load();
}
