// A map of the body or the chest and its list say the same: a tap on the one chooses in the other.
"use strict";
(() => {
  for (const map of document.querySelectorAll("[data-map]")) {
    const list = map.querySelector("select");
    const show = () => {
      for (const spot of map.querySelectorAll("[data-code]")) spot.classList.toggle("on", spot.dataset.code === list.value && list.value !== "");
    };
    map.addEventListener("click", (event) => {
      const spot = event.target.closest("[data-code]");
      if (!spot) return;
      list.value = list.value === spot.dataset.code ? "" : spot.dataset.code;
      list.dispatchEvent(new Event("change", { bubbles: true }));
    });
    list.addEventListener("change", show);
    show();
  }
})();
