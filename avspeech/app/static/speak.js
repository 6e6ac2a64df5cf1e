// The room "Speak": a text in, speech out, with its melody and pauses drawn over the words.

import {$, about, ask, fileUrl, forget, h, Problem, Task} from "./api.js";
import {Players} from "./players.js";

const WIDTH = 150;  // pixels of a second of a word
const ROOM = 7;  // semitones shown above and below the voice's middle, at least
let working;
let made = null;  // id of the last job
let players = null;
let spoken = "";  // the text to which the places of `tiles` belong
let tiles = [];  // {word, button, mark, from, to, known}
let tools = null;  // {element, index} of the word that is open

export function start() {
  working = new Task($("speak-working"));
  about.then(({models, limits}) => {
    for (const model of models.filter(m => m.task === "synthesis"))
      for (const voice of model.voices.length ? model.voices : [""])
        $("speak-voice").append(h("option", {value: JSON.stringify([model.name, voice]), "data-licence": model.licence, "data-steps": model.steps}, model.voices.length > 1 ? `${model.name}: ${voice}` : model.name));
    const chosen = () => {
      const {licence = "none", steps} = $("speak-voice").selectedOptions[0]?.dataset ?? {};
      $("speak-licence").textContent = `license: ${licence}`;
      if (steps) $("speak-steps").value = $("speak-steps-out").textContent = steps;
    };
    $("speak-voice").addEventListener("change", chosen);
    chosen();
    $("speak-text").addEventListener("input", () => { count(limits); typed(); });
    count(limits);
  }, problem => working.fail(problem));
  for (const name of ["rate", "steps"]) {
    const show = () => { $(`speak-${name}-out`).textContent = name === "rate" ? `${Number($("speak-rate").value).toFixed(2)} ×` : $("speak-steps").value; };
    $(`speak-${name}`).addEventListener("input", show);
    show();
  }
  $("speak-go").addEventListener("click", () => speak(true));
  $("speak-text").addEventListener("keydown", e => { if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) speak(true); });
  document.addEventListener("pointerdown", e => { if (tools && !$("speak-score").contains(e.target)) close(); });
}

export function leave() { players?.stop(); }

// Places count characters as Python does, not half ones of UTF-16.
const characters = text => [...text];

function count({characters: most}) {
  const length = characters($("speak-text").value).length;
  $("speak-count").textContent = `${length} of ${most} characters`;
  $("speak-count").classList.toggle("over", length > most);
}

function settings() {
  const [model, voice] = JSON.parse($("speak-voice").value);
  return {text: $("speak-text").value, model, voice: voice || null, rate: Number($("speak-rate").value),
    steps: Number($("speak-steps").value), seed: Math.max(0, Math.round(Number($("speak-seed").value) || 0))};
}

async function speak(play) {
  if (working.busy) return;
  const asked = settings(), open = tools?.index ?? null;
  players?.stop();
  $("speak-score").setAttribute("aria-busy", "true");
  try {
    const done = await working.run("speak", asked);
    if (!done) return;
    forget(made);
    made = done.id;
    working.notes([...done.notes, ...(done.result.unread ? [done.result.unread] : [])]);
    await draw(done.result, asked.text);
    if (open !== null && tiles[open]) show(open);
    if (play || open !== null) players.play(players.rows[0]);
    if (play && open === null) $("speak-result").scrollIntoView({block: "nearest"});
  } catch (problem) {
    working.fail(problem);
  } finally {
    $("speak-score").removeAttribute("aria-busy");
  }
}

async function draw(result, text) {
  close();
  const {words, pitch, hop, sound} = result;
  spoken = text;
  const voiced = pitch.filter(hertz => hertz > 0).sort((a, b) => a - b);
  const middle = voiced.length ? voiced[Math.floor(voiced.length / 2)] : 100;
  const line = pitch.map(hertz => hertz > 0 ? 12 * Math.log2(hertz / middle) : null);
  const height = Math.max(ROOM, ...line.map(st => Math.min(14, Math.abs(st ?? 0))));
  const parts = [];
  tiles = [];
  const last = sound.seconds;
  const source = characters(text);
  const places = new Map();  // several words may stand for one number
  for (const word of words) places.set(word.from, (places.get(word.from) ?? 0) + 1);
  for (const word of words) {
    word.spoken = word.word;
    if (places.get(word.from) === 1) word.word = source.slice(word.from, word.to).join("");
  }
  words.forEach((word, i) => {
    const before = i ? words[i - 1].end : 0;
    if (word.start - before > 0.06) parts.push(gap(before, word.start));
    parts.push(tile(word, i, line, hop, height));
  });
  const end = words.length ? words[words.length - 1].end : 0;
  if (last - end > 0.3) parts.push(gap(end, last));
  $("speak-score").replaceChildren(...parts);
  const name = "speech.wav";
  players = new Players($("speak-player"), [{name: "Speech", url: fileUrl(made, sound.file), bars: sound.bars, seconds: sound.seconds,
    more: [h("a", {class: "button", href: fileUrl(made, sound.file, name), download: name, "aria-label": "Download the speech as wav"}, "wav")]}],
    (seconds, plays) => tiles.forEach(t => t.button.classList.toggle("now", plays && seconds >= t.word.start && seconds < t.word.end)));
  $("speak-result").hidden = false;
  await marks();
}

function gap(from, to) {
  const seconds = to - from, box = h("div");
  const element = h("div", {class: "gap"}, box, `${seconds.toFixed(2)} s`);
  box.style.width = `${Math.min(120, Math.max(34, WIDTH * seconds))}px`;
  element.setAttribute("aria-label", `pause of ${seconds.toFixed(2)} seconds`);
  element.setAttribute("role", "img");
  return element;
}

function tile(word, index, line, hop, height) {
  const from = Math.round(word.start / hop), to = Math.round(word.end / hop), size = Math.max(1, to - from);
  let path = "", pen = false;
  for (let k = from; k <= to && k < line.length; k++) {
    if (line[k] === null) { pen = false; continue; }
    const y = 50 - 46 * Math.max(-1, Math.min(1, line[k] / height));
    path += `${pen ? "L" : "M"}${(k - from).toFixed(0)} ${y.toFixed(1)}`;
    if (!pen) path += `L${(k - from + 0.01).toFixed(2)} ${y.toFixed(1)}`;
    pen = true;
  }
  const mark = h("em");
  const button = h("button", {type: "button", class: "tile", "aria-label": word.word, "aria-haspopup": "true", "aria-expanded": "false",
    onclick: () => tools?.index === index ? close() : show(index, true), onkeydown: e => key(e, index),
    title: word.spoken === word.word.toLowerCase() ? null : `spoken as “${word.spoken}”`},
    h("svg", {viewBox: `0 0 ${size} 100`, preserveAspectRatio: "none", "aria-hidden": "true"}, h("path", {d: path})),
    h("span", {}, word.word), mark);
  button.style.minWidth = `${Math.max(24, WIDTH * (word.end - word.start))}px`;
  tiles.push({word, button, mark, from: word.from, to: word.to, known: true, tone: null, pause: null});
  return button;
}

// The marks of the text as it is now, on the tiles whose words are still in it.
async function marks(action) {
  const text = $("speak-text").value;
  const answer = await ask("POST", "/api/marks", {text, ...action});
  if ($("speak-text").value !== text) return false;  // typed on meanwhile
  if (answer.text !== text) {
    const at = $("speak-text").scrollTop;
    $("speak-text").value = answer.text;
    $("speak-text").scrollTop = at;
    $("speak-text").dispatchEvent(new Event("input"));
  }
  const by_place = new Map(answer.words.map(word => [`${word.start}-${word.end}`, word]));
  for (const t of tiles) {
    const word = by_place.get(`${t.from}-${t.to}`);
    t.tone = word?.tone ?? null;
    t.pause = word?.pause ?? null;
    t.mark.textContent = (t.tone === null ? t.word.tone > 0 ? "(↗)" : "" : t.tone > 0 ? `↗${steep(t.tone)}` : t.tone < 0 ? `↘${steep(-t.tone)}` : "→")
      + (t.pause === null ? "" : t.pause ? ` ‖${t.pause}` : " ‖");
    t.button.setAttribute("aria-label", described(t));
  }
  return true;
}

const steep = tone => tone === 5 ? "" : ` ${tone}`;

function described(t) {
  const tone = t.tone === null ? t.word.tone > 0 ? "no mark; it rises as a question" : "no mark" : t.tone > 0 ? `rises by ${t.tone} semitones` : t.tone < 0 ? `falls by ${-t.tone} semitones` : "stays level";
  const pause = t.pause === null ? "" : t.pause ? `, then a pause of ${t.pause} s` : ", then a pause";
  return `${t.word.word}: ${tone}${pause}`;
}

// The text was changed: words before and behind the change keep their tiles, at other places.
function typed() {
  const old = characters(spoken), now = characters($("speak-text").value);
  let head = 0, tail = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head++;
  while (tail < old.length - head && tail < now.length - head && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail++;
  const moved = now.length - old.length;
  for (const t of tiles) {
    if (!t.known || t.to <= head) continue;
    if (t.from >= old.length - tail) {
      t.from += moved;
      t.to += moved;
    } else {
      t.known = false;
      t.button.classList.add("stale");
      t.button.disabled = true;
      if (tools && tiles[tools.index] === t) close();
    }
  }
  spoken = $("speak-text").value;
}

function key(event, index) {
  const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
  const action = {ArrowUp: "raise", ArrowDown: "lower", "+": "longer", "-": "shorter", Delete: "clear"}[event.key];
  if (step) tiles[index + step]?.button.focus();
  else if (action) change(index, action);
  else return;
  event.preventDefault();
}

function show(index, focus) {
  close();
  const t = tiles[index];
  const button = (text, action) => h("button", {type: "button", onclick: () => change(index, action)}, text);
  const element = h("div", {class: "tools", role: "group", "aria-label": `Marks of the word ${t.word.word}`,
    onkeydown: e => { if (e.key === "Escape") { close(); t.button.focus(); } }},
    h("p", {"aria-live": "polite"}, described(t)),
    h("div", {}, button("↗ Raise", "raise"), button("↘ Lower", "lower"), button("→ Level", "level"),
      button("+ Pause", "longer"), button("− Pause", "shorter"), button("Clear", "clear")));
  $("speak-score").append(element);
  const room = $("speak-score").clientWidth - element.offsetWidth;
  element.style.left = `${Math.max(0, Math.min(room, t.button.offsetLeft))}px`;
  element.style.top = `${t.button.offsetTop + t.button.offsetHeight + 4}px`;
  $("speak-score").style.marginBottom = `${Math.max(0, element.offsetTop + element.offsetHeight - $("speak-score").clientHeight)}px`;
  t.button.setAttribute("aria-expanded", "true");
  tools = {element, index};
  if (focus) element.querySelector("button").focus({preventScroll: true});
}

function close() {
  if (!tools) return;
  tiles[tools.index]?.button.setAttribute("aria-expanded", "false");
  tools.element.remove();
  $("speak-score").style.marginBottom = "";
  tools = null;
}

async function change(index, action) {
  const t = tiles[index];
  if (working.busy || !t.known) return;
  const opened = tools?.index === index;
  try {
    if (!await marks({action, start: t.from, end: t.to})) return;
  } catch (problem) {
    working.fail(problem);
    return;
  }
  if (opened) tools.element.querySelector("p").textContent = described(t);
  if (!$("speak-again").checked) return;
  const at = document.activeElement, label = at?.closest(".tools") ? at.textContent : null;
  await speak(true);
  if (!tiles[index]) return;
  if (label && tools) [...tools.element.querySelectorAll("button")].find(b => b.textContent === label)?.focus({preventScroll: true});
  else if (at?.classList.contains("tile")) tiles[index].button.focus({preventScroll: true});
}
