// What can be done with what a search found. Wants parts.js before it.
const shown = () => element.querySelector("[data-latent]");

async function take(button) {
  const { name, latent } = shown().dataset;
  const kind = button.dataset.take || button.dataset.copy;
  const told = element.querySelector(".copied");
  const answer = await server.take_along([kind, name, JSON.parse(latent), location.href.split("?")[0]])
    .catch(() => ({ error: "The server can't be reached; try again." }));
  if (answer.error) told.textContent = answer.error;
  else if (answer.url) download(answer.filename, answer.url);
  else {
    const copied = await navigator.clipboard?.writeText(answer.text).then(() => true, () => false);
    told.textContent = copied ? `Copied: ${answer.text}` : answer.text;
  }
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.matches("[data-take], [data-copy]")) take(button);
  else if (button?.matches(".instead")) window.dispatchEvent(new CustomEvent("doodles-find", { detail: button.dataset.name }));
});

watch("value", () => {
  if (!shown()) return;
  const { name, latent } = shown().dataset;
  remember({
    class: name, latent: JSON.parse(latent).join(), seed: null, psi: null, count: null, style: null, keys: null, into: null,
  });
});
