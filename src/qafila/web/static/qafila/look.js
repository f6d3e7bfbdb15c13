// A picture to look at: zoom (of two side by side together), and marks drawn with a finger or the keyboard.
"use strict";
(() => {
  const zoom = document.querySelector("[data-zoom]"), frames = [...document.querySelectorAll("[data-frame]")];
  if (!zoom) return;
  let leading = null;
  function scale() {
    const shares = frames.map((f) => [f.scrollLeft / Math.max(1, f.scrollWidth - f.clientWidth), f.scrollTop / Math.max(1, f.scrollHeight - f.clientHeight)]);
    frames.forEach((frame, i) => {
      frame.querySelector("[data-picture]").style.inlineSize = `${zoom.value * 100}%`;
      frame.classList.toggle("zoomed", Number(zoom.value) > 1);
      frame.scrollLeft = shares[i][0] * (frame.scrollWidth - frame.clientWidth);
      frame.scrollTop = shares[i][1] * (frame.scrollHeight - frame.clientHeight);
    });
  }
  zoom.addEventListener("input", scale);
  // Where one is moved to, the other follows: in shares of what there is to scroll, their sizes may differ.
  for (const frame of frames) {
    frame.addEventListener("scroll", () => {
      if (leading && leading !== frame) return;
      leading = frame;
      requestAnimationFrame(() => { leading = null; });
      for (const other of frames) if (other !== frame) {
        other.scrollLeft = frame.scrollLeft / Math.max(1, frame.scrollWidth - frame.clientWidth) * (other.scrollWidth - other.clientWidth);
        other.scrollTop = frame.scrollTop / Math.max(1, frame.scrollHeight - frame.clientHeight) * (other.scrollHeight - other.clientHeight);
      }
    }, { passive: true });
  }

  const form = document.querySelector("[data-marking]"), picture = document.querySelector("[data-picture]");
  if (!form) return;
  const svg = picture.querySelector("svg"), fresh = svg.querySelector("[data-new]"), cross = svg.querySelector("[data-cross]");
  const box = svg.viewBox.baseVal, field = (name) => form.querySelector(`[name=${name}]`);
  const shape = () => form.querySelector("[name=shape]:checked").value;
  const clip = (n) => Math.max(0, Math.min(1000, Math.round(n)));
  let start = null, at = { x: 500, y: 500 };
  function place(event) {
    const r = picture.getBoundingClientRect();
    return { x: clip((event.clientX - r.left) / r.width * 1000), y: clip((event.clientY - r.top) / r.height * 1000) };
  }
  function draw(name, values) {
    const one = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(values)) one.setAttribute(key, value);
    return one;
  }
  function preview(from, to) {
    const p = (o) => ({ x: o.x / 1000 * box.width, y: o.y / 1000 * box.height }), a = p(from), b = p(to);
    const kind = shape(), one = kind === "circle" ? draw("circle", { cx: a.x, cy: a.y, r: Math.hypot(a.x - b.x, a.y - b.y) })
      : kind === "arrow" ? draw("line", { x1: a.x, y1: a.y, x2: b.x, y2: b.y, "marker-end": "url(#tip)" })
      : draw("circle", { cx: a.x, cy: a.y, r: box.width / 90 });
    fresh.replaceChildren(one);
  }
  // The arrow is drawn from its tail; what is kept first is where it points to.
  function keep(from, to) {
    const first = shape() === "arrow" ? to : from, second = shape() === "arrow" ? from : to;
    field("x").value = first.x; field("y").value = first.y;
    field("to_x").value = second.x; field("to_y").value = second.y;
    preview(from, to);
  }
  picture.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    start = place(event);
    picture.setPointerCapture(event.pointerId);
    event.preventDefault();
    picture.focus({ preventScroll: true });
  });
  picture.addEventListener("pointermove", (event) => { if (start) preview(start, place(event)); });
  picture.addEventListener("pointerup", (event) => { if (start) { keep(start, place(event)); start = null; } });
  picture.addEventListener("pointercancel", () => { start = null; fresh.replaceChildren(); });
  let first = null;
  picture.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 50 : 10, move = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    if (move) at = { x: clip(at.x + move[0]), y: clip(at.y + move[1]) };
    else if (event.key === "Enter") {
      if (!first && shape() !== "text") first = at;
      else { keep(first || at, at); first = null; }
    } else return;
    event.preventDefault();
    const x = at.x / 1000 * box.width, y = at.y / 1000 * box.height, arm = box.width / 40;
    cross.hidden = false;
    cross.replaceChildren(draw("line", { x1: x - arm, y1: y, x2: x + arm, y2: y }), draw("line", { x1: x, y1: y - arm, x2: x, y2: y + arm }));
    if (first) preview(first, at);
  });
})();
