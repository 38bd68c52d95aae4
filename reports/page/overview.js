// The first view: who shares with whom, what deviates, and what the letters mean.

/** Counts of cases by a key: outcomes, and the worst verdict. */
function tally(run, keyOf, mask) {
  const groups = new Map();
  const outcome = run.columns.get("outcome");
  const verdict = run.columns.get("verdict");
  for (let i = 0; i < run.size; i++) {
    if (mask && !mask[i]) continue;
    const key = keyOf(i);
    if (key === undefined) continue;
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { total: 0, counts: {}, verdicts: {}, first: i }));
    group.total += 1;
    const name = outcome.values[outcome.codes[i] - 1];
    const judged = verdict.values[verdict.codes[i] - 1];
    group.counts[name] = (group.counts[name] ?? 0) + 1;
    group.verdicts[judged] = (group.verdicts[judged] ?? 0) + 1;
  }
  return groups;
}

const worst = (verdicts) => VERDICTS.find((verdict) => verdicts[verdict]) ?? "not-judged";

/** Joins the codes of several id parts into one number, for grouping without text. */
function keyOfParts(run, parts) {
  const columns = parts.map((k) => run.columns.get(`part.${k}`));
  const kind = run.columns.get("part.0");
  const exchange = kind.values.indexOf("exchange") + 1;
  return (i) => (kind.codes[i] === exchange ? columns.reduce((key, column) => key * 4096 + column.codes[i], 0) : undefined);
}

function summaryCell(group, href, label) {
  if (!group) return el("td", { class: "none" }, el("span", { class: "unseen" }, "no such way"));
  const verdict = worst(group.verdicts);
  return el("td", {}, el("a", { class: `cell frame v-${verdict}`, href: `#${href}`, "aria-label": `${label}: ${describeMix(group)}` },
    mix(group.counts, group.total),
    group.verdicts.deviates ? el("span", { class: "note" }, `${number(group.verdicts.deviates)} deviate`) : null));
}

const describeMix = (group) =>
  OUTCOMES.filter((outcome) => group.counts[outcome]).map((outcome) => `${group.counts[outcome]} ${outcome}`).join(", ");

/** Producer by consumer, for one route and request or for all. */
function matrix(run, state, change) {
  const { routes, requests, producers, consumers } = run.axisValues;
  const terms = [state.route && `route=${state.route}`, state.request && `request=${state.request}`].filter(Boolean);
  const mask = terms.length ? query(run, terms.join(" ")).mask : undefined;
  const groups = tally(run, keyOfParts(run, [1, 2]), mask);
  const codeOf = (k, value) => run.columns.get(`part.${k}`).values.indexOf(value) + 1;
  const rows = producers.map((producer) => el("tr", {}, el("th", { scope: "row" }, producer),
    consumers.map((consumer) => summaryCell(
      groups.get(codeOf(1, producer) * 4096 + codeOf(2, consumer)),
      pairHash({ producer, consumer, route: state.route, request: state.request }),
      `${producer} to ${consumer}`))));
  return [
    el("div", { class: "choices" },
      choice("Route", ["", ...routes], state.route, (route) => change({ ...state, route }), (value) => value || "all routes"),
      choice("Request", ["", ...requests], state.request, (request) => change({ ...state, request }), (value) => value || "all requests")),
    table("Cases by producer and consumer", [el("span", { class: "nowrap" }, "producer ↓ consumer →"), ...consumers], rows, { class: "matrix" }),
  ];
}

/** One row a route, one column a pair of libraries. */
function routesTable(run) {
  const { routes, producers, consumers } = run.axisValues;
  const part = (k) => run.columns.get(`part.${k}`);
  const groups = tally(run, keyOfParts(run, [1, 2, 3]));
  const key = (p, c, r) => ((part(1).values.indexOf(p) + 1) * 4096 + part(2).values.indexOf(c) + 1) * 4096 + part(3).values.indexOf(r) + 1;
  const ours = (pair) => pair.some((name) => run.tables.ours.includes(name));
  const pairs = producers.flatMap((p) => consumers.map((c) => [p, c])).sort((a, b) => ours(a) - ours(b)).filter(([p, c]) => routes.some((r) => groups.has(key(p, c, r))));
  const rows = routes.map((route) => el("tr", {}, el("th", { scope: "row" }, code(route)),
    pairs.map(([p, c]) => {
      const group = groups.get(key(p, c, route));
      if (!group) return el("td", { class: "none" });
      const top = OUTCOMES.filter((o) => group.counts[o]).sort((a, b) => group.counts[b] - group.counts[a]);
      return el("td", {}, el("a", {
        class: `cell small frame v-${worst(group.verdicts)}`, href: `#${pairHash({ producer: p, consumer: c, route })}`,
        title: describeMix(group), "aria-label": `${route}, ${p} to ${c}: ${describeMix(group)}`,
      }, el("span", { class: "mix" }, top.slice(0, 4).map(letter)), mix(group.counts, group.total)[1]));
    })));
  const heads = ["route", ...pairs.map(([p, c]) => el("span", { class: "pair" }, p, el("br"), `→ ${c}`))];
  return table("Outcomes by route and pair", heads, rows, { class: "matrix routes" });
}

/** Judged entries that deviate or are permitted, by rule, reason and blamed library. */
function findings(run, verdict, mask) {
  const groups = new Map();
  const judged = run.columns.get("judged");
  if (!judged) return [];
  const hits = judged.values.map((list) => list.filter((entry) => entry.verdict === verdict));
  for (let i = 0; i < run.size; i++) {
    if (mask && !mask[i]) continue;
    const entries = hits[judged.codes[i] - 1];
    if (!entries?.length) continue;
    for (const entry of entries) {
      const culprit = blamed(run, i, entry.blame);
      const key = `${entry.rule}\n${entry.reason}\n${culprit}\n${entry.blame}`;
      const group = groups.get(key);
      if (group) { group.count += 1; group.pairs.add(pairOf(run, i)); continue; }
      groups.set(key, { ...entry, culprit, count: 1, first: i, pairs: new Set([pairOf(run, i)]) });
    }
  }
  return [...groups.values()].sort((a, b) => b.count - a.count || a.rule.localeCompare(b.rule));
}

const pairOf = (run, i) => (run.part(0, i) === "exchange" ? `${run.part(1, i)} → ${run.part(2, i)}` : run.part(1, i));

/** The library (or route) that a blame names in this case. */
function blamed(run, i, blame) {
  const axes = run.axes(i);
  if (axes.case !== "exchange" && blame !== "none") return axes.library;
  return { producer: axes.producer, consumer: axes.consumer, library: axes.library, route: axes.route, pair: `${axes.producer} or ${axes.consumer}` }[blame] ?? "nobody";
}

function findingsTable(run, verdict, mask, scope = "") {
  const groups = findings(run, verdict, mask);
  if (!groups.length) return el("p", { class: "quiet" }, `No case is “${verdict}” here.`);
  const rows = groups.map((group) => el("tr", {},
    el("td", { class: "count" }, casesLink(`${scope} ${group.rule}=${verdict} reason=${group.reason}`.trim(), number(group.count))),
    el("td", { class: "nowrap" }, link(`rules/${group.rule}`, group.rule)),
    el("td", {}, frame(verdict, reasonText(run, group.reason)), el("div", { class: "quiet" }, ruleText(run, group.rule))),
    el("td", {}, group.culprit, group.blame === "none" ? "" : el("span", { class: "quiet" }, ` (${group.blame})`)),
    el("td", {}, [...group.pairs].sort().map((pair) => el("div", { class: "nowrap" }, pair))),
    el("td", {}, link(run.id(group.first), "first case"))));
  return table(`Cases that are ${verdict}`, ["cases", "rule", "what was seen", "blamed", "pairs", ""], rows, { class: "list" });
}

const ruleText = (run, id) => run.tables.rules[id]?.text ?? "";

/** A reason is a code of the catalogue, or `<ambiguity>:<reading>+<reading>`. */
function reasonText(run, reason) {
  const [ambiguity, readings] = reason.split(":");
  if (readings) return `allowed by reading ${readings.replaceAll("+", ", ")} of ${ambiguity}`;
  return run.tables.reasons[reason] ?? reason.replaceAll("-", " ");
}

/** One row a library, one column a group of rules: what its protocol cases answered. */
function protocolTable(run) {
  const kind = run.columns.get("part.0");
  const [library, rule] = [1, 2].map((k) => run.columns.get(`part.${k}`));
  const at = kind.values.indexOf("protocol") + 1;
  if (!at) return null;
  const groups = tally(run, (i) => (kind.codes[i] === at ? `${library.values[library.codes[i] - 1]} ${rule.values[rule.codes[i] - 1][0]}` : undefined));
  const libraries = [...new Set([...groups.keys()].map((key) => key.split(" ")[0]))].sort((a, b) => run.tables.ours.includes(a) - run.tables.ours.includes(b));
  const rows = libraries.map((name) => el("tr", {}, el("th", { scope: "row" }, name), Object.entries(GROUPS).map(([letter_, title]) => {
    const group = groups.get(`${name} ${letter_}`);
    if (!group) return el("td", { class: "none" });
    const verdicts = VERDICTS.filter((verdict) => group.verdicts[verdict]).map((verdict) => `${number(group.verdicts[verdict])} ${verdict}`);
    return el("td", {}, el("a", { class: `cell small frame v-${worst(group.verdicts)}`, href: `#cases/${encodeURIComponent(`case=protocol library=${name} rule=${letter_}-*`)}`, "aria-label": `${name}, ${title}: ${verdicts.join(", ")}` },
      verdicts.map((text) => el("div", { class: "nowrap" }, text))));
  })));
  return el("section", {}, el("h2", {}, "One library against the reference"),
    el("p", {}, "Protocol cases: what a library does with tensors, keywords and tables that are made for one rule."),
    table("Protocol cases by library and group of rules", ["", ...Object.entries(GROUPS).map(([letter_, title]) => `${letter_}: ${title}`)], rows, { class: "matrix" }));
}

function legend() {
  return el("section", { class: "legend", "aria-labelledby": "legend-title" }, el("h2", { id: "legend-title" }, "Letters and frames"),
    el("div", { class: "columns" },
      el("dl", {}, OUTCOMES.map((outcome) => el("div", {}, el("dt", {}, letter(outcome), ` ${outcome}`), el("dd", {}, OUTCOME_TEXT[outcome])))),
      el("dl", {}, VERDICTS.map((verdict) => el("div", {}, el("dt", {}, frame(verdict, verdict)), el("dd", {}, VERDICT_TEXT[verdict]))))),
    el("p", { class: "quiet" }, "A letter says what happened; its frame says whether the rules allow it. A group wears the frame of its worst case."));
}

/** What each route does when it is called without a keyword, pair by pair. */
function habitsTable(run) {
  const rows = run.tables.habits.map(([producer, consumer, habits]) => el("tr", {},
    el("th", { scope: "row", class: "nowrap" }, `${producer} → ${consumer}`),
    Object.values(habits).map((routes) => el("td", { class: routes.length ? undefined : "none" },
      routes.map((route) => el("div", { class: "nowrap" }, link(pairHash({ producer, consumer, route, request: "plain" }), code(route))))))));
  const heads = ["", ...Object.keys(run.tables.habits[0]?.[2] ?? {})];
  return table("Routes by what they do", heads, rows, { class: "list habits" });
}

function overview(run, state = { route: "", request: "" }) {
  const place = el("div", {});
  const change = (next) => place.replaceChildren(...matrix(run, next, change));
  if (run.axisValues.producers.length) change(state);
  const exchanges = run.axisValues.producers.length ? [
    el("section", {}, el("h2", {}, "When is memory shared?"), el("p", {}, "Cases by producer and consumer. Open a cell for every dtype and layout."), place),
    el("section", {}, el("h2", {}, "What a call without a keyword does"),
      el("p", {}, "Over all dtypes, layouts and sources that gave a result with elements. “Shares or copies” depends on them: open the route."), habitsTable(run)),
    el("section", {}, el("h2", {}, "Outcomes by route"), routesTable(run)),
  ] : [];
  return [
    exchanges,
    protocolTable(run),
    el("section", {}, el("h2", {}, "Deviations"), findingsTable(run, "deviates")),
    el("section", {}, el("h2", {}, "Permitted, though a text advises otherwise"), findingsTable(run, "permitted")),
    legend(),
  ].flat().filter(Boolean);
}
