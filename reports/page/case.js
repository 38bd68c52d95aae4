// One case: what was asked, what was seen on both sides, what each rule says, and a script that shows it.

const SIDES = [
  ["source", "Source", "its library's own API"],
  ["export", "Export", "read by the reference"],
  ["result", "Result", "its library's own API"],
  ["result_read", "Result, exported again", "read by the reference"],
];

function shown(name, value) {
  if (value === undefined) return el("span", { class: "quiet" }, "not collected");
  if (value === "") return "none";
  if (value === true) return "yes";
  if (value === false) return "no";
  if (name.endsWith("flags")) return `${value}${flagNames(value)}`;
  if (Array.isArray(value)) {
    if (!value.length && !/shape|strides/.test(name)) return "none";
    if (value.every((item) => typeof item === "number")) return `(${value.join(", ")}${value.length === 1 ? "," : ""})`;
    return value.length ? el("ul", { class: "plain" }, value.map((item) => el("li", {}, code(item)))) : "none";
  }
  return String(value);
}

function flagNames(flags) {
  const names = ["read-only", "copied", "sub-byte padded"].filter((_, bit) => Math.floor(flags / 2 ** bit) % 2);
  return names.length ? ` (${names.join(", ")})` : "";
}

/** Facts that two or more sides have, side by side; a cell that differs from the source is marked. */
function sidesTable(run, i) {
  const names = [...new Set(SIDES.flatMap(([group]) => run.facts.filter((name) => name.startsWith(`${group}.`)).map((name) => name.slice(group.length + 1))))]
    .sort((a, b) => run.tables.fact_order.indexOf(a) - run.tables.fact_order.indexOf(b));
  const rows = [];
  const sides = SIDES.filter(([group]) => names.some((name) => run.get(`${group}.${name}`, i) !== undefined));
  for (const name of names) {
    const values = sides.map(([group]) => run.get(`${group}.${name}`, i));
    if (values.every((value) => value === undefined)) continue;
    const first = JSON.stringify(values[0]);
    const comparable = !["strides", "error", "message"].includes(name);
    rows.push(el("tr", {}, el("th", { scope: "row" }, name.replaceAll("_", " ")), values.map((value, k) => {
      // The reference gives dtype and device as DLPack's numbers, a library by name: only like is compared with like.
      const alike = value !== undefined && typeof value === typeof values[0] && Array.isArray(value) === Array.isArray(values[0]);
      const differs = comparable && k > 0 && alike && JSON.stringify(value) !== first;
      return el("td", { class: differs ? "differs" : value === undefined ? "none" : undefined },
        differs ? el("span", { title: "differs from the source" }, "≠ ") : null,
        value === undefined ? "" : el("span", { title: run.tables.facts[`${sides[k][0]}.${name}`] }, shown(name, value)));
    })));
  }
  if (!rows.length) return null;
  const heads = ["", ...sides.map(([, title, by]) => [title, el("div", { class: "quiet" }, by)])];
  return el("section", {}, el("h2", {}, "Both sides"), table("Facts of both sides", heads, rows, { class: "facts" }));
}

const GROUP_TITLES = {
  route: "The call", calls: "Calls that the reference saw", memory: "The source's memory afterwards", proof: "Proof of sharing",
  end: "Release", capsule: "The capsule", life: "Life of the export", accepts: "Forms of the call", abi: "Binary interface",
  table: "The exchange table", buffer: "The buffer", crash: "How it ended", answer: "Answer", suite: "Fault of the suite",
};

function groupList(run, i, group) {
  const names = run.facts.filter((name) => name.startsWith(`${group}.`) && run.get(name, i) !== undefined);
  if (!names.length) return null;
  return el("section", { class: "group" }, el("h3", {}, GROUP_TITLES[group]),
    el("dl", { class: "facts" }, names.map((name) => el("div", {},
      el("dt", { title: run.tables.facts[name] }, name.slice(group.length + 1).replaceAll("_", " ")),
      el("dd", {}, shown(name, run.get(name, i)))))));
}

const AXIS_TABLES = { dtype: "dtypes", layout: "layouts", source: "sources", device: "devices", request: "requests" };

function axesList(run, axes) {
  return el("dl", { class: "facts" }, Object.entries(axes).filter(([key]) => key !== "case").map(([key, value]) => {
    const text = run.tables[AXIS_TABLES[key]]?.[value];
    const versions = ["producer", "consumer", "library"].includes(key) ? versionText(run, value) : "";
    return el("div", {}, el("dt", {}, key), el("dd", {}, code(value), text || versions ? el("span", { class: "quiet" }, ` ${text ?? versions}`) : null));
  }));
}

const versionText = (run, library) => Object.entries(run.tables.versions[library] ?? {}).map(([name, version]) => `${name} ${version}`).join(", ");

/** What happened, as a sentence. */
function story(run, i, axes) {
  const outcome = run.get("outcome", i);
  const fact = (name) => run.get(name, i);
  if (axes.case === "protocol") return protocolStory(run, i, axes, outcome);
  if (axes.case === "usage") return `${axes.library}, ${axes.topic}: ${axes.variant}.`;
  const way = `${axes.producer} gave an array of ${axes.dtype} (${axes.layout}, ${axes.source}) to ${axes.consumer} by “${axes.route}”${axes.request === "plain" ? "" : ` with ${axes.request}`}.`;
  const proof = run.get("proof", i);
  const ends = {
    shared: `Both sides see the same memory${proof ? `, shown by ${proof.replaceAll("+", " and ")}` : ""}.`,
    copied: "The result has memory of its own.",
    refused: `The call raised ${fact("route.error") ?? "an exception"}: ${fact("route.message") ?? ""}`,
    corrupted: `The result is not what was asked for${fact("result.wrong") ? `: ${fact("result.wrong")}` : ""}.`,
    empty: "It returned; there are no elements to share.",
    crashed: `The process ended with ${fact("crash.signal") ?? `status ${fact("crash.status")}`} in step “${fact("crash.step")}”${fact("crash.confirmed") === false ? ", which a second run did not confirm" : ""}.${fact("crash.message") ? ` Its last words: ${fact("crash.message")}` : ""}`,
    hung: `The call did not come back in step “${fact("crash.step")}”.`,
    "not-run": `It did not run: ${fact("route.absent") ?? reasonText(run, run.judged(i)[0]?.reason ?? "")}.`,
  };
  return `${way} ${ends[outcome] ?? ""}`;
}

/** Of a protocol case: what it is about, and how the call that was tried ended. */
function protocolStory(run, i, axes, outcome) {
  const fact = (name) => run.get(name, i);
  const input = fact("input") === "malformed" ? " What is handed over breaks the header's rules, so that the answer is recorded and not judged." : "";
  const lost = outcome === "crashed" || outcome === "hung";
  const how = lost ? ` The process ${outcome === "hung" ? "stood still" : `ended with ${fact("crash.signal") ?? `status ${fact("crash.status")}`}`} in step “${fact("crash.step")}”.`
    : fact("route.error") ? ` The call raised ${fact("route.error")}: ${fact("route.message") ?? ""}` : fact("route.returned") ? " The call returned." : "";
  const text = run.tables.probes[`${axes.rule}/${axes.variant}`] ?? axes.variant.replaceAll("-", " ");
  return `${axes.library} against the reference: ${text}.${input}${how}`;
}

/** What each rule says; those that are followed stay folded, unless one of them decides. */
function judgedTable(run, i) {
  const entries = run.judged(i).filter((entry) => entry.rule);
  if (!entries.length) return el("section", {}, el("h2", {}, "Rules"), el("p", { class: "quiet" }, "No rule was judged in this case."));
  const open = entries.filter((entry, k) => k === 0 || entry.verdict !== "conforms");
  const followed = entries.filter((entry) => !open.includes(entry));
  return el("section", {}, el("h2", {}, "Rules"), entryTable(run, i, open, "Rules that say more than yes"),
    followed.length ? el("details", {}, el("summary", {}, `${plural(followed.length, "more rule")} followed: ${followed.map((entry) => entry.rule).join(", ")}`),
      entryTable(run, i, followed, "Rules followed")) : null);
}

function entryTable(run, i, entries, caption) {
  const rows = entries.map((entry) => {
    const rule = run.tables.rules[entry.rule] ?? {};
    return el("tr", {}, el("td", {}, link(`rules/${entry.rule}`, entry.rule), entry === run.judged(i)[0] ? el("div", { class: "quiet" }, "decides") : null),
      el("td", {}, frame(entry.verdict, entry.verdict)),
      el("td", {}, rule.text ?? "", entry.reason ? el("div", {}, el("strong", {}, reasonText(run, entry.reason))) : null, readings(run, entry)),
      el("td", { class: "nowrap" }, rule.level ?? ""), el("td", {}, sourceText(rule)),
      el("td", {}, entry.blame === "none" ? "" : [blamed(run, i, entry.blame), el("span", { class: "quiet" }, ` (${entry.blame})`)]));
  });
  return table(caption, ["rule", "verdict", "what it asks", "level", "source", "blamed"], rows, { class: "list" });
}

const sourceText = (rule) => (rule.source ?? []).map((place) => el("div", { title: place.where }, `${place.document}, ${place.place}`));

/** The readings of an ambiguous text, those that allow this case marked. */
function readings(run, entry) {
  const rule = run.tables.rules[entry.rule];
  const ambiguity = run.tables.ambiguities[rule?.ambiguity];
  if (!ambiguity) return null;
  const allowed = entry.reason.includes(":") ? entry.reason.split(":")[1].split("+") : entry.verdict === "conforms" ? null : [];
  return el("details", {}, el("summary", {}, `An open question of the texts (${ambiguity.id})`), el("p", {}, `${ambiguity.question}. ${ambiguity.texts}`),
    el("ul", {}, rule.readings.map((reading) =>
      el("li", {}, `${allowed === null || allowed.includes(reading.id) ? "✓ allows this" : "✗ does not"}: ${reading.text}`))));
}

function scriptSection(run, i) {
  const command = el("pre", {}, `dlconform repro '${run.id(i)}'`);
  const text = run.script(i);
  const script = el("pre", { class: "script", tabindex: "0" }, text);
  return el("section", {}, el("h2", {}, "Reproducer"),
    text ? [el("p", {}, "Exits 1 when it sees the deviation, 0 when not."), el("div", { class: "copyable" }, copyButton(script), script)]
      : el("p", { class: "quiet" }, "This case has no short script."),
    el("div", { class: "copyable" }, copyButton(command), command));
}

function casePage(run, id) {
  const i = run.find(id);
  if (i < 0) return [el("h1", {}, "No such case"), el("p", {}, code(id), " is not in this run.")];
  const axes = run.axes(i);
  const [outcome, verdict, blame] = [run.get("outcome", i), run.get("verdict", i), run.get("blame", i)];
  const modifiers = run.modifiers(i);
  return [
    el("p", { class: "crumbs" }, axes.case === "exchange" ? link(pairHash(axes), `${axes.producer} → ${axes.consumer}`) : casesLink(`case=${axes.case} library=${axes.library}`, `${axes.case} cases of ${axes.library}`)),
    el("h1", { class: "case-id" }, code(id)),
    el("p", { class: "outcome" }, el("span", { class: `box big o-${outcome} v-${verdict}`, "aria-hidden": "true" }, LETTERS[outcome]),
      el("span", {}, el("strong", {}, outcome), modifiers.length ? `, ${modifiers.join(", ")}` : "", " · ", frame(verdict, verdict),
        blame && blame !== "none" ? ` · blamed: ${blamed(run, i, blame)} (${blame})` : "")),
    el("p", { class: "story" }, story(run, i, axes)),
    el("section", {}, el("h2", {}, "What was asked"), axesList(run, axes), axes.case === "exchange" ? promiseText(run, axes) : null),
    judgedTable(run, i),
    usageCode(run, axes),
    sidesTable(run, i),
    el("div", { class: "groups" }, Object.keys(GROUP_TITLES).map((group) => groupList(run, i, group))),
    run.tables.partial ? el("p", { class: "quiet" }, run.tables.partial) : null,
    scriptSection(run, i),
  ].filter(Boolean);
}

function usageCode(run, axes) {
  const text = run.tables.usage[[axes.library, axes.topic, axes.variant].join("/")];
  return text ? el("section", {}, el("h2", {}, "As a user writes it"), el("pre", {}, text)) : null;
}
