// Unpacks the run: a JSON text and, after it, the byte planes of dictionary-coded columns (report/pack.py).

class Run {
  constructor(tables, bytes, at) {
    this.tables = tables;
    this.size = tables.cases;
    this.columns = new Map();
    for (const column of tables.columns) {
      const codes = column.bytes === 1 ? bytes.subarray(at, at + this.size) : new Uint32Array(this.size);
      if (column.bytes > 1) {
        for (let plane = 0; plane < column.bytes; plane++) {
          const from = at + plane * this.size;
          for (let i = 0; i < this.size; i++) codes[i] += bytes[from + i] * 2 ** (8 * plane);
        }
      }
      at += column.bytes * this.size;
      this.columns.set(column.name, { codes, values: column.values });
    }
    // A rule that conforms is written as its id alone.
    const judged = this.columns.get("judged");
    if (judged) judged.values = judged.values.map((list) => list.map(asEntry));
    this.facts = Object.keys(tables.facts).filter((name) => this.columns.has(name));
  }

  /** Value of a case in a column, or undefined where it has none. */
  get(name, i) {
    const column = this.columns.get(name);
    return column ? column.values[column.codes[i] - 1] : undefined;
  }

  part(k, i) {
    return this.get(`part.${k}`, i);
  }

  id(i) {
    const parts = [];
    for (let k = 0; k < 9; k++) {
      const part = this.part(k, i);
      if (part === undefined) break;
      parts.push(part);
    }
    return parts.join("/");
  }

  /** Parts of the id by name, `case` (its kind) first. */
  axes(i) {
    const kind = this.part(0, i);
    const axes = { case: kind };
    this.tables.axes[kind].forEach((name, k) => { axes[name] = this.part(k + 1, i); });
    return axes;
  }

  judged(i) {
    return this.get("judged", i) ?? [];
  }

  modifiers(i) {
    return this.get("modifiers", i) ?? [];
  }

  /** Index of the case with this id, or -1. */
  find(id) {
    const parts = id.split("/");
    const wanted = [];
    for (let k = 0; k < 9; k++) {
      const column = this.columns.get(`part.${k}`);
      const code = k < parts.length ? (column?.values.indexOf(parts[k]) ?? -1) + 1 : 0;
      if (k < parts.length && code === 0) return -1;
      if (column) wanted.push([column.codes, code]);
    }
    return this.scan(wanted);
  }

  /** First case whose codes are all as wanted. */
  scan(wanted) {
    for (let i = 0; i < this.size; i++) {
      if (wanted.every(([codes, code]) => codes[i] === code)) return i;
    }
    return -1;
  }

  script(i) {
    const lines = this.tables.lines;
    const make = this.get("script.make", i);
    const rest = this.get("script.rest", i);
    if (rest === undefined) return "";
    const title = this.tables.script_title.replace("{id}", this.id(i));
    return [title, ...(make ?? []).map((n) => lines[n]), ...rest.map((n) => lines[n])].join("\n") + "\n";
  }
}

const asEntry = (entry) =>
  (typeof entry === "string" ? { rule: entry, verdict: "conforms", reason: "", blame: "none" } : { reason: "", blame: "none", ...entry });

async function unpack(text) {
  const packed = Uint8Array.from(atob(text.trim()), (character) => character.charCodeAt(0));
  const stream = new Response(packed).body.pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const tables = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  return new Run(tables, bytes, 4 + length);
}
