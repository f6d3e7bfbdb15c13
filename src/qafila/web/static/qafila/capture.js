// Photographs with the tablet's own camera. What is sharp and bright enough the node decides; the words under the
// picture are only a hint while it is taken. Without a camera the form's own file field does the same.
"use strict";
(() => {
  const form = document.querySelector("form[data-capture]");
  if (!form) return;
  const all = (name) => form.querySelectorAll(`[data-${name}]`), part = (name) => form.querySelector(`[data-${name}]`);
  const video = part("video"), still = part("still"), live = part("live-hint"), file = form.querySelector("[type=file]");
  let stream = null, facing = "environment", held = null, address = "", sending = false;

  async function open() {
    if (!navigator.mediaDevices?.getUserMedia) { none(); return; }
    try {
      stream?.getTracks().forEach((track) => track.stop());
      stream = await navigator.mediaDevices.getUserMedia({
        audio: false, video: { facingMode: { ideal: facing }, width: { ideal: 4096 }, height: { ideal: 3072 } },
      });
      video.srcObject = stream;
      await video.play();
      all("stage").forEach((one) => { one.hidden = false; });
      part("fallback").open = false;
      const cameras = (await navigator.mediaDevices.enumerateDevices()).filter((one) => one.kind === "videoinput");
      part("turn").hidden = cameras.length < 2;
    } catch { none(); }
  }
  function none() { part("none").hidden = false; part("fallback").open = true; }

  // --- the hint: how much of the difference between neighbours a second blurring takes away (Crete 2007), and light ---
  const small = document.createElement("canvas");
  small.width = 320; small.height = 240;
  const pen = small.getContext("2d", { willReadFrequently: true });
  function look() {
    if (!video.videoWidth || !still.hidden || document.hidden) return;
    // The middle half, as large as in a picture 640 wide: the node measures at that size.
    pen.drawImage(video, video.videoWidth / 4, video.videoHeight / 4, video.videoWidth / 2, video.videoHeight / 2, 0, 0, 320, 240);
    const data = pen.getImageData(0, 0, 320, 240).data, grey = new Float32Array(320 * 240), count = new Uint32Array(256);
    let strong = 0;
    for (let i = 0; i < grey.length; i++) {
      grey[i] = 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
      count[grey[i] | 0]++;
      if (Math.max(data[4 * i], data[4 * i + 1], data[4 * i + 2]) >= 250) strong++;
    }
    let seen = 0, burnt = 0, top = 255, above = 0;
    for (let v = 12; v < 256; v++) seen += count[v];
    for (let v = 250; v < 256; v++) burnt += count[v];
    while (top > 0 && above + count[top] <= seen * 0.05) above += count[top--];
    const blur = Math.max(blurred(grey, 320, 240, 1, 320), blurred(grey, 240, 320, 320, 1));
    const state = top < 70 ? "dark" : burnt > seen * 0.25 || strong > seen * 0.35 ? "bright" : blur > 0.5 ? "blurred" : "good";
    if (live.dataset.state !== state) { live.dataset.state = state; live.textContent = live.dataset[state]; }
  }
  function blurred(grey, length, lines, step, across) {
    let sharp = 0, lost = 0;
    for (let line = 0; line < lines; line++) {
      let sum = 0, before = 0;
      for (let i = 0; i < length; i++) {
        const at = line * across + i * step;
        sum += grey[at] - (i >= 11 ? grey[at - 11 * step] : 0);
        if (i >= 12) {
          const middle = at - 5 * step, edge = Math.abs(grey[middle] - grey[middle - step]), soft = Math.abs(sum - before) / 11;
          sharp += edge;
          lost += Math.max(0, edge - soft);
        }
        before = sum;
      }
    }
    return sharp > lines * length * 0.2 ? (sharp - lost) / sharp : 0;
  }
  setInterval(look, 400);

  // --- taking and sending ---
  function freeze(blob) {
    URL.revokeObjectURL(address);
    address = still.src = URL.createObjectURL(blob);
    still.hidden = false;
  }
  function melt() { held = null; still.hidden = true; }

  async function take() {
    if (sending || !video.videoWidth) return;
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth; canvas.height = video.videoHeight;
    canvas.getContext("2d").drawImage(video, 0, 0);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.95));
    if (!blob) return;
    held = blob;
    freeze(blob);
    await send({});
  }

  async function send(more) {
    if (sending || !held) return;
    sending = true;
    part("busy").hidden = false;
    part("lost").hidden = true;
    const data = new FormData(form);
    data.set("file", held, "photo.jpg");
    for (const [name, value] of Object.entries(more)) data.set(name, value);
    try {
      const answer = await fetch(form.action, { method: "POST", body: data, credentials: "same-origin" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!page.getElementById("cp-views")) { location.assign(answer.ok ? answer.url : location.href); return; }
      const kept = answer.ok && answer.redirected, site = form.querySelector("#site");
      for (const id of kept ? ["cp-once", "cp-views", "cp-said"] : ["cp-once", "cp-said"]) document.getElementById(id).replaceWith(page.getElementById(id));
      if (kept) {
        history.replaceState(null, "", answer.url);
        melt();
        file.value = "";
        chosen(true);
        if (!site.value) { site.value = page.getElementById("site").value; site.dispatchEvent(new Event("change")); }
      } else if (stream && part("retake")) {
        part("retake").hidden = false;
        part("retake").focus();
      }
    } catch { part("lost").hidden = false; }
    part("busy").hidden = true;
    sending = false;
  }

  function chosen(follow) {
    const view = form.querySelector("[name=view]:checked");
    if (!view) return;
    document.getElementById("h-now").textContent = view.dataset.label;
    document.getElementById("cp-how").textContent = view.dataset.hint;
    const site = form.querySelector("#site");
    if (view.dataset.site) { site.value = view.dataset.site; site.dispatchEvent(new Event("change")); }
    if (follow && stream) part("shutter").focus({ preventScroll: true });
  }

  form.addEventListener("change", (event) => {
    if (event.target.name === "view") { melt(); chosen(false); }
  });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.matches("[data-shutter]")) take();
    else if (button.matches("[data-turn]")) { facing = facing === "user" ? "environment" : "user"; open(); }
    else if (button.matches("[data-retake]")) { melt(); document.getElementById("cp-said").replaceChildren(); part("shutter").focus(); }
    else if (button.matches("[data-again]")) send({});
    else if (button.matches("[name=kept], [data-keep], [data-send]")) {
      if (button.matches("[data-send]")) held = file.files[0] || null;
      if (!held) return;
      event.preventDefault();
      if (button.matches("[data-send]") && stream) freeze(held);
      send(button.name === "kept" ? { kept: button.value } : {});
    }
  });
  addEventListener("pagehide", () => stream?.getTracks().forEach((track) => track.stop()));
  open();
})();
