// A paper to draw on. Strokes are lists of points in 0..1 and all that leaves the browser; the server makes the drawing.
const canvas = element.querySelector("canvas");
const hint = element.querySelector(".hint");
const top5 = element.querySelector(".top");
const most = element.querySelector(".most");
const tiny = element.querySelector(".tiny");
const context = canvas.getContext("2d");
const PEN = canvas.width / 32;
const NEARER_IS_THE_SAME = 0.006; // of the paper: a sixth of a pixel of the drawing
const DEBOUNCE = 120; // milliseconds
const DOUBLE_CLICK = 500;
let strokes = [];
let name = props.first;
let followed = "";
let pointer = null; // whose stroke is being drawn
let waiting = 0;
let asked = 0;
let wished = {}; // what is being searched for, and since when

function draw(stroke, from) {
  const [x, y] = stroke[from];
  context.beginPath();
  context.moveTo(x * canvas.width, y * canvas.height);
  for (const [x, y] of stroke.slice(from)) context.lineTo(x * canvas.width, y * canvas.height);
  context.stroke();
}

function place(event) {
  const box = canvas.getBoundingClientRect();
  const inside = (number) => Math.round(Math.min(1, Math.max(0, number)) * 1e4) / 1e4;
  return [inside((event.clientX - box.left) / box.width), inside((event.clientY - box.top) / box.height)];
}

function numPoints() {
  return strokes.reduce((sum, stroke) => sum + stroke.length, 0);
}

function isFull() {
  return strokes.length >= props.max_strokes || numPoints() >= props.max_points;
}

function extend(event) {
  const stroke = strokes.at(-1);
  const points = event.getCoalescedEvents?.() ?? [];
  for (const one of points.length ? points : [event]) {
    const [x, y] = place(one);
    const [lastX, lastY] = stroke.at(-1);
    if (numPoints() < props.max_points && Math.hypot(x - lastX, y - lastY) > NEARER_IS_THE_SAME) {
      stroke.push([x, y]);
      draw(stroke, stroke.length - 2);
    }
  }
}

function changed() {
  const num = strokes.length;
  hint.hidden = num > 0;
  canvas.setAttribute("aria-label", num ? `Your drawing: ${num} stroke${num > 1 ? "s" : ""}` : "Your drawing: empty paper");
  keep();
  clearTimeout(waiting);
  waiting = setTimeout(look, num ? DEBOUNCE : 0);
}

function redraw() {
  context.clearRect(0, 0, canvas.width, canvas.height);
  strokes.forEach((stroke) => draw(stroke, 0));
  changed();
}

async function look() {
  const number = ++asked;
  let seen = { top: [], words: "Nothing yet." };
  if (strokes.length) {
    try {
      seen = await answerOf(server.look([strokes]));
    } catch (error) {
      seen = { top: [], words: error.message };
    }
  }
  if (number !== asked) return; // drawn on meanwhile
  most.textContent = isFull() ? "The paper is full; undo or clear something." : seen.words;
  tiny.hidden = !seen.picture;
  if (seen.picture) tiny.src = seen.picture;
  rank(seen.top);
}

function rank(top) {
  [...top5.children].forEach((item, place) => {
    const [name, share] = top[place] ?? ["–", 0];
    const button = item.firstElementChild;
    button.disabled = place >= top.length;
    button.title = button.disabled ? "" : `Look for yours among “${name}”`;
    button.querySelector(".name").textContent = name;
    button.querySelector(".share").textContent = button.disabled ? "" : `${Math.round(100 * share)}%`;
    button.querySelector(".bar").style.width = `${100 * share}%`;
  });
}

function row() {
  const item = document.createElement("li");
  const button = Object.assign(document.createElement("button"), { type: "button" });
  for (const part of ["bar", "name", "share"]) {
    button.append(Object.assign(document.createElement("span"), { className: part }));
  }
  button.addEventListener("click", () => findIn(button.querySelector(".name").textContent));
  item.append(button);
  return item;
}

// What the server is told when it looks for the drawing. A page that is loaded again has it still.
function keep() {
  props.value = { strokes, name };
  keepForSession("doodles-strokes", JSON.stringify(strokes));
}

function restore() {
  try {
    const kept = JSON.parse(keptForSession("doodles-strokes")) ?? [];
    strokes = kept.map((stroke) => stroke.map(([x, y]) => [Number(x), Number(y)]));
  } catch {
    strokes = [];
  }
  if (strokes.length) redraw();
}

// Gradio would wait for ever for a server that is gone; a look finds out.
async function findIn(wanted) {
  name = wanted;
  picker.show(name);
  keep();
  const wish = JSON.stringify([strokes, name]);
  if (wish === wished.wish && performance.now() - wished.at < DOUBLE_CLICK) return;
  wished = { wish, at: performance.now() };
  keepForSession("doodles-found", "");
  keepForSession("doodles-searched", JSON.stringify(strokes));
  try {
    await answerOf(server.look([strokes]));
  } catch (error) {
    most.textContent = error.message;
    wished = {};
    return;
  }
  trigger("find");
  document.querySelector("#yours-found")?.scrollIntoView({ block: "nearest" }); // below, on a phone
}

canvas.addEventListener("pointerdown", (event) => {
  if (pointer !== null || event.button !== 0 || isFull()) return;
  event.preventDefault();
  pointer = event.pointerId;
  canvas.setPointerCapture(pointer);
  strokes.push([place(event)]);
  hint.hidden = true;
  draw(strokes.at(-1), 0);
});
canvas.addEventListener("pointermove", (event) => { if (event.pointerId === pointer) extend(event); });
for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
  canvas.addEventListener(end, (event) => {
    if (event.pointerId !== pointer) return;
    pointer = null;
    changed();
  });
}
function undo() { if (pointer === null) { strokes = strokes.slice(0, -1); redraw(); } }
element.querySelector(".undo").addEventListener("click", undo);
element.querySelector(".clear").addEventListener("click", () => { if (pointer === null) { strokes = []; redraw(); } });
element.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z") {
    event.preventDefault();
    undo();
  }
});
const picker = classPicker(element.querySelector("#yours-class"), (picked) => {
  name = picked;
  keep();
  rememberSeen();
});
element.querySelector("#yours-find").addEventListener("click", () => {
  picker.settle();
  findIn(name);
});
window.addEventListener("doodles-find", (event) => findIn(event.detail));

function rememberSeen() {
  const found = document.querySelector("#yours-found [data-latent]");
  window.doodlesAddress(found ? foundAddress(found) : { tab: "yours", class: name });
}

// The picker begins with the class that the rest of the page shows, and keeps what is picked here; a link to a drawing
// that somebody found shows that one.
whenSeen(() => {
  const query = new URLSearchParams(location.search);
  const shown = window.doodlesClass;
  const isFirst = !window.doodlesFound;
  window.doodlesFound = true;
  if (shown && shown !== followed) {
    name = followed = shown;
    picker.show(name);
  }
  if (isFirst) restore();
  if (isFirst && query.has("latent")) {
    const isSame = keptForSession("doodles-searched") === JSON.stringify(strokes);
    const isOwn = isSame && keptForSession("doodles-found") === query.get("latent");
    props.value = { link: location.search, strokes: isOwn ? strokes : [] };
    trigger("open");
  } else {
    rememberSeen();
  }
});

picker.show(name);
Object.assign(context, { lineWidth: PEN, lineCap: "round", lineJoin: "round", strokeStyle: "#16181f" });
top5.replaceChildren(...Array.from({ length: 5 }, row));
rank([]);
