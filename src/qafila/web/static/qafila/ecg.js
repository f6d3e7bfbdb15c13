// The ECG on this screen: its true size by a bank card, and callipers in milliseconds and millivolts.
"use strict";
(() => {
  const CARD = [85.6, 53.98], CSS = 96 / 25.4;
  const key = `ecg ${screen.width}x${screen.height}@${devicePixelRatio}`;
  const by = (id) => document.getElementById(id);
  const state = by("e-state"), paper = by("e-paper"), sheet = by("e-sheet"), card = by("e-card"), slider = by("e-size");
  let kept = null;
  try { kept = Number(localStorage.getItem(key)) || null; } catch { /* a browser that keeps nothing */ }
  let scale = kept || CSS;  // CSS pixels a millimetre

  function size() {
    for (const strip of document.querySelectorAll(".e-strip")) {
      if (!strip.naturalWidth) continue;
      // The picture says its size in millimetres; a browser takes them for 96 to the inch.
      strip.style.width = `${(strip.naturalWidth / CSS) * scale}px`;
      strip.style.height = `${(strip.naturalHeight / CSS) * scale}px`;
    }
    card.style.width = `${CARD[0] * scale}px`;
    card.style.height = `${CARD[1] * scale}px`;
    if (state) {
      state.textContent = kept ? state.dataset.true : state.dataset.about;
      state.classList.toggle("e-about", !kept);
      by("e-go").hidden = Boolean(kept);
    }
    draw();
  }

  function set(value) {
    scale = Math.min(14, Math.max(2, value));
    slider.value = scale;
    size();
  }

  slider.addEventListener("input", () => set(Number(slider.value)));
  by("e-go")?.addEventListener("click", () => { by("e-calibrate").open = true; });
  by("e-less").addEventListener("click", () => set(scale - 0.01));
  by("e-more").addEventListener("click", () => set(scale + 0.01));
  by("e-save").addEventListener("click", () => {
    kept = scale;
    try { localStorage.setItem(key, String(scale)); } catch { /* it holds until the page is left */ }
    by("e-calibrate").open = false;
    size();
  });

  // Callipers: two upright lines and two level ones; places in millimetres from the sheet's upper left.
  const grips = new Map([...document.querySelectorAll(".e-grip")].map((grip) => [grip.dataset.grip, grip]));
  const places = { start: 40, end: 60, high: 20, low: 30 };
  const upright = (name) => name === "start" || name === "end";
  const button = by("e-measure");
  let on = false;

  function limits(name) {
    const strip = sheet.querySelector(".e-strip");
    const wide = strip.offsetWidth / scale, tall = strip.offsetHeight / scale;
    return {
      start: [0, places.end], end: [places.start, wide], high: [0, places.low], low: [places.high, tall],
    }[name];
  }

  function put(name, value) {
    const [least, most] = limits(name);
    places[name] = Math.min(most, Math.max(least, value));
    draw();
  }

  function draw() {
    if (!on) return;
    const strip = sheet.querySelector(".e-strip");
    const edge = paper.scrollLeft + paper.clientWidth - 48;
    for (const [name, grip] of grips) {
      if (upright(name)) {
        grip.style.left = `${places[name] * scale - (name === "start" ? 44 : 0)}px`;
        grip.style.setProperty("--tall", `${strip.offsetHeight}px`);
      } else {
        grip.style.left = `${edge}px`;
        grip.style.top = `${46 + places[name] * scale - (name === "high" ? 44 : 0)}px`;
        grip.style.setProperty("--wide", `${edge}px`);
      }
      grip.setAttribute("aria-valuenow", Math.round(upright(name) ? ms(places[name]) : places[name] * 100 / gain()));
      grip.setAttribute("aria-valuemax", Math.round(upright(name) ? ms(limits(name)[1]) : limits(name)[1] * 100 / gain()));
      grip.setAttribute("aria-valuetext", upright(name) ? `${Math.round(ms(places[name]))} ms` : `${(places[name] / gain()).toFixed(2)} mV`);
    }
    const time = ms(places.end - places.start), level = (places.low - places.high) / gain();
    by("e-time").textContent = `${Math.round(time)} ms`;
    by("e-rate").textContent = time >= 100 ? `${Math.round(60000 / time)}/min` : "";
    by("e-level").textContent = `${level.toFixed(2)} mV`;
  }

  function ms(millimetres) { return millimetres * 1000 / Number(paper.dataset.speed); }
  function gain() { return Number(paper.dataset.gain); }

  function move(grip, event) {
    const name = grip.dataset.grip, box = sheet.getBoundingClientRect();
    const at = upright(name) ? event.clientX - box.left : event.clientY - box.top - 46;
    // The finger lies on the grip, the line at the grip's edge.
    put(name, (at + (name === "start" || name === "high" ? 22 : -22)) / scale);
  }

  for (const grip of grips.values()) {
    grip.addEventListener("pointerdown", (event) => { grip.setPointerCapture(event.pointerId); event.preventDefault(); grip.focus(); });
    grip.addEventListener("pointermove", (event) => { if (grip.hasPointerCapture(event.pointerId)) move(grip, event); });
    grip.addEventListener("keydown", (event) => {
      const name = grip.dataset.grip;
      const step = (upright(name) ? Number(paper.dataset.speed) * 0.005 : gain() * 0.05) * (event.shiftKey ? 10 : 1);
      const way = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, PageUp: -10, PageDown: 10 }[event.key];
      if (!way) return;
      event.preventDefault();
      put(name, places[name] + way * step);
    });
  }

  if (button) {
    button.hidden = false;
    button.addEventListener("click", () => {
      on = !on;
      button.setAttribute("aria-pressed", String(on));
      sheet.classList.toggle("e-on", on);
      by("e-read").hidden = !on;
      for (const grip of grips.values()) grip.hidden = !on;
      const middle = (paper.scrollLeft + Math.min(paper.clientWidth, sheet.offsetWidth) / 2) / scale;
      places.start = middle - 10;
      places.end = middle + 10;
      draw();
    });
    paper.addEventListener("scroll", draw, { passive: true });
    window.addEventListener("resize", size);
  }
  for (const strip of document.querySelectorAll(".e-strip")) strip.addEventListener("load", size);
  set(scale);
})();
