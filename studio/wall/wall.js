// Tiles are laid out at once; the drawings of a screenful come when its first tile comes near the window.
const tiles = element.querySelector(".tiles");
const search = element.querySelector(".search");
const none = element.querySelector(".none");
const lost = element.querySelector(".lost");
const AGAIN = 3000; // milliseconds until what didn't come is asked for again
let asked = new Set();
let observer = null;
let scrolled = 0; // where somebody was who has gone to a drawing and may come back

async function draw(number) {
  const { wall, screenful, mark } = props.value;
  const row = [...tiles.children].slice(number * screenful, (number + 1) * screenful);
  if (asked.has(number) || !row.length) return;
  asked.add(number);
  try {
    const url = await server.screenful([number, wall, mark]);
    if (url === "" && mark === props.value.mark) await layAnew();
    if (url === "") return;
    if (!url) throw new Error("no answer"); // for which Gradio gives nothing and does not throw
    const sheet = await openSheet(url, row.length);
    row.forEach((tile, place) => paint(tile.firstElementChild, sheet, place));
    lost.hidden = true;
  } catch {
    lost.hidden = false;
    setTimeout(() => { asked.delete(number); draw(number); }, AGAIN);
  }
}

// There are other classes by now.
async function layAnew() {
  const catalog = await server.catalog([]);
  if (!catalog) throw new Error("no answer");
  if (catalog.mark === props.value.mark) return; // another screenful has found that, too
  props.value = catalog;
  lay();
}

function lay() {
  const wall = props.value;
  if (!wall || !wall.tiles) return;
  asked = new Set();
  observer?.disconnect();
  tiles.replaceChildren(...wall.tiles.map((tile) => {
    const link = document.createElement("a");
    link.className = tile.draft ? "wall-tile draft" : "wall-tile";
    link.href = "?" + new URLSearchParams({ class: tile.name, seed: tile.seed, count: 16 });
    link.title = tile.draft ? `${tile.name}: a draft` : `${tile.name}. ${tile.figures}`;
    const drawing = document.createElement("canvas");
    drawing.width = drawing.height = 5 * SIZE;
    const name = document.createElement("span");
    name.className = "name";
    name.textContent = tile.draft ? tile.name : `✓ ${tile.name}`;
    link.append(drawing, name);
    link.addEventListener("click", (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.shiftKey) scrolled = scrollY;
    });
    return link;
  }));
  observer = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) draw(Math.floor([...tiles.children].indexOf(entry.target) / wall.screenful));
    }
  }, { rootMargin: "200px" });
  [...tiles.children].forEach((tile) => observer.observe(tile));
  find();
}

function find() {
  const wanted = search.value.trim().toLowerCase();
  let found = 0;
  for (const tile of tiles.children) {
    tile.hidden = !tile.lastElementChild.textContent.toLowerCase().includes(wanted);
    found += tile.hidden ? 0 : 1;
  }
  none.hidden = found > 0 || !tiles.children.length;
}

new IntersectionObserver((entries) => {
  if (!scrolled || !entries.at(-1).isIntersecting) return;
  scrollTo(0, scrolled);
  scrolled = 0;
}).observe(element);
search.addEventListener("input", find);
watch("value", lay);
lay();
