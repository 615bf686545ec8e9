// A player alone: its value is a filmstrip and what its ends are called. Wants ink.js and morph_player.js before it.
const player = morphPlayer(element);

function load() {
  const strip = props.value;
  if (!strip || !strip.strip) return;
  element.querySelector(".end-a").textContent = `A · ${strip.a}`;
  element.querySelector(".end-b").textContent = `B · ${strip.b}`;
  player.load(strip.strip, strip.frames, `${strip.name}, from ${strip.a} to ${strip.b}`);
}

watch("value", load);
load();
