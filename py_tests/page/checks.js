// Checks that the page's tests run in the page; each gives a list of what is wrong.

/** Texts whose contrast to what lies behind them is below 4.5 to 1. */
function faintTexts() {
  const parse = (text) => text.match(/[\d.]+/g).map(Number);
  const linear = (v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const [r, g, b, a = 1] = parse(getComputedStyle(node).backgroundColor);
      if (a > 0.5) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const faint = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    const text = walk.currentNode.data.trim();
    if (!text || !node.offsetParent || node.closest(".unseen, .skip, script, noscript")) continue;
    const pair = [light(parse(getComputedStyle(node).color)), light(behind(node))];
    const [dark, bright] = pair.sort((a, b) => a - b);
    if ((bright + 0.05) / (dark + 0.05) < 4.5) faint.add(`${node.className} ${text.slice(0, 30)}`);
  }
  return [...faint];
}

/** Links, buttons and fields without a name. */
function nameless() {
  const named = (node) =>
    node.getAttribute("aria-label") || node.innerText?.trim() || node.closest("label")?.innerText.trim();
  return [...document.querySelectorAll("a, button, input, select, summary")]
    .filter((node) => node.offsetParent && !named(node))
    .map((node) => node.outerHTML.slice(0, 120));
}

/** Levels of the headings that are seen, in order. */
function headingLevels() {
  return [...document.querySelectorAll("h1, h2, h3")].filter((node) => node.offsetParent).map((node) => Number(node.tagName[1]));
}
