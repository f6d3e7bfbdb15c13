// Put behind axe's own script. Nearly half of what axe takes is the contrast of texts: it parses six colours thousands of
// times, and reckons anew for each row of a list what it has found for the row above.
// A text that is drawn as one that has enough contrast has enough too: the same colour, size and weight on the same
// backgrounds, the whole way up. One that has not is told each time, and what lies over the page is looked at each time.
(() => {
  const colour = axe.commons.color.Color.prototype, parse = colour.parseString, known = new Map();
  colour.parseString = function (text) {
    const held = known.get(text);
    if (held) [this.r, this.g, this.b, this.alpha] = held;
    else { parse.call(this, text); known.set(text, [this.r, this.g, this.b, this.alpha]); }
    return this;
  };
  const LETTERS = ["color", "-webkit-text-fill-color", "-webkit-text-stroke-width", "text-shadow", "font-size", "font-weight", "visibility"];
  const BEHIND = ["background-color", "background-image", "opacity", "mix-blend-mode", "filter", "transform", "position"];
  const BARE = "rgba(0, 0, 0, 0)|none|1|normal|none|none|static";
  const said = (style, names) => names.map((name) => style.getPropertyValue(name)).join("|");
  let behind, enough;
  // What lies behind an element: its own background and that of all around it; null: it may lie over anything.
  function ground(element) {
    if (!element) return "";
    if (behind.has(element)) return behind.get(element);
    const style = getComputedStyle(element), around = ground(element.parentElement), own = said(style, BEHIND);
    const loose = around === null || /^(absolute|fixed)$/.test(style.position);
    const found = loose ? null : own === BARE ? around : `${around}/${own}`;
    behind.set(element, found);
    return found;
  }
  const rule = axe._audit.rules.find((one) => one.id === "color-contrast"), matches = rule.matches;
  const check = axe._audit.checks["color-contrast"], evaluate = check.evaluate;
  // An element without a text of its own is no text. Whether another is one that counts (its labels, whether it can be
  // used) is dear to ask, and need not be asked of one that is drawn as one that has enough.
  const written = (element) => [...element.childNodes].some((part) => part.nodeType === Node.TEXT_NODE && part.data.trim());
  rule.matches = (element) => /^(input|select|textarea)$/i.test(element.nodeName) || written(element);
  check.evaluate = function (element, options, node, ...rest) {
    const around = ground(element), drawn = around === null ? null : `${said(getComputedStyle(element), LETTERS)}/${around}`;
    if (enough.has(drawn) || !matches.call(rule, element, node, ...rest)) return true;
    const found = evaluate.call(this, element, options, node, ...rest);
    if (found === true && drawn !== null) enough.add(drawn);
    return found;
  };
  window.lookOver = async (options) => {
    behind = new Map();
    enough = new Set();
    return (await axe.run(options)).violations;
  };
})();
