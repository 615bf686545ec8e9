// A player alone: its value is a filmstrip and what its ends are called. Wants ink.js and film.js before it.
const player = filmPlayer(element);

function load() {
  const film = props.value;
  if (!film || !film.strip) return;
  element.querySelector(".end-a").textContent = `A · ${film.a}`;
  element.querySelector(".end-b").textContent = `B · ${film.b}`;
  player.load(film.strip, film.frames, `${film.name}, from ${film.a} to ${film.b}`);
}

watch("value", load);
load();
