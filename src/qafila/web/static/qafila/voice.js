// Records a spoken explanation as a WAV of one channel, 16 kHz, 16 bit; at most three minutes.
"use strict";
(() => {
  const RATE = 16000, MOST_S = 180;
  const form = document.querySelector("form[data-voice]");
  if (!form || !navigator.mediaDevices || !window.AudioWorkletNode) return;
  const part = (name) => form.querySelector(`[data-voice-${name}]`);
  const start = part("start"), stop = part("stop"), time = part("time"), heard = part("heard"), file = form.querySelector("[type=file]");
  let stream = null, sound = null, pieces = [], count = 0, address = "";
  start.hidden = false;

  function wav() {
    const data = new DataView(new ArrayBuffer(44 + count * 2));
    const text = (at, words) => [...words].forEach((letter, i) => data.setUint8(at + i, letter.charCodeAt(0)));
    text(0, "RIFF"); data.setUint32(4, 36 + count * 2, true); text(8, "WAVEfmt ");
    data.setUint32(16, 16, true); data.setUint16(20, 1, true); data.setUint16(22, 1, true);
    data.setUint32(24, RATE, true); data.setUint32(28, RATE * 2, true); data.setUint16(32, 2, true); data.setUint16(34, 16, true);
    text(36, "data"); data.setUint32(40, count * 2, true);
    let at = 44;
    for (const piece of pieces) for (const one of piece) {
      data.setInt16(at, Math.max(-1, Math.min(1, one)) * 32767, true);
      at += 2;
    }
    return new File([data.buffer], "voice.wav", { type: "audio/wav" });
  }

  function end() {
    stream?.getTracks().forEach((track) => track.stop());
    sound?.close();
    stream = sound = null;
    start.hidden = false;
    stop.hidden = true;
    if (!count) return;
    const kept = wav(), held = new DataTransfer();
    held.items.add(kept);
    file.files = held.files;
    URL.revokeObjectURL(address);
    address = heard.src = URL.createObjectURL(kept);
    heard.hidden = false;
  }

  start.addEventListener("click", async () => {
    part("refused").hidden = true;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, noiseSuppression: true } });
      sound = new AudioContext({ sampleRate: RATE });
      await sound.audioWorklet.addModule(form.dataset.tap);
      const tap = new AudioWorkletNode(sound, "voice-tap");
      pieces = []; count = 0;
      tap.port.onmessage = ({ data }) => {
        pieces.push(data);
        count += data.length;
        const s = Math.floor(count / RATE);
        time.textContent = `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
        if (s >= MOST_S && stream) end();
      };
      sound.createMediaStreamSource(stream).connect(tap);
      start.hidden = true;
      stop.hidden = false;
    } catch {
      end();
      part("refused").hidden = false;
    }
  });
  stop.addEventListener("click", end);
})();
