// What can be done with what a search found. Wants parts.js before it.
const shown = () => element.querySelector("[data-latent]");

function take(button) {
  const { name, latent } = shown().dataset;
  const kind = button.dataset.take || button.dataset.copy;
  const told = element.querySelector(".copied");
  takeAlong([kind, name, JSON.parse(latent), location.href.split("?")[0]], (text) => { told.textContent = text; });
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.matches("[data-take], [data-copy]")) take(button);
  else if (button?.matches(".instead")) window.dispatchEvent(new CustomEvent("doodles-find", { detail: button.dataset.name }));
});

// Whoever loads the page again sees theirs beside it still.
watch("value", () => {
  if (!shown()) return;
  window.doodlesAddress(foundAddress(shown()));
  if (element.querySelector(".mine")) keepForSession("doodles-found", foundAddress(shown()).latent);
});
