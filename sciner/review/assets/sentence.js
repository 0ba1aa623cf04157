// A sentence with its spans, and what there is to say of them. Corpus text only ever becomes text nodes.

export function element(name, classes, content) {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  if (content !== undefined) made.textContent = content;
  return made;
}

// spans are [first token, after the last, class]
export const overlaps = (one, other) => one[0] < other[1] && other[0] < one[1];
export const surface = (item, [start, end]) => item.tokens.slice(start, end).join(" ");
export const worded = (item, span) => `${surface(item, span)} (${span[2]})`;

// a class has a colour and a kind of line, as in the report
export function colours(labels, label) {
  const number = labels.indexOf(label);
  return `class${number % 7} line${number % 5}`;
}

export const same = (one, other) => one[0] === other[0] && one[1] === other[1] && one[2] === other[2];
const lacks = (spans, span) => !spans.some((other) => same(other, span));

export const isChanged = ({ spans, proposed }) => spans.length !== proposed.length || spans.some((span) => lacks(proposed, span));

// the tagger's confidence of a span; undefined if the tagger did not propose it
export const sure = (item, span) => item.confidences[item.proposed.findIndex((other) => same(other, span))];

// the nodes of a sentence: a token is an element, so that it can be pointed at; chosen is [first token, after the last]
export function sentence(item, chosen, labels) {
  const nodes = [], held = (i) => chosen !== null && chosen[0] <= i && i < chosen[1];
  let span = null, mark = null;
  item.tokens.forEach((word, i) => {
    const token = element("span", held(i) ? "token chosen" : "token", word);
    token.dataset.i = i;
    if (held(i) && held(i + 1)) token.append(" ");
    const gap = held(i) && held(i + 1) ? "" : " ";
    span ??= item.spans.find((s) => s[0] === i) ?? null;
    if (!span) return nodes.push(token, gap);
    if (i === span[0]) {
      mark = element("mark", `span ${colours(labels, span[2])}`);
      mark.tabIndex = 0;
      mark.dataset.start = i;
      nodes.push(mark);
    }
    mark.append(token);
    if (i + 1 < span[1]) return mark.append(gap);
    const confidence = sure(item, span);
    mark.append(" ", element("span", "label", confidence === undefined ? span[2] : `${span[2]} ${confidence.toFixed(2)}`));
    nodes.push(" ");
    span = null;
  });
  return nodes;
}

// list items: suspected label errors, and what a person has changed
export function notes(item) {
  const words = (span) => (span ? worded(item, span) : "nothing");
  const found = item.suspects.map(({ kind, given, suggested, p }) =>
    element("li", "suspect", `Suspected ${kind}: ${words(given)}, probability ${p[0].toFixed(2)}. Suggested: ${words(suggested)}, ${p[1].toFixed(2)}.`));
  const gone = item.proposed.filter((span) => lacks(item.spans, span));
  const added = item.spans.filter((span) => lacks(item.proposed, span));
  if (gone.length) found.push(element("li", "", `Removed: ${gone.map(words).join(", ")}`));
  if (added.length) found.push(element("li", "", `Added: ${added.map(words).join(", ")}`));
  return found;
}
