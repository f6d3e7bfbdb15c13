// A DICOM series on a canvas: window, zoom, move, measure, cine. The node sends stored values without loss (two bytes of
// a value in the red and green of a PNG); light and dark are made here.
"use strict";
(() => {
  const canvas = document.getElementById("image");
  if (!canvas) return;
  const state = document.getElementById("state"), place = document.getElementById("place");
  const slide = document.querySelector(".v-slide"), number = document.getElementById("number");
  const form = document.getElementById("mark"), play = document.querySelector("[data-act=play]");
  const words = canvas.dataset, kept = new Map(), KEEP = 40;
  let frames = [], at = 0, shown = null, tool = "window", view = { zoom: 1, x: 0, y: 0 };
  let window_ = null, line = null, timer = 0, asked = 0;
  const sheet = document.createElement("canvas");

  const tools = document.querySelectorAll(".v-tools [data-tool]"), windowing = document.querySelector("[data-tool=window]");
  const choose = (wanted) => {
    tool = wanted;
    for (const one of tools) one.setAttribute("aria-pressed", String(one.dataset.tool === wanted));
  };

  const load = async (index) => {
    if (kept.has(index)) return kept.get(index);
    const answer = await fetch(frames[index].url, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(answer.status === 404 ? words.away : words.broken);
    const meaning = JSON.parse(answer.headers.get("X-Frame-Meaning"));
    const bitmap = await createImageBitmap(await answer.blob(), { colorSpaceConversion: "none", premultiplyAlpha: "none" });
    const flat = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d", { willReadFrequently: true });
    flat.drawImage(bitmap, 0, 0);
    const pixels = flat.getImageData(0, 0, bitmap.width, bitmap.height);
    const found = { meaning, pixels, width: bitmap.width, height: bitmap.height };
    kept.set(index, found);
    if (kept.size > KEEP) kept.delete(kept.keys().next().value);
    return found;
  };

  const paint = () => {
    if (!shown) return;
    const { meaning, pixels, width, height } = shown;
    sheet.width = width; sheet.height = height;
    const pen = sheet.getContext("2d"), out = pen.createImageData(width, height);
    const from = pixels.data, to = out.data;
    if (meaning.colour) {
      to.set(from);
    } else {
      const low = window_.centre - window_.width / 2, scale = 255 / Math.max(window_.width, 1e-6);
      for (let i = 0; i < from.length; i += 4) {
        let grey = ((from[i] * 256 + from[i + 1]) * meaning.step + meaning.low - low) * scale;
        grey = grey < 0 ? 0 : grey > 255 ? 255 : grey;
        to[i] = to[i + 1] = to[i + 2] = meaning.inverted ? 255 - grey : grey;
        to[i + 3] = 255;
      }
    }
    pen.putImageData(out, 0, 0);
    draw();
  };

  const tall = () => (shown.meaning.spacing ? shown.meaning.spacing[0] / shown.meaning.spacing[1] : 1);
  const fit = () => Math.min(canvas.width / shown.width, canvas.height / (shown.height * tall()));
  const corner = () => {
    const scale = fit() * view.zoom;
    return { scale, x: (canvas.width - shown.width * scale) / 2 + view.x, y: (canvas.height - shown.height * tall() * scale) / 2 + view.y };
  };
  const spot = (event) => {
    const box = canvas.getBoundingClientRect(), c = corner();
    const x = (event.clientX - box.left) * (canvas.width / box.width), y = (event.clientY - box.top) * (canvas.height / box.height);
    return { x: (x - c.x) / c.scale, y: (y - c.y) / (c.scale * tall()) };
  };

  const draw = () => {
    const pen = canvas.getContext("2d"), c = corner();
    pen.fillStyle = "#000";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.imageSmoothingEnabled = c.scale < 3;
    pen.drawImage(sheet, c.x, c.y, shown.width * c.scale, shown.height * tall() * c.scale);
    if (line) {
      const put = (p) => [c.x + p.x * c.scale, c.y + p.y * c.scale * tall()];
      pen.strokeStyle = "#ffd54a"; pen.lineWidth = 2 * devicePixelRatio;
      pen.beginPath(); pen.moveTo(...put(line[0])); pen.lineTo(...put(line[1])); pen.stroke();
      for (const p of line) { pen.beginPath(); pen.arc(...put(p), 4 * devicePixelRatio, 0, 7); pen.stroke(); }
    }
    tell();
  };

  // Numbers keep their own direction: in Arabic text a minus would go to the other side.
  const apart = (text) => `\u2066${text}\u2069`;
  const length = () => {
    const dx = line[1].x - line[0].x, dy = line[1].y - line[0].y, spacing = shown.meaning.spacing;
    if (!spacing) return apart(Math.hypot(dx, dy).toFixed(1)) + " " + words.px;
    return apart(Math.hypot(dx * spacing[1], dy * spacing[0]).toFixed(1)) + " " + (shown.meaning.at_detector ? words.detector : words.mm);
  };
  const tell = (problem) => {
    const parts = [];
    if (problem) parts.push(problem);
    else if (shown) {
      if (!shown.meaning.colour) parts.push(`${words.window} ${apart(`${Math.round(window_.centre)} / ${Math.round(window_.width)}`)}`);
      parts.push(apart(`${Math.round(view.zoom * 100)} %`));
      if (line) parts.push("↔ " + length());
    }
    state.textContent = parts.join(" · ");
  };

  const show = async (index) => {
    at = Math.max(0, Math.min(frames.length - 1, index));
    place.value = at + 1;
    number.textContent = `${at + 1} / ${frames.length}`;
    if (form) {
      form.instance.value = frames[at].instance; form.frame.value = frames[at].frame;
      form.querySelector("button:not([name])").disabled = !frames[at].instance;
    }
    const mine = ++asked;
    try {
      const found = await load(at);
      if (mine !== asked) return;
      const first = !shown;
      shown = found;
      if (first || !window_) window_ = { centre: found.meaning.centre, width: found.meaning.width };
      // A colour picture has no window: dragging moves it.
      windowing.disabled = found.meaning.colour;
      if (found.meaning.colour && tool === "window") choose("pan");
      size();
      paint();
      canvas.dataset.drawn = String(at + 1);
      if (at + 1 < frames.length && frames[at + 1].here) load(at + 1).catch(() => {});
    } catch (error) {
      if (mine === asked) { tell(error.message); stop(); }
    }
  };

  const size = () => {
    const box = canvas.getBoundingClientRect();
    const w = Math.round(box.width * devicePixelRatio), h = Math.round(box.height * devicePixelRatio);
    if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
  };
  const stop = () => { clearInterval(timer); timer = 0; play.setAttribute("aria-pressed", "false"); };
  const acts = {
    in: () => { view.zoom = Math.min(16, view.zoom * 1.25); draw(); },
    out: () => { view.zoom = Math.max(0.25, view.zoom / 1.25); draw(); },
    reset: () => {
      view = { zoom: 1, x: 0, y: 0 }; line = null;
      window_ = { centre: shown.meaning.centre, width: shown.meaning.width }; paint();
    },
    play: () => {
      if (timer) return stop();
      play.setAttribute("aria-pressed", "true");
      timer = setInterval(() => { if (kept.has(at) || !asked) show((at + 1) % frames.length); }, 1000 / shown.meaning.rate);
    },
  };

  const pointers = new Map();
  let before = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (!shown) return;
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, event);
    before = { x: event.clientX, y: event.clientY };
    if (tool === "measure") { const p = spot(event); line = [p, p]; draw(); }
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!pointers.has(event.pointerId) || !before) return;
    pointers.set(event.pointerId, event);
    const dx = event.clientX - before.x, dy = event.clientY - before.y;
    if (pointers.size > 1) {
      if (Math.abs(dy) > 14) { before = { x: event.clientX, y: event.clientY }; show(at + Math.sign(dy)); }
      return;
    }
    before = { x: event.clientX, y: event.clientY };
    if (tool === "measure") { line[1] = spot(event); draw(); }
    else if (tool === "pan") { view.x += dx * devicePixelRatio; view.y += dy * devicePixelRatio; draw(); }
    else if (!shown.meaning.colour) {
      const step = Math.max(shown.meaning.width, 1) / 300;
      window_.width = Math.max(shown.meaning.step, window_.width + dx * step);
      window_.centre += dy * step;
      paint();
    }
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => { pointers.delete(event.pointerId); });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (event.ctrlKey) { view.zoom = Math.min(16, Math.max(0.25, view.zoom * (event.deltaY < 0 ? 1.1 : 0.9))); draw(); }
    else show(at + Math.sign(event.deltaY));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const go = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (go) { event.preventDefault(); show(at + go); }
    else if (event.key === "+") acts.in();
    else if (event.key === "-") acts.out();
  });
  for (const button of tools) button.addEventListener("click", () => choose(button.dataset.tool));
  for (const button of document.querySelectorAll(".v-tools [data-act]")) button.addEventListener("click", () => shown && acts[button.dataset.act]());
  for (const button of document.querySelectorAll("[data-go]")) button.addEventListener("click", () => show(Number(button.dataset.go)));
  place.addEventListener("input", () => show(Number(place.value) - 1));
  addEventListener("resize", () => { if (shown) { size(); draw(); } });

  fetch(words.list, { credentials: "same-origin" }).then((answer) => answer.json()).then((found) => {
    frames = found.frames;
    place.max = frames.length;
    slide.hidden = play.hidden = frames.length < 2;
    show(0);
  }).catch(() => tell(words.broken));
})();
