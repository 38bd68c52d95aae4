// The query language: `key=value` terms and id patterns, joined by spaces or commas; all must hold.
// `*` stands for any text inside one part, `**` for any number of parts. `!=` excludes. A rule's id as the key
// asks for what that rule says of a case: `C-45=deviates`.

function glob(pattern) {
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*+/g, "[^/]*");
  return new RegExp(`^${escaped}$`);
}

/** For each code of a column: does its value pass? Code 0 (none) never does. */
function passing(values, test) {
  const table = new Uint8Array(values.length + 1);
  values.forEach((value, code) => { table[code + 1] = test(value) ? 1 : 0; });
  return table;
}

function keepWhere(mask, codes, table) {
  for (let i = 0; i < mask.length; i++) mask[i] &= table[codes[i]];
}

/** Columns that a key looks at; a case passes when one of them does. */
function lookups(run, key, test) {
  const found = [];
  const add = (name, check) => {
    const column = run.columns.get(name);
    if (column) found.push([column.codes, passing(column.values, check)]);
  };
  const kinds = Object.entries(run.tables.axes);
  if (key === "case") add("part.0", test);
  else if (["outcome", "verdict", "blame", "proof"].includes(key)) add(key, test);
  else if (key === "modifier") add("modifiers", (list) => list.some(test));
  else if (key === "rule") add("judged", (list) => list.some((entry) => test(entry.rule)));
  else if (key === "reason") add("judged", (list) => list.some((entry) => test(entry.reason)));
  else if (run.facts.includes(key)) add(key, (value) => test(String(value)));
  else if (run.tables.rules[key]) add("judged", (list) => list.some((entry) => entry.rule === key && test(entry.verdict)));
  if (key === "library") {
    add("part.1", test);
    const column = run.columns.get("part.2");
    const kind = run.columns.get("part.0");
    if (column) {
      const table = passing(column.values, test);
      const exchange = kind.values.indexOf("exchange") + 1;
      found.push([column.codes.map((code, i) => (kind.codes[i] === exchange && table[code] ? 1 : 0)), Uint8Array.of(0, 1)]);
    }
    return found;
  }
  for (const [name, axes] of kinds) {
    const k = axes.indexOf(key);
    if (k < 0) continue;
    const column = run.columns.get(`part.${k + 1}`);
    const kind = run.columns.get("part.0");
    const wanted = kind.values.indexOf(name) + 1;
    if (!column || wanted === 0) continue;
    const table = passing(column.values, test);
    if (kind.values.length === 1) { found.push([column.codes, table]); continue; }
    const codes = new Uint8Array(run.size);
    for (let i = 0; i < run.size; i++) codes[i] = kind.codes[i] === wanted ? table[column.codes[i]] : 0;
    found.push([codes, Uint8Array.of(0, 1)]);
  }
  return found;
}

function keepKey(run, mask, key, pattern, negate) {
  const wanted = glob(pattern);
  const found = lookups(run, key, (value) => wanted.test(value));
  if (found.length === 0) return `no such key: ${key}`;
  for (let i = 0; i < mask.length; i++) {
    let pass = 0;
    for (const [codes, table] of found) pass |= table[codes[i]];
    mask[i] &= pass ^ negate;
  }
  return "";
}

/** `a/b/*` or `a/**`: parts in front count from the left, parts behind `**` from the right. */
function keepPattern(run, mask, pattern) {
  const [head, tail, ...more] = pattern.split(/\/?\*\*\/?/).map((side) => side.split("/").filter(Boolean));
  if (more.length) return keepByText(run, mask, pattern);
  if (head.length + (tail?.length ?? 0) > 9) { mask.fill(0); return ""; }
  const column = (k) => run.columns.get(`part.${k}`);
  head.forEach((text, k) => {
    const wanted = glob(text);
    if (column(k)) keepWhere(mask, column(k).codes, passing(column(k).values, (value) => wanted.test(value)));
    else mask.fill(0);
  });
  if (tail === undefined) {
    const next = column(head.length);
    if (next) for (let i = 0; i < mask.length; i++) mask[i] &= next.codes[i] === 0 ? 1 : 0;
    return "";
  }
  const kinds = column(0);
  const lengths = kinds.values.map((kind) => run.tables.axes[kind].length + 1);
  tail.forEach((text, fromRight) => {
    const wanted = glob(text);
    const tables = Array.from({ length: 9 }, (_, k) => column(k) && passing(column(k).values, (value) => wanted.test(value)));
    for (let i = 0; i < mask.length; i++) {
      const k = lengths[kinds.codes[i] - 1] - tail.length + fromRight;
      mask[i] &= k >= head.length && tables[k] ? tables[k][column(k).codes[i]] : 0;
    }
  });
  return "";
}

/** The slow way, for patterns with several `**`: over the text of each id. */
function keepByText(run, mask, pattern) {
  const sides = pattern.split("/").map((part) => (part === "**" ? "(?:[^/]+/)*" : `${glob(part).source.slice(1, -1)}/`));
  const wanted = new RegExp(`^${sides.join("")}$`);
  for (let i = 0; i < mask.length; i++) mask[i] &= wanted.test(`${run.id(i)}/`) ? 1 : 0;
  return "";
}

/** Cases that pass: a mask of 0 and 1, its count, and what was wrong with the query. */
function query(run, text) {
  const mask = new Uint8Array(run.size).fill(1);
  const errors = [];
  for (const term of text.split(/[\s,]+/).filter(Boolean)) {
    const [, key, sign, value] = /^([\w.-]+?)(!?=)(.+)$/.exec(term) ?? [];
    const error = key
      ? keepKey(run, mask, key, value, sign === "!=" ? 1 : 0)
      : term.includes("/") || term === "**"
        ? keepPattern(run, mask, term)
        : `a term is key=value or a pattern with /, not “${term}”`;
    if (error) errors.push(error);
  }
  let count = 0;
  for (let i = 0; i < mask.length; i++) count += mask[i];
  return { mask, count, errors };
}
