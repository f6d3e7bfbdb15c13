"use strict";
// The camera reads the code where the browser can; typing, pasting and a scanner with a cable work without it.
(() => {
  const button = document.getElementById("camera"), video = document.getElementById("seen");
  if (!button || !("BarcodeDetector" in window) || !navigator.mediaDevices) return;
  button.hidden = false;
  let stream = null;
  const stop = () => { stream?.getTracks().forEach((track) => track.stop()); stream = null; video.hidden = true; };
  button.addEventListener("click", async () => {
    if (stream) { stop(); return; }
    try {
      const detector = new window.BarcodeDetector({ formats: ["qr_code"] });
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      video.srcObject = stream;
      video.hidden = false;
      await video.play();
      const look = async () => {
        if (!stream) return;
        const codes = await detector.detect(video).catch(() => []);
        if (codes.length) {
          const field = document.getElementById(button.dataset.into);
          field.value = codes[0].rawValue;
          stop();
          field.form.requestSubmit();
          return;
        }
        requestAnimationFrame(look);
      };
      look();
    } catch { stop(); button.hidden = true; }
  });
})();
