// One pair of libraries: dtype by layout for the chosen route, request and source; and a list for any query.

const pairHash = ({ producer, consumer, route = "", request = "", source = "" }) =>
  `pair/${[producer, consumer, route, request, source].map((part) => part || "-").join("/")}`;

const PAIR_KEYS = ["producer", "consumer", "route", "request", "source", "device"];

/** The values of an axis in cases that pass the mask, in plan order. */
function valuesUnder(run, k, mask) {
  const column = run.columns.get(`part.${k}`);
  const present = new Uint8Array(column.values.length + 1);
  const order = [];
  for (let i = 0; i < run.size; i++) {
    const value = column.codes[i];
    if (mask[i] && value && !present[value]) { present[value] = 1; order.push(column.values[value - 1]); }
  }
  return order;
}

/** Narrows to one case a dtype and layout: what was not chosen, or does not exist here, becomes the first that does. */
function narrow(run, asked) {
  const { mask } = query(run, `case=exchange producer=${asked.producer} consumer=${asked.consumer}`);
  const chosen = { producer: asked.producer, consumer: asked.consumer };
  const options = {};
  for (const [key, k] of [["route", 3], ["request", 4], ["source", 7], ["device", 8]]) {
    options[key] = valuesUnder(run, k, mask);
    const first = { route: "from_dlpack", request: "plain", source: "plain" }[key];
    chosen[key] = [asked[key], first, options[key][0]].find((value) => options[key].includes(value));
    if (chosen[key] === undefined) break;
    const column = run.columns.get(`part.${k}`);
    keepWhere(mask, column.codes, passing(column.values, (value) => value === chosen[key]));
  }
  return { mask, chosen, options };
}

function grid(run, mask) {
  const dtypes = valuesUnder(run, 5, mask);
  const layouts = valuesUnder(run, 6, mask);
  const at = new Map();
  for (let i = 0; i < run.size; i++) if (mask[i]) at.set(`${run.part(5, i)}/${run.part(6, i)}`, i);
  const rows = dtypes.map((dtype, r) => el("tr", {}, el("th", { scope: "row", title: run.tables.dtypes[dtype] }, dtype),
    layouts.map((layout, c) => {
      const i = at.get(`${dtype}/${layout}`);
      if (i === undefined) return el("td", { class: "none", "data-at": `${r}/${c}` });
      const [outcome, verdict] = [run.get("outcome", i), run.get("verdict", i)];
      const what = `${dtype}, ${layout}: ${outcome}, ${verdict}`;
      return el("td", { "data-at": `${r}/${c}` }, el("a", { href: `#${run.id(i)}`, class: `box o-${outcome} v-${verdict}`, title: what, "aria-label": what, tabindex: "-1" }, LETTERS[outcome]));
    })));
  const heads = ["dtype ↓ layout →", ...layouts.map((layout) => el("span", { class: "upright", title: run.tables.layouts[layout] }, layout))];
  const whole = table("Outcome and verdict by dtype and layout", heads, rows, { class: "grid" });
  whole.querySelector("a")?.setAttribute("tabindex", "0");
  whole.addEventListener("keydown", (event) => moveFocus(whole, event));
  return whole;
}

/** Arrow keys walk the grid; one cell at a time takes the tab stop. */
function moveFocus(whole, event) {
  const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
  const from = event.target.closest("td[data-at]");
  if (!step || !from) return;
  event.preventDefault();
  let [r, c] = from.dataset.at.split("/").map(Number);
  for (;;) {
    r += step[0]; c += step[1];
    const cell = whole.querySelector(`td[data-at="${r}/${c}"]`);
    if (!cell) return;
    const target = cell.querySelector("a");
    if (!target) continue;
    event.target.setAttribute("tabindex", "-1");
    target.setAttribute("tabindex", "0");
    target.focus();
    return;
  }
}

function promiseText(run, chosen) {
  const way = run.tables.ways[[chosen.producer, chosen.consumer, chosen.route].join("/")];
  if (!way) return null;
  const kind = way.by_request?.[chosen.request] ?? way.kind;
  const text = { shares: "shares memory", copies: "copies", "shares-if-possible": "shares memory where possible", none: "promises nothing about memory" }[kind]
    ?? kind.replace("converts:", "converts to ");
  return el("p", {}, "Its documentation: ", el("strong", {}, text), way.document ? el("span", { class: "quiet" }, ` (${[way.document, way.section].filter(Boolean).join(", ")})`) : null);
}

function pairPage(run, hash) {
  const asked = Object.fromEntries(hash.split("/").map((part, k) => [PAIR_KEYS[k], part === "-" ? "" : part]));
  const { mask, chosen, options } = narrow(run, asked);
  if (!chosen.route) return [el("h1", {}, `${asked.producer} → ${asked.consumer}`), el("p", {}, "No exchange case of this pair is in the run.")];
  const go = (key) => (value) => { location.hash = pairHash({ ...chosen, [key]: value }); };
  const scope = `producer=${chosen.producer} consumer=${chosen.consumer}`;
  const counts = tally(run, () => 1, mask).get(1);
  return [
    el("h1", {}, `${chosen.producer} → ${chosen.consumer}`),
    el("div", { class: "choices" },
      choice("Route", options.route, chosen.route, go("route")),
      choice("Request", options.request, chosen.request, go("request")),
      choice("Source", options.source, chosen.source, go("source"), (value) => (run.tables.sources[value] ? `${value}: ${run.tables.sources[value]}` : value))),
    promiseText(run, chosen),
    el("p", {}, mix(counts.counts, counts.total)[0]),
    grid(run, mask),
    el("p", { class: "quiet" }, "Arrow keys walk the grid. ", casesLink(`${scope} route=${chosen.route} request=${chosen.request} source=${chosen.source}`, "The same cases as a list")),
    el("section", {}, el("h2", {}, "Deviations of this pair, all routes"), findingsTable(run, "deviates", query(run, `case=exchange ${scope}`).mask, scope)),
  ];
}

const SHOWN_AT_ONCE = 200;

/** Cases by query; the box filters while one types. */
function casesPage(run, encoded) {
  const text = decodeURIComponent(encoded);
  const place = el("div", { "aria-live": "polite" });
  const box = el("input", { type: "search", value: text, spellcheck: "false", autocomplete: "off", "aria-label": "Query", placeholder: "producer=numpy dtype=float* outcome=crashed" });
  const show = () => place.replaceChildren(...found(run, box.value));
  box.addEventListener("input", show);
  box.addEventListener("change", () => history.replaceState(null, "", `#cases/${encodeURIComponent(box.value)}`));
  show();
  return [
    el("h1", {}, "Cases"),
    el("form", { class: "query", onsubmit: (event) => event.preventDefault() }, box),
    el("details", {}, el("summary", {}, "Query language"),
      el("p", {}, "Terms ", code("key=value"), " or ", code("key!=value"), ", joined by spaces or commas; all must hold. ", code("*"), " stands for any text. Keys: ",
        [...new Set(Object.values(run.tables.axes).flat())].map((key) => [code(key), " "]),
        [code("case"), " ", code("library"), " ", code("outcome"), " ", code("verdict"), " ", code("blame"), " ", code("modifier"), " ", code("rule"), " ", code("reason"), " ", code("proof")],
        ", any fact, as ", code("crash.signal=SIGABRT"), ", and any rule, as ", code("C-45=deviates"), ". Or a pattern over ids: ", code("exchange/numpy/**/reversed/*/cpu"), ".")),
    place,
  ];
}

function found(run, text) {
  const { mask, count, errors } = query(run, text);
  const group = tally(run, () => 1, mask).get(1) ?? { counts: {}, total: 1 };
  const rows = [];
  for (let i = 0; i < run.size && rows.length < SHOWN_AT_ONCE; i++) {
    if (mask[i]) rows.push(caseRow(run, i));
  }
  return [
    errors.length ? el("p", { class: "error", role: "alert" }, errors.join("; ")) : null,
    el("p", {}, el("strong", {}, plural(count, "case")), " ", mix(group.counts, group.total)[0]),
    count ? table("Cases found", ["outcome", "case", "verdict", "reason"], rows, { class: "list" }) : null,
    count > rows.length ? el("p", { class: "quiet" }, `The first ${rows.length} are shown; add terms to see others.`) : null,
  ].filter(Boolean);
}

function caseRow(run, i) {
  const [outcome, verdict, deciding] = [run.get("outcome", i), run.get("verdict", i), run.judged(i)[0]];
  return el("tr", {}, el("td", { class: "nowrap" }, letter(outcome), ` ${outcome}`), el("td", {}, link(run.id(i), code(run.id(i)))),
    el("td", {}, frame(verdict, verdict)), el("td", {}, deciding?.reason ? `${deciding.rule}: ${reasonText(run, deciding.reason)}` : ""));
}
