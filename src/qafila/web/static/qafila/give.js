"use strict";
// The people to whom a case or a turn can be given stand once in the page. Whoever comes to a list of them, by
// touch or by key, finds it filled.
(() => {
  const fill = (event) => {
    const list = event.target.closest?.("select[data-options]");
    if (!list || list.options.length > 1) return;
    const people = document.getElementById(list.dataset.options);
    if (!people) return;
    list.append(people.content.cloneNode(true));
    const without = (list.dataset.without || "").split(" ");
    for (const one of [...list.options]) if (one.value && without.includes(one.value)) one.remove();
  };
  for (const kind of ["pointerdown", "focusin"]) addEventListener(kind, fill, true);
})();
