// A film of 28x28 frames in one picture; the slider and the clock only choose which two to show. Nothing is asked for.

const SECONDS_PER_WAY = 2.5;

function morphPlayer(root) {
  const canvas = root.querySelector("canvas");
  const slider = root.querySelector("input[type=range]");
  const play = root.querySelector(".play");
  const speed = root.querySelector(".speed");
  const loop = root.querySelector(".loop");
  let sheet = null;
  let playing = false;
  let direction = 1;
  let last = 0;

  function show() {
    if (!sheet) return;
    const end = Number(slider.max);
    const position = Number(slider.value);
    const frame = Math.min(Math.floor(position), end);
    paint(canvas, sheet, frame, position - frame);
  }

  function setPlaying(on) {
    playing = on;
    play.textContent = on ? "Pause" : "Play";
    if (on) {
      if (Number(slider.value) >= Number(slider.max) && direction > 0) slider.value = 0;
      last = performance.now();
      requestAnimationFrame(tick);
    }
  }

  function tick(now) {
    if (!playing || !canvas.isConnected) return;
    const end = Number(slider.max);
    const pace = ((speed ? Number(speed.value) : 1) * 63) / SECONDS_PER_WAY; // frames a second
    const mode = loop ? loop.value : "back";
    let position = Number(slider.value) + (direction * pace * (now - last)) / 1000;
    if (position >= end || position <= 0) {
      if (mode === "back") direction = position >= end ? -1 : 1;
      else direction = 1;
      if (position >= end && mode === "again") position -= end;
      if (position >= end && mode === "once") {
        slider.value = end;
        show();
        setPlaying(false);
        return;
      }
      position = Math.max(0, Math.min(end, position));
    }
    last = now;
    slider.value = position;
    show();
    requestAnimationFrame(tick);
  }

  slider.addEventListener("input", () => { setPlaying(false); show(); });
  play.addEventListener("click", () => setPlaying(!playing));
  loop?.addEventListener("change", () => { direction = 1; });
  root.addEventListener("keydown", (event) => {
    if (event.key === " " && event.target === slider) {
      event.preventDefault();
      setPlaying(!playing);
    }
  });

  return {
    async load(url, frames, label, columns = frames) {
      sheet = await openSheet(url, columns);
      slider.max = frames - 1;
      canvas.setAttribute("aria-label", label);
      show();
    },
    playing: () => [Number(speed.value), loop.value],
    goTo(share) {
      setPlaying(false);
      slider.value = share * Number(slider.max);
      show();
    },
  };
}
