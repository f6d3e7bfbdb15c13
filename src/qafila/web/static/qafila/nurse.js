// Drafts: what is typed and not saved is kept on the node at every blur. And the readings of an ambiguous number.
"use strict";
(() => {
  let sending = null;

  function body(form) {
    const data = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string") data.append(name, value);
    data.delete("once");
    for (const name of ["secret", "credential", "prf"]) data.delete(name);
    data.append("draft", form.dataset.draft);
    return data;
  }

  function keep(form) {
    if (form.dataset.over) return;
    const data = body(form);
    const text = data.toString();
    if (form.dataset.kept === text) return;
    form.dataset.kept = text;
    sending?.abort();
    sending = new AbortController();
    fetch(form.dataset.draftUrl, { method: "POST", body: data, signal: sending.signal, credentials: "same-origin", keepalive: text.length < 60000 })
      .then((answer) => {
        const said = form.querySelector("[data-draft-said]");
        if (said) said.hidden = !answer.ok;
      })
      .catch(() => {});
  }

  for (const form of document.querySelectorAll("form[data-draft]")) {
    form.dataset.kept = body(form).toString();
    form.addEventListener("focusout", () => keep(form));
    form.addEventListener("change", () => keep(form));
    form.addEventListener("submit", () => {
      form.dataset.over = "yes";
      sending?.abort();
    });
  }

  function discard(form) {
    const data = new URLSearchParams();
    data.append("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
    data.append("draft", form.dataset.draft);
    data.append("discard", "yes");
    form.dataset.over = "yes";
    sending?.abort();
    return fetch(form.dataset.draftUrl, { method: "POST", body: data, credentials: "same-origin", keepalive: true });
  }

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-put], [data-discard], [data-cancel]") : null;
    if (!button) return;
    if (button.dataset.put) {
      const field = document.getElementById(button.dataset.put);
      field.value = button.dataset.value;
      field.dispatchEvent(new Event("change", { bubbles: true }));
      const then = document.getElementById(button.dataset.then || "");
      if (then) then.dispatchEvent(new Event("change", { bubbles: true }));
      (then || field).focus();
      return;
    }
    const form = document.querySelector("form[data-draft]");
    if ("cancel" in button.dataset) discard(form);
    else discard(form).then(() => location.reload());
  });
})();
