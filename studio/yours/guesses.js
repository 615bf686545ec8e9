// The five classes that the visitor's drawing most looks like, as buttons that search in a class.

import { find } from "../shared/controls.js";

const NUM_GUESSES = 5;

/**
 * @param {HTMLElement} list
 * @param {(name: string) => void} search
 */
export function createGuesses(list, search) {
  function makeGuess() {
    const item = document.createElement("li");
    const button = Object.assign(document.createElement("button"), { type: "button" });
    for (const className of ["bar", "name", "share"]) {
      button.append(Object.assign(document.createElement("span"), { className }));
    }
    button.addEventListener("click", () => search(find(button, ".name", HTMLElement).textContent ?? ""));
    item.append(button);
    return item;
  }

  /** @param {[name: string, share: number][]} guesses likeliest first */
  function show(guesses) {
    [...list.children].forEach((item, place) => {
      const [name, share] = guesses[place] ?? ["–", 0];
      const button = find(item, "button", HTMLButtonElement);
      button.disabled = place >= guesses.length;
      button.title = button.disabled ? "" : `Find the closest “${name}”`;
      find(button, ".name", HTMLElement).textContent = name;
      find(button, ".share", HTMLElement).textContent = button.disabled ? "" : `${Math.round(100 * share)}%`;
      find(button, ".bar", HTMLElement).style.width = `${100 * share}%`;
    });
  }

  list.replaceChildren(...Array.from({ length: NUM_GUESSES }, makeGuess));
  show([]);
  return { show };
}
