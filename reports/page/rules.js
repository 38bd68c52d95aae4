// The rules: all of them, a page each, and how it is known that each check can fail.

const GROUPS = {
  H: "Header and ABI", T: "A valid tensor", P: "Producer", C: "Consumer", X: "C exchange API", S: "Streams", R: "Other routes",
};
const LEVEL_TEXT = {
  must: "must", derived: "must, derived from another text", should: "should", may: "may", silent: "no text decides",
};

/** How often each rule was judged, by verdict. */
function ruleCounts(run) {
  const counts = new Map();
  const judged = run.columns.get("judged");
  if (!judged) return counts;
  const sizes = new Uint32Array(judged.values.length + 1);
  for (let i = 0; i < run.size; i++) sizes[judged.codes[i]] += 1;
  judged.values.forEach((list, k) => {
    for (const { rule, verdict } of list) {
      if (!rule) continue;
      if (!counts.has(rule)) counts.set(rule, {});
      const row = counts.get(rule);
      row[verdict] = (row[verdict] ?? 0) + sizes[k + 1];
    }
  });
  return counts;
}

const verdictLinks = (id, row) => VERDICTS.filter((verdict) => row?.[verdict]).map((verdict) =>
  el("div", { class: "nowrap" }, casesLink(`${id}=${verdict}`, number(row[verdict])), " ", frame(verdict, verdict)));

/** Why a rule has no case in this run, or nothing where it has. */
function withoutCase(rule, row) {
  if (row) return "";
  return rule.untestable || (rule.judged_in.length ? "no case of this run" : "");
}

function rulesPage(run, chosen) {
  if (chosen) return rulePage(run, chosen);
  const counts = ruleCounts(run);
  const place = el("div", {});
  const draw = (text) => place.replaceChildren(...ruleGroups(run, counts, text.trim().toLowerCase()));
  const search = el("input", { type: "search", id: "rule-search", placeholder: "an id, a level, a word", oninput: (event) => draw(event.target.value) });
  draw("");
  return [
    el("h1", {}, "Rules"),
    el("p", {}, `${plural(Object.keys(run.tables.rules).length, "rule")}; ${number(counts.size)} were judged in this run. How it is known that a check can fail: `, link("method", "method"), "."),
    el("label", { class: "choice" }, el("span", {}, "Search"), search), place,
  ];
}

function ruleGroups(run, counts, wanted) {
  const matches = (id, rule) => wanted.split(/\s+/).every((word) =>
    [id, rule.level, rule.duty, rule.text, ...rule.source.map((one) => `${one.document} ${one.place}`)].join(" ").toLowerCase().includes(word));
  const sections = Object.entries(GROUPS).map(([group, title]) => {
    const rows = Object.entries(run.tables.rules).filter(([id, rule]) => id[0] === group && matches(id, rule)).map(([id, rule]) =>
      el("tr", {}, el("th", { scope: "row" }, link(`rules/${id}`, id)), el("td", {}, rule.text), el("td", {}, rule.level), el("td", {}, rule.duty),
        el("td", {}, counts.has(id) ? verdictLinks(id, counts.get(id)) : el("span", { class: "quiet" }, withoutCase(rule, undefined)))));
    return rows.length ? el("section", {}, el("h2", {}, `${group}: ${title}`),
      table(`Rules ${group}`, ["rule", "text", "level", "duty of", "cases"], rows, { class: "list" })) : null;
  }).filter(Boolean);
  return sections.length ? sections : [el("p", { class: "quiet" }, "No rule has these words.")];
}

function rulePage(run, id) {
  const rule = run.tables.rules[id];
  if (!rule) return [el("h1", {}, "No such rule"), el("p", {}, code(id), " is not in the catalogue.")];
  const row = ruleCounts(run).get(id);
  const ambiguity = run.tables.ambiguities[rule.ambiguity];
  const facts = [
    ["level", LEVEL_TEXT[rule.level] ?? rule.level], ["duty of", rule.duty], ["binds", rule.binds], ["since", rule.since], ["until", rule.until],
    ["judged in", rule.judged_in.map((kind) => `${kind} cases`).join(", ")],
  ].filter(([, value]) => value);
  return [
    el("p", { class: "crumbs" }, link("rules", "Rules")),
    el("h1", {}, `${id}: ${rule.text}`),
    el("dl", { class: "facts" }, facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
    el("section", {}, el("h2", {}, "Source"), el("ul", { class: "plain" }, rule.source.map((place) =>
      el("li", {}, `${place.document}, ${place.place}`, el("div", { class: "quiet" }, place.where))))),
    ambiguity ? ambiguitySection(run, id, rule, ambiguity) : null,
    el("section", {}, el("h2", {}, "Cases"), row ? verdictLinks(id, row) : el("p", { class: "quiet" }, withoutCase(rule, row) || "No case.")),
    row ? accusedSection(run, id) : null,
    proofSection(run, id, rule),
  ].filter(Boolean);
}

/** Cases of each library whose entry for this rule deviates or is permitted. */
function accusedSection(run, id) {
  const rows = ["deviates", "permitted"].flatMap((verdict) => findings(run, verdict).filter((group) => group.rule === id).map((group) =>
    el("tr", {}, el("td", {}, group.culprit), el("td", {}, frame(verdict, verdict)), el("td", {}, reasonText(run, group.reason)),
      el("td", { class: "count" }, casesLink(`${id}=${verdict} reason=${group.reason}`, number(group.count))), el("td", {}, link(run.id(group.first), "first case")))));
  return el("section", {}, el("h2", {}, "Who does otherwise"), rows.length
    ? table("Who does otherwise", ["library", "verdict", "what was seen", "cases", ""], rows, { class: "list" })
    : el("p", { class: "quiet" }, "Nobody in this run."));
}

/** The open question behind a rule: its readings, and which of them the cases of this run followed. */
function ambiguitySection(run, id, rule, ambiguity) {
  const chosen = findings(run, "permitted").filter((group) => group.rule === id && group.reason.startsWith(`${ambiguity.id}:`));
  return el("section", {}, el("h2", {}, `An open question of the texts (${ambiguity.id})`), el("p", {}, `${ambiguity.question}. ${ambiguity.texts}`),
    el("ul", {}, [...rule.readings, ...(ambiguity.readings ?? [])].map((reading) => el("li", {}, `${reading.id}: ${reading.text}`))),
    chosen.length ? el("p", {}, "Seen in this run: ", chosen.map((group) => `${group.culprit} by ${group.reason.split(":")[1].replaceAll("+", ", ")} (${number(group.count)})`).join("; "), ".") : null);
}

function proofSection(run, id, rule) {
  const proof = run.tables.proof;
  const faults = proof?.faults_by_rule?.[id] ?? [];
  const why = proof?.unplanted?.[id];
  if (!rule.judged_in.length) return null;
  return el("section", {}, el("h2", {}, "Can this check fail?"), faults.length
    ? el("ul", {}, faults.map((fault) => el("li", {}, code(fault.name), ` ${fault.text}: `, el("strong", {}, fault.caught ? "caught" : "missed"))))
    : el("p", { class: "quiet" }, why ? `No fault is planted: ${why}` : "No fault is planted for it."));
}

function methodPage(run) {
  const proof = run.tables.proof;
  const row = (name, value, text) => el("tr", {}, el("th", { scope: "row" }, name), el("td", { class: "count" }, number(value)), el("td", {}, text));
  return [
    el("h1", {}, "Method"),
    el("p", {}, "Libraries are asked for arrays, the arrays are handed over, and both sides are looked at: by their own API, by a reference consumer, and by writes on each side. What was seen are facts; a judge that knows nothing else compares them with the rules."),
    el("p", {}, "A check that cannot fail proves nothing. For each rule that must be followed a producer or consumer that breaks it was planted, with a twin that is the same without the defect; and the judgement itself was changed in every way it can be, rule by rule."),
    proof ? table("Proof", ["", "count", "what it says"], [
      row("rules", proof.rules, "in the catalogue"),
      row("with cases", proof.with_cases, "have a case on a CPU"),
      row("musts with cases", proof.musts_with_cases, "of these bind as must or follow from one"),
      row("musts proven", proof.musts_proven, "of these have a planted fault that was caught by the rule"),
      row("faults planted", proof.faults_planted, "producers, consumers and routes that are wrong on purpose"),
      row("faults caught", proof.faults_caught, "by the rule that they prove"),
      row("twins tripping", proof.twins_tripping, "harmless twins that any rule accused"),
      row("mutants", proof.mutants, "changes of the judgement, complete and not sampled"),
      row("mutants killed", proof.mutants_killed, "changed an answer, and were noticed by it"),
    ], { class: "list" }) : el("p", { class: "quiet" }, "This installation has no proof file: it is written where the faults are built."),
    proof ? el("p", { class: "quiet" }, "The same by ", code("dlconform rules --proof"), ".") : null,
  ].filter(Boolean);
}
