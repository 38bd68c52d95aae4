// Claims, what did not run, and the environment.

const CLAIM_TEXT = { true: "true", false: "false", mixed: "mixed", "not-shown": "not shown" };

function claimsPage(run) {
  return [
    el("h1", {}, "Claims"),
    el("p", {}, "Sentences that users believe, and what the cases of this run show."),
    run.tables.claims.map((claim) => el("section", { class: `claim c-${claim.shown}`, id: claim.id },
      el("h2", {}, el("span", { class: "tag" }, CLAIM_TEXT[claim.shown] ?? claim.shown), " ", claim.text),
      claim.note ? el("p", {}, claim.note) : null,
      claim.lines.map((line) => claimLine(run, line)))),
  ].flat();
}

/** One kind of case behind a claim: what it would show, how often it did, and the code where it is a usage. */
function claimLine(run, line) {
  const { count, mask } = query(run, line.pattern);
  const first = (id, text) => (id ? [" ", link(id, text)] : null);
  const part = (cases, text, id) => (cases ? el("li", {}, el("strong", {}, number(cases)), ` ${text}`, first(id, "first case")) : null);
  return el("div", { class: "claim-line" },
    el("p", {}, line.text, ". ", count ? casesLink(line.pattern, plural(count, "case")) : el("span", { class: "quiet" }, "No case in this run.")),
    el("ul", {}, part(line.yes, "show it", line.first_yes), part(line.no, "show the opposite", line.first_no), part(line.open, "say nothing about it")),
    usageTexts(run, line.pattern, mask).map((text) => el("pre", {}, text)));
}

/** Code of the usage cases that pass; a few, each once. */
function usageTexts(run, pattern, mask) {
  const texts = new Set();
  if (!pattern.startsWith("usage/")) return [];
  for (let i = 0; i < run.size && texts.size < 6; i++) {
    if (mask[i]) texts.add(run.tables.usage[run.id(i).slice("usage/".length)]);
  }
  return [...texts].filter(Boolean);
}

function notRunPage(run) {
  const groups = new Map();
  const { mask } = query(run, "outcome=not-run");
  for (let i = 0; i < run.size; i++) {
    if (!mask[i]) continue;
    const why = run.get("route.absent", i) ?? reasonText(run, run.judged(i)[0]?.reason || "no reason given");
    const key = [run.get("verdict", i), why].join("\n");
    const group = groups.get(key) ?? { verdict: run.get("verdict", i), why, count: 0, first: i, pairs: new Set() };
    group.count += 1;
    group.pairs.add(pairOf(run, i));
    groups.set(key, group);
  }
  const rows = [...groups.values()].sort((a, b) => b.count - a.count).map((group) => el("tr", {},
    el("td", { class: "count" }, number(group.count)), el("td", {}, frame(group.verdict, group.verdict)), el("td", {}, group.why),
    el("td", {}, [...group.pairs].join(", ")), el("td", {}, link(run.id(group.first), "first case"))));
  const missing = Object.entries(run.tables.missing);
  const excluded = Object.entries(run.tables.excluded).sort((a, b) => b[1] - a[1]);
  return [
    el("h1", {}, "Not run"),
    el("section", {}, el("h2", {}, "Planned, and not run"), rows.length ? table("Cases that did not run", ["cases", "verdict", "why", "where", ""], rows, { class: "list" }) : el("p", { class: "quiet" }, "Every planned case ran.")),
    missing.length ? el("section", {}, el("h2", {}, "Libraries that are not there"), el("dl", { class: "facts" }, missing.map(([name, why]) => el("div", {}, el("dt", {}, name), el("dd", {}, why))))) : null,
    el("section", {}, el("h2", {}, "Excluded from the plan"), el("p", {}, "Combinations that a library cannot make, by the reason that its file gives."),
      excluded.length ? table("Excluded combinations", ["combinations", "why"], excluded.map(([why, count]) => el("tr", {}, el("td", { class: "count" }, number(count)), el("td", {}, why))), { class: "list" }) : el("p", { class: "quiet" }, "Nothing was excluded.")),
  ];
}

function environmentPage(run) {
  return [
    el("h1", {}, "Environment"),
    el("dl", { class: "facts" }, run.tables.environment.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, Array.isArray(value) ? el("ul", { class: "plain" }, value.map((item) => el("li", {}, item))) : value)))),
    legend(),
  ];
}
