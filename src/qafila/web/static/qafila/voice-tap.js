// Hands what the microphone hears to the page, in the sound thread.
"use strict";
class Tap extends AudioWorkletProcessor {
  process(inputs) {
    const heard = inputs[0][0];
    if (heard) this.port.postMessage(heard.slice());
    return true;
  }
}
registerProcessor("voice-tap", Tap);
