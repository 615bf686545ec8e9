// A filmstrip of 28x28 frames in one picture; the slider and the clock only choose which two to show.
const SIZE = 28;
const SECONDS_PER_WAY = 2.5;
const canvas = element.querySelector("canvas");
const slider = element.querySelector("input");
const play = element.querySelector(".play");
const context = canvas.getContext("2d");
const strip = new Image();
let playing = false;
let direction = 1;
let last = 0;

function show() {
  const position = Number(slider.value);
  const frame = Math.min(Math.floor(position), Number(slider.max));
  const next = Math.min(frame + 1, Number(slider.max));
  context.globalAlpha = 1;
  context.drawImage(strip, frame * SIZE, 0, SIZE, SIZE, 0, 0, canvas.width, canvas.height);
  context.globalAlpha = position - frame;
  context.drawImage(strip, next * SIZE, 0, SIZE, SIZE, 0, 0, canvas.width, canvas.height);
}

function setPlaying(on) {
  playing = on;
  play.textContent = on ? "❚❚ Pause" : "▶ Play";
  play.setAttribute("aria-label", on ? "Pause" : "Play");
  if (on) {
    last = performance.now();
    requestAnimationFrame(tick);
  }
}

function tick(now) {
  if (!playing || !canvas.isConnected) return;
  const end = Number(slider.max);
  let position = Number(slider.value) + (direction * end * (now - last)) / 1000 / SECONDS_PER_WAY;
  if (position >= end || position <= 0) {
    direction = position >= end ? -1 : 1;
    position = Math.max(0, Math.min(end, position));
  }
  last = now;
  slider.value = position;
  show();
  requestAnimationFrame(tick);
}

function load() {
  const film = props.value;
  if (!film || !film.strip) return;
  slider.max = film.frames - 1;
  canvas.setAttribute("aria-label", `${film.name}, from seed ${film.a} to seed ${film.b}`);
  element.querySelector(".end-a").textContent = `A · ${film.a}`;
  element.querySelector(".end-b").textContent = `B · ${film.b}`;
  strip.src = film.strip;
}

context.imageSmoothingQuality = "high";
strip.onload = show;
slider.addEventListener("input", () => { setPlaying(false); show(); });
play.addEventListener("click", () => setPlaying(!playing));
watch("value", load);
load();
