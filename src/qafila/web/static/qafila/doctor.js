// The packet: what is asked and what must be done at once follow the answers while they are given.
// A field that is on the page is never touched: what somebody types cannot be lost to an answer of the node.
"use strict";
(() => {
  const form = document.querySelector("form[data-packet]");
  if (!form) return;
  let timer = 0, asking = null;

  function place(fresh, there) {
    const wanted = new Set();
    let last = null;
    for (const section of fresh.querySelectorAll(":scope > .d-group")) {
      wanted.add(section.id);
      let mine = document.getElementById(section.id);
      if (!mine) {
        mine = section;
        last ? last.after(mine) : there.append(mine);
      } else {
        items(section, mine);
        mine.querySelector(".d-next").replaceWith(section.querySelector(".d-next"));
      }
      last = mine;
    }
    for (const section of there.querySelectorAll(":scope > .d-group")) if (!wanted.has(section.id)) section.remove();
    there.querySelector(".d-jump").replaceWith(fresh.querySelector(".d-jump"));
  }

  function items(section, mine) {
    const wanted = new Set();
    let last = mine.querySelector("h2");
    for (const item of [...section.querySelectorAll(":scope > [data-item]")]) {
      wanted.add(item.id);
      const known = document.getElementById(item.id);
      if (!known) last.after(item);
      last = known || item;
    }
    for (const item of mine.querySelectorAll(":scope > [data-item]")) if (!wanted.has(item.id)) item.remove();
  }

  async function ask() {
    asking?.abort();
    asking = new AbortController();
    const data = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string") data.append(name, value);
    data.delete("once");
    try {
      const answer = await fetch(form.dataset.packet, { method: "POST", body: data, signal: asking.signal, credentials: "same-origin" });
      if (!answer.ok || answer.redirected) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const flags = document.getElementById("packet-flags"), told = page.getElementById("packet-flags");
      if (flags.textContent !== told.textContent) flags.replaceChildren(...told.childNodes);
      const views = document.getElementById("packet-views"), wanted = page.getElementById("packet-views");
      const chosen = [...views.querySelectorAll("input[type=file]")].some((field) => field.files.length);
      if (!chosen && views.textContent !== wanted.textContent) views.replaceChildren(...wanted.childNodes);
      place(page.getElementById("packet-groups"), document.getElementById("packet-groups"));
    } catch { /* the next answer, or saving, asks again */ }
  }

  form.addEventListener("change", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 120);
  });
  form.addEventListener("submit", () => { clearTimeout(timer); asking?.abort(); });
})();

// The prescription: what the checks say is shown while it is written; rows in use and one more.
(() => {
  const form = document.querySelector("form[data-check]");
  if (!form) return;
  const rows = [...form.querySelectorAll(".d-med")], more = document.getElementById("rx-more");
  const hide = () => { more.hidden = !rows.some((row) => row.hidden); };
  rows.forEach((row, place) => { row.hidden = place > 0 && "empty" in row.dataset; });
  hide();
  more.addEventListener("click", () => {
    const row = rows.find((one) => one.hidden);
    row.hidden = false;
    row.querySelector("input").focus();
    hide();
  });
  let asking = null;
  form.addEventListener("change", async () => {
    asking?.abort();
    asking = new AbortController();
    const data = new URLSearchParams(new FormData(form));
    data.delete("secret");
    data.delete("once");
    try {
      const answer = await fetch(form.dataset.check, { method: "POST", body: data, signal: asking.signal, credentials: "same-origin" });
      if (!answer.ok || answer.redirected) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const told of page.querySelectorAll(".rx-beside, #rx-checked")) {
        const mine = document.getElementById(told.id);
        if (mine && told.innerHTML !== mine.innerHTML) mine.replaceWith(told);
      }
      document.getElementById("rx-override").hidden = !("reasoned" in page.getElementById("rx-checked").dataset);
    } catch { /* signing checks in any case */ }
  });
})();

// A case that has moved on: its page is shown anew, or where somebody has typed something, a word says so.
(() => {
  const part = document.querySelector('[data-live="case"]'), changed = document.getElementById("case-changed");
  const state = () => document.getElementById("case-state")?.dataset.state;
  if (!part || !changed) return;
  const first = state();
  const typed = () => [...document.querySelectorAll("main input, main textarea")].some((field) =>
    field === document.activeElement || (field.type === "radio" || field.type === "checkbox" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue));
  new MutationObserver(() => {
    if (state() === first) return;
    if (typed()) changed.hidden = false;
    else location.replace(location.pathname);
  }).observe(part, { childList: true, subtree: true });
})();
