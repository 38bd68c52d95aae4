// Builds elements. Data becomes text nodes only, so that no text of a record can become markup.

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  add(node, children);
  return node;
}

function add(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

const number = (value) => value.toLocaleString("en");
const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;
const code = (text) => el("code", {}, text);
const link = (hash, ...children) => el("a", { href: `#${hash}` }, ...children);
const casesLink = (terms, ...children) => link(`cases/${encodeURIComponent(terms)}`, ...children);

const LETTERS = {
  shared: "S", copied: "C", refused: "R", corrupted: "X", empty: "E", answered: "A", crashed: "!", hung: "T", "not-run": "·",
};
const OUTCOMES = Object.keys(LETTERS);
const OUTCOME_TEXT = {
  shared: "both sides see the same memory", copied: "the result has memory of its own", refused: "an exception reached the caller",
  corrupted: "returned with wrong values, shape or device", empty: "returned, and there are no elements to share",
  answered: "the facts hold the answer", crashed: "the process ended", hung: "the call did not come back", "not-run": "planned, and did not run",
};
// Worst first: a group of cases wears the frame of the first that it holds.
const VERDICTS = ["suite-fault", "deviates", "permitted", "undecided", "conforms", "not-applicable", "not-judged"];
const VERDICT_TEXT = {
  "suite-fault": "the suite itself failed", deviates: "a rule that binds was not followed", permitted: "a rule that only advises was not followed, or one reading of several",
  undecided: "no text decides", conforms: "every rule that was judged is followed", "not-applicable": "shown to be absent in this release", "not-judged": "nothing was observed that a rule speaks about",
};

const letter = (outcome) => el("span", { class: `letter o-${outcome}` }, LETTERS[outcome] ?? "?");
const frame = (verdict, ...children) => el("span", { class: `frame v-${verdict}` }, ...children);

function table(caption, heads, rows, attributes = {}) {
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    el("table", attributes, el("caption", { class: "unseen" }, caption),
      el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, rows)));
}

function choice(label, values, chosen, onchange, text = (value) => value) {
  return el("label", { class: "choice" }, el("span", {}, label),
    el("select", { onchange: (event) => onchange(event.target.value) },
      values.map((value) => el("option", { value, selected: value === chosen }, text(value)))));
}

/** Letters with counts, and a bar whose parts are as wide as their share. */
function mix(counts, total) {
  const present = OUTCOMES.filter((outcome) => counts[outcome]);
  return [
    el("span", { class: "mix" }, present.map((outcome) =>
      el("span", { class: "part", title: `${outcome}: ${OUTCOME_TEXT[outcome]}` }, letter(outcome), " ", number(counts[outcome]), " "))),
    el("span", { class: "bar", "aria-hidden": "true" }, present.map((outcome) => {
      const part = el("span", { class: `o-${outcome}` });
      part.style.flexGrow = counts[outcome] / total;
      return part;
    })),
  ];
}

/** Copies text; where the clipboard is closed to file:// pages, selects it instead. */
function copyButton(source) {
  const button = el("button", { type: "button", class: "copy" }, "Copy");
  const say = (text) => { button.textContent = text; setTimeout(() => { button.textContent = "Copy"; }, 1500); };
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      say("Copied");
    } catch {
      const range = document.createRange();
      range.selectNodeContents(source);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      say(document.execCommand("copy") ? "Copied" : "Selected");
    }
  });
  return button;
}
