// Hands every channel that the microphone hears to the page, in the sound thread.
"use strict";
class SoundTap extends AudioWorkletProcessor {
  process(inputs) {
    if (inputs[0].length) this.port.postMessage(inputs[0].map((one) => one.slice()));
    return true;
  }
}
registerProcessor("sound-tap", SoundTap);
