// Enter goes to the next field, from the last one it saves; what a choice shows appears.
"use strict";
(() => {
  const TYPED = "input:not([type=hidden]):not([type=radio]):not([type=checkbox]):not([type=file]):not([type=search]), textarea";

  const visible = (field) => field.offsetParent !== null && !field.disabled;

  function steps(form) {
    const found = [];
    const groups = new Set();
    for (const field of form.querySelectorAll("input, textarea")) {
      if (!visible(field) || field.closest("[data-aside]")) continue;
      if (field.matches(TYPED)) found.push(field);
      else if (field.type === "radio" && !groups.has(field.name)) {
        groups.add(field.name);
        found.push(form.querySelector(`input[name="${CSS.escape(field.name)}"]:checked`) || field);
      }
    }
    return found;
  }

  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (event.key !== "Enter" || event.isComposing || !(field instanceof HTMLElement)) return;
    const form = field.closest("form[data-keys=enter]");
    if (!form || !field.matches("input:not([type=checkbox]):not([type=file]), textarea")) return;
    if (field.matches("textarea") && !event.ctrlKey) return;
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) return form.requestSubmit();
    const all = steps(form);
    const here = all.findIndex((one) => one === field || (one.type === "radio" && one.name === field.name));
    // From a field that stands aside, Enter goes on to what follows it.
    const after = (one) => field.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING;
    const next = here < 0 ? all.find(after) : all[here + 1];
    if (next) next.focus();
    else form.requestSubmit();
  });

  document.addEventListener("change", (event) => {
    const field = event.target;
    if (!(field instanceof HTMLInputElement) || field.type !== "radio") return;
    // Two choices may show the same part.
    const choices = [...document.getElementsByName(field.name)].filter((one) => one.dataset.shows);
    for (const id of new Set(choices.map((one) => one.dataset.shows))) {
      const part = document.getElementById(id);
      if (!part) continue;
      part.hidden = !choices.some((one) => one.checked && one.dataset.shows === id);
      if (!part.hidden && field.dataset.shows === id) part.querySelector("input")?.focus();
    }
  });

})();
