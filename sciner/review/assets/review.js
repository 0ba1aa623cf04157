// The page of a review. Corpus text only ever becomes text nodes. The server has the last word on what is saved.
import { saver } from "./saving.js";
import { colours, element, isChanged, notes, overlaps, same, sentence, sure, surface, worded } from "./sentence.js";

const IDLE = 60; // seconds without a key or a click after which a person's time is not counted
const byId = (id) => document.getElementById(id);
const form = byId("filters"), text = byId("text"), help = byId("help");
const past = []; // for undo: a sentence, and how it was labelled
let about = null, items = [], item = null; // all sentences, and the one that is shown
let chosen = null; // [first token, after the last]: a span or other words
let anchor = null, last = null; // where dragging began; when the last action was

const chosenSpan = () => chosen && item.spans.find((s) => s[0] === chosen[0] && s[1] === chosen[1]);
const unitAt = (i) => item.spans.find((s) => s[0] <= i && i < s[1])?.slice(0, 2) ?? [i, i + 1];

// which sentences are shown

function suits(one) {
  const f = form.elements, label = f.class.value, to = f.to.value;
  if (f.state.value && one.done !== (f.state.value === "done")) return false;
  if (f.suspects.checked && !one.suspects.length) return false;
  if (!label && to === "") return true;
  return [...one.spans, ...one.proposed].some((span) => (!label || span[2] === label) && (to === "" || sure(one, span) <= Number(to)));
}

// the nearest sentence in a direction that fits; from the other end of the list for what is open
function find(step, fits, around) {
  const from = items.indexOf(item), count = items.length;
  for (let n = 1; n <= count; n++) {
    const at = from + step * n;
    if (!around && (at < 0 || at >= count)) return null;
    const one = items[(at + 2 * count) % count];
    if (fits(one)) return one;
  }
  return null;
}

function show(one) {
  item = one;
  chosen = doubtful()?.slice(0, 2) ?? null;
  draw();
}

// the span to look at first
function doubtful() {
  const suspected = item.spans.find((span) => item.suspects.some(({ given }) => given && same(given, span)));
  const known = item.spans.map((span) => [sure(item, span) ?? 2, span]).sort((a, b) => a[0] - b[0]);
  return suspected ?? known[0]?.[1];
}

// drawing

function drawText() {
  const inside = text.contains(document.activeElement) || document.activeElement === document.body;
  text.replaceChildren(...sentence(item, chosen, about.labels));
  const span = chosenSpan();
  if (inside) (span ? text.querySelector(`mark[data-start="${span[0]}"]`) : text).focus({ preventScroll: true });
}

function draw() {
  const shown = items.filter(suits), done = items.filter((one) => one.done).length, at = shown.indexOf(item);
  byId("count").textContent = `${done} of ${items.length} done`;
  byId("progress").querySelector("progress").value = done;
  document.title = `${done}/${items.length} ${about.title}`;
  const number = at < 0 ? `not among the ${shown.length} that fit` : `${at + 1} of ${shown.length}`;
  const state = item.done ? "done" : isChanged(item) ? "changed, not yet done" : "open";
  byId("place").replaceChildren(`Sentence ${number}: `, element("span", "state", state), ` · ${item.id}`);
  drawText();
  byId("notes").replaceChildren(...notes(item));
  byId("suggest").hidden = !item.suggested;
  const span = chosenSpan();
  for (const button of byId("classes").children) button.setAttribute("aria-pressed", String(button.dataset.label === span?.[2]));
  tell(span ? `Selected: ${worded(item, span)}` : chosen ? `Selected: ${surface(item, chosen)}. Press a class to label it.` : "");
}

const tell = (words) => { byId("chosen").textContent = words; };

function warn(words) {
  byId("warning").textContent = words;
  byId("warning").hidden = !words;
}

// what a person does

function choose(range) {
  chosen = range;
  draw();
}

function change(spans, range) {
  past.push({ item, spans: item.spans, done: item.done });
  Object.assign(item, { spans: [...spans].sort((a, b) => a[0] - b[0]), done: false });
  chosen = range;
  saving.save(item);
  draw();
}

function classify(label) {
  if (!chosen) return tell("Select a span or words first.");
  if (chosenSpan()?.[2] === label) return draw();
  change([...item.spans.filter((s) => !overlaps(s, chosen)), [...chosen, label]], chosen);
}

function reject() {
  const span = chosenSpan();
  if (!span) return tell("Select a span first.");
  const rest = item.spans.filter((s) => s !== span), next = rest.find((s) => s[0] >= span[1]) ?? rest[0];
  change(rest, next?.slice(0, 2) ?? null);
}

function border(side, step) {
  if (!chosen) return tell("Select a span or words first.");
  const moved = [...chosen], span = chosenSpan();
  moved[side] += step;
  if (moved[0] < 0 || moved[1] > item.tokens.length || moved[0] >= moved[1]) return;
  if (!span) return choose(moved);
  const others = item.spans.filter((s) => s !== span);
  if (others.some((s) => overlaps(s, moved))) return tell("Another span is there: reject it first.");
  change([...others, [...moved, span[2]]], moved);
}

function word(step) {
  const i = !chosen ? (step > 0 ? 0 : item.tokens.length - 1) : step > 0 ? chosen[1] : chosen[0] - 1;
  if (i >= 0 && i < item.tokens.length) choose(unitAt(i));
}

function spanAfter(step) {
  const spans = step > 0 ? item.spans : [...item.spans].reverse();
  const beyond = spans.find((s) => !chosen || (step > 0 ? s[0] >= chosen[1] : s[1] <= chosen[0]));
  const span = beyond ?? spans[0];
  if (span) choose(span.slice(0, 2));
}

function suggest() {
  if (item.suggested) change(item.suggested, null);
}

function confirm() {
  past.push({ item, spans: item.spans, done: item.done });
  item.done = true;
  saving.save(item);
  const next = find(1, (one) => suits(one) && !one.done, true);
  if (next) return show(next);
  draw();
  const left = items.some((one) => !one.done);
  tell(left ? "No open sentence fits the filters." : "All sentences are done. See below what to type next.");
}

function undo() {
  const before = past.pop();
  if (!before) return tell("There is nothing to undo.");
  Object.assign(before.item, { spans: before.spans, done: before.done });
  saving.save(before.item);
  show(before.item);
  tell("Undone.");
}

function go(step) {
  const next = find(step, suits, false);
  if (next) show(next);
  else tell(step > 0 ? "This is the last sentence." : "This is the first sentence.");
}

// the time between two actions belongs to the sentence that is shown
function spend() {
  const now = performance.now() / 1000;
  if (item && last !== null) item.seconds += Math.min(now - last, IDLE);
  last = document.hidden ? null : now;
}

// saving

const saving = saver({
  file: () => about.file,
  begun: () => { byId("saved").textContent = "saving …"; },
  saved: () => {
    byId("saved").textContent = `saved ${new Date().toLocaleTimeString()}`;
    if (byId("warning").textContent.startsWith("Not saved")) warn("");
  },
  failed: (why) => {
    byId("saved").textContent = "not saved";
    warn(`Not saved: ${why}`);
  },
  replaced: (id, state) => {
    replace(id, state);
    warn(`Another tab has changed ${id} in the meantime. This is what it saved.`);
  },
  heard: replace,
  others: (open) => warn(open ? "This review is open in another tab too. What is saved there also appears here." : ""),
});

function replace(id, state) {
  const one = items.find((other) => other.id === id);
  if (!one) return;
  Object.assign(one, state);
  for (let n = past.length - 1; n >= 0; n--) if (past[n].item === one) past.splice(n, 1);
  if (one === item) show(one);
  else draw();
}

// keys and clicks

const ACTIONS = {
  Enter: confirm, n: () => spanAfter(1), p: () => spanAfter(-1), ArrowRight: () => word(1), ArrowLeft: () => word(-1),
  q: () => border(0, -1), w: () => border(0, 1), e: () => border(1, -1), r: () => border(1, 1),
  x: reject, Delete: reject, Backspace: reject, s: suggest, u: undo, j: () => go(1), k: () => go(-1), ArrowDown: () => go(1), ArrowUp: () => go(-1),
  c: () => byId("classes").firstElementChild?.focus(), "/": () => form.elements.state.focus(), "?": () => help.showModal(), Escape: () => choose(null),
};

function actionOf(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey || event.altKey) return key === "z" && !event.altKey ? undo : null;
  if (event.shiftKey && key.startsWith("Arrow")) return { ArrowLeft: ACTIONS.e, ArrowRight: ACTIONS.r }[key];
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1] ?? /^\d$/.exec(key)?.[0];
  const label = digit && key !== "?" && key !== "/" ? about.labels.slice(0, 10)[(Number(digit) + 9) % 10] : null;
  return label ? () => classify(label) : ACTIONS[key];
}

document.addEventListener("keydown", (event) => {
  if (!item) return;
  spend();
  if (help.open) {
    if (event.key !== "?") return;
    help.close();
    return event.preventDefault();
  }
  if (event.target.closest("input, select")) {
    if (event.key === "Escape") text.focus();
    return;
  }
  if (event.target.closest("button") && ["Enter", " "].includes(event.key)) return; // it is pressed
  const action = actionOf(event);
  if (!action) return;
  event.preventDefault();
  action();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-key], button[data-label]");
  if (!button || !item) return;
  spend();
  if (button.dataset.label) classify(button.dataset.label);
  else ACTIONS[button.dataset.key]();
  if (event.detail && !help.open) text.focus({ preventScroll: true }); // of a mouse: keys go on with the sentence
});

const tokenOf = (event) => { const token = event.target.closest(".token"); return token ? Number(token.dataset.i) : null; };

function point(i, extend) {
  spend();
  text.focus({ preventScroll: true });
  if (extend && chosen) return choose([Math.min(chosen[0], i), Math.max(chosen[1], i + 1)]);
  choose(unitAt(i));
}

text.addEventListener("pointerdown", (event) => {
  const i = tokenOf(event);
  if (i === null || event.pointerType !== "mouse" || event.button) return;
  anchor = i;
  point(i, event.shiftKey);
});
text.addEventListener("pointermove", (event) => {
  const i = tokenOf(event);
  if (anchor === null || !(event.buttons & 1) || i === null) return;
  const range = i === anchor ? unitAt(i) : [Math.min(anchor, i), Math.max(anchor, i) + 1];
  if (range.join() !== chosen?.join()) choose(range);
});
addEventListener("pointerup", () => { anchor = null; });
text.addEventListener("click", (event) => { // of a finger, which scrolls when it is dragged
  const i = tokenOf(event);
  if (i !== null && event.pointerType !== "mouse") point(i, event.shiftKey);
});
text.addEventListener("mousedown", (event) => event.preventDefault()); // the words are selected here
text.addEventListener("focusin", (event) => {
  const start = event.target.dataset.start;
  if (start !== undefined && chosen?.[0] !== Number(start)) choose(unitAt(Number(start)));
});

for (const event of ["input", "change"]) form.addEventListener(event, () => {
  const first = items.find((one) => suits(one) && !one.done) ?? items.find(suits);
  if (first && !suits(item)) show(first);
  else draw();
});
form.addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("visibilitychange", spend);
addEventListener("beforeunload", (event) => { if (saving.pending()) event.preventDefault(); });

async function open() {
  history.replaceState(null, "", "/"); // the token is in the cookie now
  const response = await fetch("sentences");
  if (!response.ok) return warn(await response.text());
  about = await response.json();
  items = about.items;
  byId("title").textContent = `Review: ${about.title}`;
  byId("run").textContent = `${about.run} · annotator ${about.annotator}`;
  byId("progress").querySelector("progress").max = items.length;
  byId("next").replaceChildren("Saved in ", element("code", "", about.file), ". When you stop, press Ctrl-C in the terminal and type ", element("code", "", about.next));
  about.labels.forEach((label, n) => {
    const button = element("button", `span ${colours(about.labels, label)}`);
    Object.assign(button, { type: "button" }).dataset.label = label;
    if (n < 10) button.append(element("kbd", "", String((n + 1) % 10)), " ");
    button.append(label);
    byId("classes").append(button);
    form.elements.class.append(Object.assign(element("option", "", label), { value: label }));
  });
  byId("suspected").hidden = !items.some((one) => one.suspects.length);
  show(items.find((one) => !one.done) ?? items[0]);
  spend();
  saving.greet();
}

open();
