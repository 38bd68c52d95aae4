// Picks the view by the hash: the hash of a case is its id.

function collectAxisValues(run) {
  const { mask } = query(run, "case=exchange");
  const [producers, consumers, routes, requests] = [1, 2, 3, 4].map((k) => (run.columns.has(`part.${k}`) ? valuesUnder(run, k, mask) : []));
  const ours = (name) => run.tables.ours.includes(name);
  const libraries = [...new Set([...producers, ...consumers])].sort((a, b) => ours(a) - ours(b));
  return { producers: libraries.filter((name) => producers.includes(name)), consumers: libraries.filter((name) => consumers.includes(name)), routes, requests };
}

function viewOf(run, hash) {
  const [page, ...rest] = hash.split("/");
  switch (page) {
    case "": case "overview": return ["Overview", overview(run)];
    case "cases": return ["Cases", casesPage(run, rest.join("/"))];
    case "pair": return ["Pair", pairPage(run, rest.join("/"))];
    case "claims": return ["Claims", claimsPage(run)];
    case "rules": return ["Rules", rulesPage(run, rest[0])];
    case "method": return ["Method", methodPage(run)];
    case "not-run": return ["Not run", notRunPage(run)];
    case "environment": return ["Environment", environmentPage(run)];
    default: return ["Case", casePage(run, hash)];
  }
}

function show(run) {
  const hash = decodeURI(location.hash.slice(1));
  const [title, nodes] = viewOf(run, hash);
  const first = hash === "" || hash === "overview";
  document.title = first ? run.tables.title : `${title === "Case" ? hash : title} · dlconform`;
  document.getElementById("verdict").hidden = !first;
  document.getElementById("view").replaceChildren(...nodes.flat(Infinity).filter((node) => node instanceof Node));
  for (const anchor of document.querySelectorAll(".top nav a")) {
    const current = anchor.getAttribute("href") === `#${hash.split("/")[0] || "overview"}`;
    if (current) anchor.setAttribute("aria-current", "page"); else anchor.removeAttribute("aria-current");
  }
  window.scrollTo(0, 0);
}

async function start() {
  const place = document.getElementById("view");
  try {
    const run = await unpack(document.getElementById("data").textContent);
    run.axisValues = collectAxisValues(run);
    window.addEventListener("hashchange", () => { show(run); document.getElementById("main").focus({ preventScroll: true }); });
    document.getElementById("skip").addEventListener("click", (event) => { event.preventDefault(); document.getElementById("main").focus(); });
    show(run);
    document.body.dataset.ready = "yes";
    performance.mark("ready");
    globalThis.dlconform = { run, query };
  } catch (error) {
    place.replaceChildren(el("p", { class: "banner", role: "alert" }, `The cases of this page cannot be unpacked: ${error}`));
    document.body.dataset.ready = "failed";
  }
}

start();
