// Keeps the links' part of the page fresh while it is looked at; without it, reloading does the same.
const part = document.getElementById("links");

async function refresh() {
  if (document.hidden || part.contains(document.activeElement) && document.activeElement.matches(":active")) return;
  try {
    const answer = await fetch(part.dataset.source, { headers: { "Accept-Language": document.documentElement.lang } });
    if (!answer.ok) return;
    const text = await answer.text();
    if (text !== refresh.last) {
      const held = document.activeElement && part.contains(document.activeElement) ? document.activeElement.closest("form") : null;
      const unit = held && held.elements.unit.value;
      part.innerHTML = text;
      refresh.last = text;
      if (unit) part.querySelector(`input[name="unit"][value="${unit}"]`).form.querySelector("button").focus();
    }
  } catch (error) {
    // The demonstration was stopped: what was seen last stays.
  }
}

setInterval(refresh, 1500);
