// Listening to heart and lungs: as recorded, or through the bell or the diaphragm; a line follows on the picture.
"use strict";
(() => {
  const PASS = { all: [15, 1950], bell: [20, 200], diaphragm: [100, 1000] };
  function wire(box) {
    if (box.dataset.wired) return;
    box.dataset.wired = "1";
    const audio = box.querySelector("audio"), line = box.querySelector("[data-cursor]");
    let low = null, high = null, sound = null;
    const set = () => {
      const [from, to] = PASS[box.querySelector("input:checked").value];
      box.dataset.pass = `${from}-${to}`;
      for (const one of high || []) one.frequency.value = from;
      for (const one of low || []) one.frequency.value = to;
    };
    function start() {
      if (sound || !window.AudioContext) return;
      sound = new AudioContext();
      const filter = (type) => [0, 1].map(() => new BiquadFilterNode(sound, { type, Q: Math.SQRT1_2 }));
      high = filter("highpass");
      low = filter("lowpass");
      let last = sound.createMediaElementSource(audio);
      for (const one of [...high, ...low]) last = last.connect(one);
      last.connect(sound.destination);
      set();
    }
    audio.addEventListener("play", () => { start(); sound?.resume(); });
    audio.addEventListener("timeupdate", () => {
      // The picture's own margins: 46 of 956 before, 10 after.
      if (audio.duration) line.style.insetInlineStart = `${(46 + 900 * audio.currentTime / audio.duration) / 9.56}%`;
    });
    box.addEventListener("change", set);
    set();
  }
  const all = () => document.querySelectorAll("[data-listen]").forEach(wire);
  all();
  new MutationObserver(all).observe(document.body, { childList: true, subtree: true });
})();
