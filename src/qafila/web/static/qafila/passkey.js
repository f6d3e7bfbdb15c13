// Passkeys: a form with data-passkey asks the node for options, the device for a credential, and then sends itself.
// A field with data-sign-passkey does so for the form that it stands in; where it has a place for it (prf), the device
// makes the secret that opens the key.
"use strict";
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const ids = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  async function options(form, from = form) {
    const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
    const answer = await fetch(from.dataset.options, { method: "POST", headers: { "X-CSRFToken": token }, credentials: "same-origin" });
    if (!answer.ok) throw new Error("no options");
    const said = await answer.json();
    said.challenge = bytes(said.challenge);
    if (said.user) said.user.id = bytes(said.user.id);
    said.excludeCredentials = ids(said.excludeCredentials);
    said.allowCredentials = ids(said.allowCredentials);
    const wanted = said.extensions && said.extensions.prf && said.extensions.prf.eval;
    if (wanted) wanted.first = bytes(wanted.first);
    return said;
  }

  function told(credential) {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response, clientExtensionResults: {} });
  }

  function secret(credential) {
    const made = (credential.getClientExtensionResults().prf || {}).results;
    if (!made || !made.first) throw new Error("no secret");
    return text(made.first);
  }

  for (const field of window.PublicKeyCredential ? document.querySelectorAll("[data-sign-passkey]") : []) {
    const button = field.querySelector("button");
    const wrong = field.querySelector("[data-passkey-wrong]");
    const form = field.closest("form");
    field.hidden = false;
    button.addEventListener("click", async () => {
      wrong.hidden = true;
      button.disabled = true;
      try {
        const shown = await navigator.credentials.get({ publicKey: await options(form, field) });
        const prf = field.querySelector("[name=prf]");
        if (prf) prf.value = secret(shown);
        field.querySelector("[name=credential]").value = told(shown);
        form.requestSubmit();
      } catch {
        wrong.hidden = false;
        button.disabled = false;
      }
    });
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!window.PublicKeyCredential) { form.hidden = true; continue; }
    const button = form.querySelector("button");
    form.addEventListener("submit", async (event) => {
      if (form.elements.credential.value) return;
      event.preventDefault();
      event.stopPropagation();
      const wrong = form.querySelector("[data-passkey-wrong]");
      wrong.hidden = true;
      button.disabled = true;
      try {
        const publicKey = await options(form);
        const made = await (form.dataset.passkey === "create" ? navigator.credentials.create({ publicKey }) : navigator.credentials.get({ publicKey }));
        if (form.elements.prf) form.elements.prf.value = secret(made);
        form.elements.credential.value = told(made);
        form.submit();
      } catch {
        wrong.hidden = false;
        button.disabled = false;
      }
    });
  }
})();
