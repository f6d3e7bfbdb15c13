// Rectangles over what a teaching copy may not show. The list of numbers is what counts; the drawing only fills it.
"use strict";
(() => {
  const picture = document.querySelector("[data-masking] [data-picture]"), list = document.querySelector("[data-boxes]"), undo = document.querySelector("[data-undo]");
  if (!picture) return;
  const clip = (n) => Math.max(0, Math.min(1000, Math.round(n)));
  const boxes = () => list.value.split("\n").map((line) => line.split(",").map(Number)).filter((one) => one.length === 4 && one.every(Number.isFinite));
  let start = null, drawn = null;
  function place(event) {
    const r = picture.getBoundingClientRect();
    return [clip((event.clientX - r.left) / r.width * 1000), clip((event.clientY - r.top) / r.height * 1000)];
  }
  function cover(box, one = document.createElement("i")) {
    one.style.left = `${box[0] / 10}%`; one.style.top = `${box[1] / 10}%`;
    one.style.width = `${(box[2] - box[0]) / 10}%`; one.style.height = `${(box[3] - box[1]) / 10}%`;
    if (!one.parentNode) picture.append(one);
    return one;
  }
  const span = (a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])];
  function show() {
    picture.querySelectorAll("i").forEach((one) => one.remove());
    boxes().forEach((box) => cover(box));
    undo.hidden = !boxes().length;
  }
  picture.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    picture.setPointerCapture(event.pointerId);
    start = place(event);
    drawn = cover([...start, ...start]);
  });
  picture.addEventListener("pointermove", (event) => { if (start) cover(span(start, place(event)), drawn); });
  picture.addEventListener("pointerup", (event) => {
    if (!start) return;
    const box = span(start, place(event));
    start = null;
    if (box[2] - box[0] > 3 && box[3] - box[1] > 3) list.value = [...boxes(), box].map((one) => one.join(",")).join("\n");
    show();
  });
  picture.addEventListener("pointercancel", () => { start = null; show(); });
  list.addEventListener("input", show);
  undo.addEventListener("click", () => { list.value = boxes().slice(0, -1).map((one) => one.join(",")).join("\n"); show(); });
  show();
})();
