// What differs between two texts: by words, by characters where a script writes no spaces between them.
// The shortest edit script by Myers' greedy algorithm (Myers 1986, "An O(ND) difference algorithm"), bounded: texts that
// share almost nothing are said to differ as wholes instead of being searched for minutes.

const MOST_EDITS = 1000;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;

const segmenter = (granularity) => ("Segmenter" in Intl ? new Intl.Segmenter(undefined, { granularity }) : null);

function segments(text, granularity, pattern) {
  const by = segmenter(granularity);
  return by ? Array.from(by.segment(text), (part) => part.segment) : (text.match(pattern) ?? []);
}

/** The pieces that are compared: words, signs and spaces, and each character of Chinese, Japanese and Korean. */
export function piecesOf(text) {
  const words = segments(text, "word", /[\p{L}\p{N}\p{M}_]+|\s+|./gsu);
  return words.flatMap((word) => (UNSPACED.test(word) ? segments(word, "grapheme", /./gsu) : [word]));
}

/** Turn `before` into `after`: [kind, text] with kind "same", "gone" or "new", neighbours of one kind joined. */
export function difference(before, after) {
  const a = piecesOf(before);
  const b = piecesOf(after);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const steps = [
    ...a.slice(0, start).map((piece) => ["same", piece]),
    ...edits(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...a.slice(a.length - end).map((piece) => ["same", piece]),
  ];
  return joined(steps);
}

function edits(a, b) {
  const whole = [...a.map((piece) => ["gone", piece]), ...b.map((piece) => ["new", piece])];
  if (!a.length || !b.length) return whole;
  const furthest = new Map([[1, 0]]); // by diagonal k = x - y: how far along `a` it was followed
  const history = [];
  for (let d = 0; d <= Math.min(a.length + b.length, MOST_EDITS); d += 1) {
    history.push(new Map(furthest));
    for (let k = -d; k <= d; k += 2) {
      const isDown = k === -d || (k !== d && furthest.get(k - 1) < furthest.get(k + 1));
      let x = isDown ? furthest.get(k + 1) : furthest.get(k - 1) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      furthest.set(k, x);
      if (x >= a.length && x - k >= b.length) return walkedBack(a, b, history);
    }
  }
  return whole;
}

function walkedBack(a, b, history) {
  const steps = [];
  let [x, y] = [a.length, b.length];
  for (let d = history.length - 1; d > 0; d -= 1) {
    const furthest = history[d];
    const k = x - y;
    const isDown = k === -d || (k !== d && furthest.get(k - 1) < furthest.get(k + 1));
    const fromK = isDown ? k + 1 : k - 1;
    const fromX = furthest.get(fromK);
    const fromY = fromX - fromK;
    while (x > (isDown ? fromX : fromX + 1) && y > (isDown ? fromY + 1 : fromY)) steps.push(["same", a[(x -= 1, y -= 1, x)]]);
    if (isDown) steps.push(["new", b[(y -= 1)]]);
    else steps.push(["gone", a[(x -= 1)]]);
  }
  while (x > 0) steps.push(["same", a[(x -= 1)]]);
  return steps.reverse();
}

function joined(steps) {
  const runs = [];
  for (const [kind, piece] of steps) {
    if (runs.at(-1)?.[0] === kind) runs.at(-1)[1] += piece;
    else runs.push([kind, piece]);
  }
  return runs;
}

const TAGS = { gone: "del", new: "ins" };

/** The runs as elements: <del> for what is only before, <ins> for what is only after, plain text for the rest. */
export function asNodes(runs) {
  return runs.map(([kind, text]) => {
    if (kind === "same") return document.createTextNode(text);
    const mark = document.createElement(TAGS[kind]);
    mark.textContent = text;
    return mark;
  });
}
