// Records heart and lungs as a WAV of one or two channels, 16 bit, with everything switched off that makes speech
// clearer: it would take the heart for noise.
"use strict";
(() => {
  const WANTED = 16000, SECONDS = 15;
  const form = document.querySelector("form[data-sounds]");
  if (!form) return;
  const part = (name) => form.querySelector(`[data-${name}]`), file = form.querySelector("[type=file]");
  const start = part("start"), stop = part("stop"), site = form.querySelector("select");
  let stream = null, sound = null, pieces = [], count = 0, address = "", held = null, sending = false;
  if (!navigator.mediaDevices?.getUserMedia || !window.AudioWorkletNode) return;
  start.hidden = false;
  part("time").hidden = false;
  part("fallback").open = false;

  function wav(rate) {
    const channels = pieces[0].length, data = new DataView(new ArrayBuffer(44 + count * channels * 2));
    const text = (at, words) => [...words].forEach((letter, i) => data.setUint8(at + i, letter.charCodeAt(0)));
    text(0, "RIFF"); data.setUint32(4, 36 + count * channels * 2, true); text(8, "WAVEfmt ");
    data.setUint32(16, 16, true); data.setUint16(20, 1, true); data.setUint16(22, channels, true); data.setUint32(24, rate, true);
    data.setUint32(28, rate * channels * 2, true); data.setUint16(32, channels * 2, true); data.setUint16(34, 16, true);
    text(36, "data"); data.setUint32(40, count * channels * 2, true);
    let at = 44;
    for (const piece of pieces) for (let i = 0; i < piece[0].length; i++) for (let c = 0; c < channels; c++, at += 2)
      data.setInt16(at, Math.max(-1, Math.min(1, (piece[c] || piece[0])[i])) * 32767, true);
    return new File([data.buffer], "sound.wav", { type: "audio/wav" });
  }

  function end() {
    if (!sound) return;
    const rate = sound.sampleRate;
    stream.getTracks().forEach((track) => track.stop());
    sound.close();
    stream = sound = null;
    start.hidden = false;
    stop.hidden = true;
    if (!count) return;
    held = wav(rate);
    const moved = new DataTransfer();
    moved.items.add(held);
    file.files = moved.files;
    URL.revokeObjectURL(address);
    address = part("heard").src = URL.createObjectURL(held);
    part("keeping").hidden = false;
    part("keep").focus();
  }

  start.addEventListener("click", async () => {
    part("refused").hidden = true;
    if (!site.value) { part("where").hidden = false; site.focus(); return; }
    part("where").hidden = true;
    part("keeping").hidden = true;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: { ideal: 2 } },
      });
      try { sound = new AudioContext({ sampleRate: WANTED }); } catch { sound = new AudioContext(); }
      let source;
      try { source = sound.createMediaStreamSource(stream); } catch {
        await sound.close();
        sound = new AudioContext();
        source = sound.createMediaStreamSource(stream);
      }
      await sound.audioWorklet.addModule(form.dataset.tap);
      const tap = new AudioWorkletNode(sound, "sound-tap", { numberOfOutputs: 0 }), rate = sound.sampleRate;
      pieces = []; count = 0;
      tap.port.onmessage = ({ data }) => {
        if (!sound || count >= rate * SECONDS) return;
        pieces.push(data);
        count += data[0].length;
        let top = 0;
        for (const one of data[0]) top = Math.max(top, Math.abs(one));
        part("level").style.inlineSize = `${Math.min(100, top * 140)}%`;
        part("time").textContent = `${Math.max(0, Math.ceil(SECONDS - count / rate))} s`;
        if (count >= rate * SECONDS) end();
      };
      source.connect(tap);
      start.hidden = true;
      stop.hidden = false;
    } catch {
      stream?.getTracks().forEach((track) => track.stop());
      stream = sound = null;
      part("refused").hidden = false;
      part("fallback").open = true;
    }
  });
  stop.addEventListener("click", end);
  form.addEventListener("submit", () => { sending = true; });
  addEventListener("pagehide", () => { if (!sending) stream?.getTracks().forEach((track) => track.stop()); });
})();
