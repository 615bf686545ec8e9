// The classes to train: one, or several for a mixture, each a chip that a press removes.

import { find, makeButton } from "../shared/controls.js";
import { classPicker } from "../shared/picker.js";
import { toTrain } from "../shared/tabs.js";

/** @import { CatalogServer, Component } from "../shared/types" */

/** @param {Component<{ value: string[], class_names: string[] }, CatalogServer>} component */
export function mount({ element, props, server }) {
  const box = find(element, "input", HTMLInputElement);
  const chips = find(element, ".chips", HTMLUListElement);
  const { max_classes } = props.constants;
  const picker = classPicker(box, server, props.constants, add, props.class_names);

  /** @param {string} name */
  function add(name) {
    if (!props.value.includes(name) && props.value.length < max_classes) set([...props.value, name]);
    else picker.show("");
  }

  /** @param {string[]} names */
  function set(names) {
    props.value = names;
    chips.replaceChildren(...names.map(makeChip));
    chips.hidden = !names.length;
    box.disabled = names.length >= max_classes;
    box.placeholder = box.disabled ? "Remove a class to pick another" : "Type a class";
    picker.show("");
  }

  /** @param {string} name */
  function makeChip(name) {
    const chip = makeButton(`${name} ×`, () => remove(name));
    chip.setAttribute("aria-label", `Remove ${name}`);
    const item = document.createElement("li");
    item.append(chip);
    return item;
  }

  /** @param {string} name */
  function remove(name) {
    set(props.value.filter((each) => each !== name));
    box.focus();
  }

  box.addEventListener("keydown", (event) => {
    if (event.key === "Backspace" && !box.value && props.value.length) remove(props.value[props.value.length - 1]);
  });
  toTrain.receive((name) => set([name]));
  set(props.value ?? []);
}
