"use strict";
// Live lists: an element with data-live fetches itself again (its address in data-live-url, else the page's own)
// when the node says that something has changed; without the live channel it asks every ten seconds.
(() => {
  const parts = () => document.querySelectorAll("[data-live]");
  let busy = false, again = false;
  // Of what each address was made, as the node says it: it tells us when some of that has changed.
  const [base, own] = (document.querySelector('meta[name="live"]')?.content || "").split(/&(?=of=)/);
  const madeOf = new Map(own ? [[location.href, own]] : []), drawn = new Map(), loaded = Date.now();
  const topics = (of) => of?.split("&")[0];
  let source = null;
  // Tokens differ at every answer and say nothing about the list.
  const told = (part) => part.innerHTML.replace(/name="(csrfmiddlewaretoken|once)" value="[^"]*"/g, "");
  // What the node gave last: a list that only looks different (somebody has opened a choice) is not news.
  const given = new WeakMap([...parts()].map((part) => [part, told(part)]));
  const busyTyping = (part) => part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
  function renew(part, page) {
    const fresh = page.querySelector(`[data-live="${part.dataset.live}"]`);
    if (!fresh || busyTyping(part)) return;
    const words = told(fresh);
    if (words === (given.get(part) ?? told(part))) return;
    given.set(part, words);
    const focused = document.activeElement && part.contains(document.activeElement) ? document.activeElement.id : "";
    part.replaceChildren(...fresh.childNodes);
    if (window.htmx) window.htmx.process(part);
    if (focused) document.getElementById(focused)?.focus();
  }
  async function refresh() {
    if (busy || document.hidden) { again = true; return; }
    busy = true;
    again = false;
    // Each address is asked once, however many parts of this page live by it.
    const addresses = new Map();
    let moved = false;
    for (const part of parts()) {
      const from = part.dataset.liveUrl || location.href;
      addresses.set(from, [...(addresses.get(from) || []), part]);
    }
    for (const [from, its] of addresses) {
      if (its.every(busyTyping)) continue;
      try {
        const asks = { "X-Live": its.map((part) => part.dataset.live).join(" ") };
        // Where nothing has changed the node says so and draws nothing; but waiting times grow old.
        const young = Date.now() - (drawn.get(from) || loaded) < 60000;
        if (young && madeOf.has(from) && !its.some((part) => part.dataset.liveEvery)) asks["X-Live-Since"] = madeOf.get(from);
        const answer = await fetch(from, { headers: asks });
        if (!answer.ok || answer.redirected || answer.status === 204) continue;
        drawn.set(from, Date.now());
        const of = answer.headers.get("X-Live-Of");
        if (of) {
          moved = moved || topics(of) !== topics(madeOf.get(from));
          madeOf.set(from, of);
        }
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        // What somebody is typing in stays, and is asked for anew the next time.
        if (its.some(busyTyping)) drawn.set(from, -Infinity);
        its.forEach((part) => renew(part, page));
      } catch { /* no answer: the next change or the next ten seconds try again */ }
    }
    busy = false;
    if (moved && source) listen();
    if (again) setTimeout(refresh, 300);
  }
  addEventListener("visibilitychange", () => { if (again && !document.hidden) refresh(); });
  let polling = 0;
  const poll = (on) => { clearInterval(polling); polling = on ? setInterval(refresh, 10000) : 0; };
  function listen() {
    source?.close();
    source = new EventSource([base, ...new Set(madeOf.values())].join("&"));
    source.addEventListener("changed", refresh);
    source.onopen = () => poll(false);
    source.onerror = () => poll(true);
  }
  if (parts().length) {
    poll(true);
    if (base) {
      listen();
      addEventListener("pagehide", () => source.close());
    }
  }
  // What moves while nothing is written (how far the sending is) says itself how often it is looked at, in seconds.
  const every = Math.min(...[...parts()].map((part) => Number(part.dataset.liveEvery) || Infinity));
  if (Number.isFinite(every)) setInterval(() => { if (!document.hidden) refresh(); }, every * 1000);
  // A shared tablet covers its screen when nobody has touched it for a while, or when it shows something else; the PIN
  // opens it again. Under the cover nothing can be read, tapped, reached by a key or heard from a screen reader.
  const idle = Number(document.querySelector('meta[name="idle"]')?.content || 0);
  const lock = document.getElementById("lock");
  const cover = document.getElementById("cover");
  function hide(on) {
    if (cover.hidden === !on) return;
    // What is being typed is kept as a draft of whoever types it: leaving the field says so.
    if (on && document.activeElement instanceof HTMLElement) document.activeElement.blur();
    cover.hidden = !on;
    document.documentElement.classList.toggle("covered", on);
    for (const part of document.body.children) if (part !== cover) part.inert = on;
  }
  if (idle && lock) {
    let last = Date.now(), told_at = last;
    const look = () => {
      const rest = Date.now() - last;
      hide(document.hidden || rest > (idle - 15) * 1000);
      if (rest > idle * 1000) lock.submit();
    };
    for (const kind of ["pointerdown", "keydown", "input", "scroll"]) addEventListener(kind, () => {
      // A tablet that slept for longer than that is not opened by the touch that wakes it.
      if (Date.now() - last < idle * 1000) last = Date.now();
      look();
    }, { passive: true });
    addEventListener("visibilitychange", look);
    setInterval(() => {
      look();
      // Somebody who types for long asks nothing of the node: it is told that the screen is in use.
      if (last - told_at > 30000) { told_at = last; fetch("/healthz", { credentials: "same-origin" }).catch(() => {}); }
    }, 1000);
  }
  // A page that the browser brings back from its memory may be of somebody who has gone.
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  // The folded part of the menu closes like any menu: by a touch elsewhere, by Escape.
  const more = document.querySelector(".more");
  const fold = (back) => { if (more?.open) { more.open = false; if (back) more.querySelector("summary").focus(); } };
  addEventListener("pointerdown", (event) => { if (!more?.contains(event.target)) fold(false); });
  addEventListener("keydown", (event) => { if (event.key === "Escape") fold(true); });
  // One tap, one form: a second tap on the same button does nothing while the first is under way.
  addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.dataset.sent) { if (event.target.dataset.sent) event.preventDefault(); return; }
    if (event.target.method === "post" && !event.target.hasAttribute("hx-post")) event.target.dataset.sent = "1";
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));
})();
