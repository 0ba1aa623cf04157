"use strict";
// The text browser. Corpus text only ever becomes text nodes; the address (location.hash) is the whole state.
(() => {
  const about = JSON.parse(document.getElementById("about").textContent);
  const form = document.getElementById("filters");
  const list = document.getElementById("list");
  const FIELDS = ["part", "round", "class", "kind", "change", "from", "to", "q"];
  const SIZE = 25; // sentences a page
  const MARKS = ["✓", "↔", "≠", "∅", "+", ""]; // by kind, as about.kinds
  const LEFT = [0, 1, 2, 3], RIGHT = [0, 1, 2, 4, 5]; // kinds that the gold has, that the prediction has
  let sentences = null; // read when first needed
  let matches = [], page = 0, current = null, drawn = "";

  const all = () => sentences ??= [...document.querySelectorAll("script.chunk")].flatMap((e) => JSON.parse(e.textContent));

  function element(name, classes, text) {
    const made = document.createElement(name);
    if (classes) made.className = classes;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  const classes = (label) => `class${label % 7} line${label % 5}`;

  function option(select, value, text) {
    select.append(Object.assign(element("option", "", text), { value }));
  }

  // state and address

  const state = () => Object.fromEntries(FIELDS.map((name) => [name, form.elements[name].value]));

  function address(id) {
    const words = new URLSearchParams(Object.entries(state()).filter(([, value]) => value !== ""));
    if (id) words.set("s", id);
    return `#browse?${words}`;
  }

  function fromAddress() {
    if (!location.hash.startsWith("#browse?")) return false;
    const words = new URLSearchParams(location.hash.slice(8));
    for (const name of FIELDS) {
      const field = form.elements[name], value = words.get(name);
      field.value = value ?? field.dataset.usual;
      if (field.tagName === "SELECT" && field.selectedIndex < 0) field.value = field.dataset.usual; // no such choice
    }
    search(words.get("s"));
    return true;
  }

  // what is shown

  function suits(sentence, s) {
    const round = sentence.rounds[s.round];
    if (sentence.part !== s.part || !round) return false;
    const label = s.class === "" ? null : about.labels.indexOf(s.class);
    const has = (span) => span && (label === null || span[2] === label);
    const query = s.q.trim().toLowerCase();
    if (query && !sentence.id.toLowerCase().includes(query) && !sentence.text.includes(query)) return false;
    if (s.change === "lost") return round.lost.some(has);
    if (label === null && !s.kind && !s.change && s.from === "" && s.to === "") return true;
    const from = s.from === "" ? 0 : Number(s.from), to = s.to === "" ? 1 : Number(s.to);
    const limited = s.from !== "" || s.to !== "";
    return round.found.some(([kind, gold, predicted, confidence, fresh]) =>
      (has(gold) || has(predicted))
      && (!s.kind || (s.kind === "error" ? kind > 0 && kind < 5 : about.kinds[kind] === s.kind))
      && (!s.change || fresh === 1)
      && (!limited || (confidence !== null && confidence >= from && confidence <= to)));
  }

  function search(id) {
    for (const one of all()) one.text ??= one.tokens.join(" ").toLowerCase();
    const s = state();
    matches = all().filter((sentence) => suits(sentence, s));
    const place = Math.max(0, matches.findIndex((sentence) => sentence.id === id));
    current = id && matches.length ? place : null;
    page = Math.floor(place / SIZE);
    draw();
  }

  function words(side, sentence, spans) {
    // spans: [[start, end, class], kind, confidence]
    const row = element("p", "row"), line = element("span");
    row.append(element("span", "side", side), line);
    let at = 0;
    for (const [[start, end, label], kind, confidence] of spans.sort((a, b) => a[0][0] - b[0][0])) {
      if (start > at) line.append(sentence.tokens.slice(at, start).join(" ") + " ");
      const mark = element("span", `span ${classes(label)}${kind > 0 && kind < 5 ? " wrong" : ""}`);
      if (MARKS[kind]) mark.append(Object.assign(element("span", "mark", MARKS[kind]), { ariaHidden: "true" }));
      mark.append(sentence.tokens.slice(start, end).join(" "));
      const sure = confidence === null || confidence === undefined ? "" : ` ${confidence.toFixed(2)}`;
      mark.append(element("span", "label", about.labels[label] + sure));
      mark.append(element("span", "hidden", ` (${about.kinds[kind]})`));
      line.append(mark, end < sentence.tokens.length ? " " : "");
      at = end;
    }
    line.append(sentence.tokens.slice(at).join(" "));
    return row;
  }

  function item(sentence, place) {
    const s = state(), round = sentence.rounds[s.round], made = element("li");
    made.tabIndex = -1;
    made.dataset.place = place;
    const id = element("p", "id"), link = element("a", "", sentence.id);
    link.href = address(sentence.id);
    id.append(link);
    made.append(id);
    const sides = { gold: LEFT, predicted: RIGHT };
    if (sentence.gold) {
      made.append(words("gold", sentence, round.found.filter((f) => sides.gold.includes(f[0]) && f[1]).map((f) => [f[1], f[0]])));
    }
    const predicted = round.found.filter((f) => sides.predicted.includes(f[0]) && f[2]).map((f) => [f[2], f[0], f[3]]);
    made.append(words(s.part === "silver" ? "silver" : "predicted", sentence, predicted));
    const text = ([start, end, label]) => `${sentence.tokens.slice(start, end).join(" ")} (${about.labels[label]})`;
    const news = round.found.filter((f) => f[4]).map((f) => `new: ${text(f[2])}`);
    const told = [...news, ...round.lost.map((span) => `lost: ${text(span)}`)];
    if (told.length) made.append(element("p", "kinds", told.join("; ")));
    return made;
  }

  function draw() {
    const pages = Math.max(1, Math.ceil(matches.length / SIZE));
    page = Math.min(Math.max(page, 0), pages - 1);
    const shown = `${address()} ${page}`;
    if (shown !== drawn) list.replaceChildren(...matches.slice(page * SIZE, (page + 1) * SIZE).map((one, i) => item(one, page * SIZE + i)));
    drawn = shown;
    for (const one of list.children) {
      if (Number(one.dataset.place) === current) one.setAttribute("aria-current", "true");
      else one.removeAttribute("aria-current");
    }
    const whole = all().filter((one) => one.part === form.elements.part.value && one.rounds[form.elements.round.value]).length;
    document.getElementById("count").textContent = `${matches.length} of ${whole} sentences`;
    document.getElementById("page").textContent = `page ${page + 1} of ${pages}`;
    document.getElementById("before").disabled = page === 0;
    document.getElementById("behind").disabled = page >= pages - 1;
    const chosen = list.querySelector("[aria-current]");
    if (chosen) {
      chosen.focus({ preventScroll: true });
      chosen.scrollIntoView({ block: "nearest" });
    }
  }

  function go(step) {
    if (!matches.length) return;
    current = current === null ? page * SIZE : Math.min(Math.max(current + step, 0), matches.length - 1);
    page = Math.floor(current / SIZE);
    history.replaceState(null, "", address(matches[current].id));
    draw();
  }

  function turn(step) {
    page += step;
    current = null;
    draw();
    list.scrollIntoView({ block: "start" });
  }

  // wiring

  for (const label of [...about.labels].sort()) {
    option(form.elements.class, label, label);
    document.getElementById("legend").append(element("span", `span ${classes(about.labels.indexOf(label))}`, label));
  }
  for (const round of [...about.rounds].reverse()) option(form.elements.round, round, round);
  about.kinds.forEach((kind, number) => {
    if (about.has.includes(number)) option(form.elements.kind, kind, `${MARKS[number]} ${kind}`.trim());
  });
  for (const name of FIELDS) form.elements[name].dataset.usual = form.elements[name].value;
  for (const event of ["input", "change"]) form.addEventListener(event, () => { // some drivers of browsers send one of them only
    history.replaceState(null, "", address());
    search(null);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => {
    for (const name of FIELDS) form.elements[name].value = form.elements[name].dataset.usual;
    history.replaceState(null, "", address());
    search(null);
  }));
  document.getElementById("before").addEventListener("click", () => turn(-1));
  document.getElementById("behind").addEventListener("click", () => turn(1));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest("input, select, textarea");
    if (typing) {
      if (event.key === "Escape") {
        event.preventDefault(); // a search field would be emptied
        event.target.blur();
      }
      return;
    }
    const inside = document.getElementById("browser").contains(event.target) || current !== null;
    const step = { j: 1, k: -1, ...(inside ? { ArrowDown: 1, ArrowUp: -1 } : {}) }[event.key];
    if (step) go(step);
    else if (event.key === "/") form.elements.q.focus();
    else return;
    event.preventDefault();
  });
  addEventListener("hashchange", fromAddress);
  if (!fromAddress()) search(null);
})();
