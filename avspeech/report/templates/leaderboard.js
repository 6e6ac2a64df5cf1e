"use strict";
const D = JSON.parse(document.getElementById("data").textContent);
const $ = id => document.getElementById(id);
const TERMS = ["short", "medium", "long"].filter(t => D.columns.some(c => c.term === t));
const state = { probe: D.probes[0], find: "", terms: new Set(TERMS), sort: ["rank", 1] };

// --- parts: everything is made as nodes with text, never as markup ---
function node(space, name, attributes, ...inside) {
  const made = space ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key === "on") made.addEventListener("click", value);
    else if (key === "style") made.style.cssText = value;
    else if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...inside.filter(x => x !== null && x !== undefined));
  return made;
}
const h = (name, attributes, ...inside) => node(false, name, attributes, ...inside);
const g = (name, attributes, ...inside) => node(true, name, attributes, ...inside);
const tip = words => g("title", {}, words);
const put = (id, ...nodes) => $(id).replaceChildren(...nodes);
const hide = (id, off) => { $(id).hidden = off; };
const sign = metric => (D.lower.includes(metric) ? -1 : 1);
const label = c => `${c.task} (${c.corpus})`;
const there = x => x !== null && x !== undefined;
function number(value, metric) {
  if (!there(value)) return "";
  return D.percent.includes(metric) ? (100 * value).toFixed(1) : value.toFixed(3);
}
function amount(value) {
  if (!there(value)) return "–";
  if (value >= 1e9) return (value / 1e9).toPrecision(3) + " G";
  if (value >= 1e6) return (value / 1e6).toPrecision(3) + " M";
  if (value >= 1e3) return (value / 1e3).toPrecision(3) + " k";
  return String(Number(value.toPrecision(3)));
}
const tint = share => `background: rgb(var(--heat) / ${(0.5 * Math.max(0, Math.min(1, share))).toFixed(3)})`;
function options(id, pairs, change) {
  put(id, ...pairs.map(([value, words]) => h("option", { value }, words)));
  $(id).addEventListener("change", change);
}

// --- what is looked at ---
const shown = () => D.upstreams.filter(u => u.toLowerCase().includes(state.find.toLowerCase()));
const columns = () => D.columns.filter(c => !c.term || state.terms.has(c.term));
const find = (c, upstream, control = "", test = "") => D.scores.find(s => s.task === c.task && s.corpus === c.corpus &&
  s.upstream === upstream && s.probe === state.probe && s.control === control && s.test_corpus === test);
function ranking() {
  const term = state.terms.size === 1 ? [...state.terms][0] : "";
  const whole = state.terms.size === TERMS.length || term;
  return whole ? D.rankings.find(r => r.probe === state.probe && r.term === term) : null;
}
const rankOf = (r, upstream) => { const i = r ? r.upstreams.indexOf(upstream) : -1; return i < 0 ? null : r.ranks[i]; };
const cost = (upstream, name) => (D.costs[upstream] && there(D.costs[upstream][name]) ? D.costs[upstream][name] : null);

function scoreCell(s, scale) {
  if (!s || !there(s.value)) {
    return h("td", { class: "gap", title: s ? s.missing.join("\n") : "not planned" }, s ? "missing" : "–");
  }
  const range = there(s.low) ? h("small", {}, `${number(s.low, s.metric)} – ${number(s.high, s.metric)}`) : null;
  return h("td", { style: scale ? tint(scale.share(s.value)) : null, class: scale && !s.seen && s.value === scale.best ? "best" : null,
    title: `${s.folds} folds, ${s.seeds} seeds, ${s.speakers} speakers, ${s.utterances} utterances` },
  number(s.value, s.metric) + (s.seen ? D.seen : ""), range);
}
function scaleOf(scores) {
  const all = scores.filter(s => s && there(s.value)), values = all.filter(s => !s.seen).map(s => s.value);
  if (!values.length) values.push(...all.map(s => s.value));
  if (!values.length) return null;
  const up = sign(scores.find(s => s).metric);
  const best = up > 0 ? Math.max(...values) : Math.min(...values);
  const worst = up > 0 ? Math.min(...values) : Math.max(...values);
  return { best, share: v => (best === worst ? 1 : (v - worst) / (best - worst)) };
}

// --- scores ---
function drawMain() {
  const cols = columns(), ranks = ranking();
  const heads = [
    { key: "name", words: "upstream", value: u => u.toLowerCase(), first: 1 },
    { key: "rank", words: "rank", small: "average", value: u => rankOf(ranks, u), first: 1 },
    { key: "parameters", words: "parameters", value: u => cost(u, "parameters"), first: 1 },
    { key: "seconds", words: "compute", small: "s / h of audio", value: u => cost(u, "seconds_per_hour"), first: 1 },
    ...cols.map(c => ({ key: label(c), words: c.task, small: `${c.corpus}, ${D.names[c.metric] || c.metric}`, column: c,
      value: u => { const s = find(c, u); return s ? s.value : null; }, first: -sign(c.metric) }))];
  let [key, way] = state.sort;
  const by = heads.find(x => x.key === key) || heads[1];
  const rows = shown().sort((a, b) => {
    const x = by.value(a), y = by.value(b);
    if (!there(x) || !there(y)) return there(y) - there(x) || D.upstreams.indexOf(a) - D.upstreams.indexOf(b);
    return way * (x < y ? -1 : x > y ? 1 : 0);
  });
  const sort = x => { state.sort = [x.key, state.sort[0] === x.key ? -state.sort[1] : x.first]; drawMain(); };
  const head = h("thead", {}, h("tr", {}, ...heads.map((x, i) => h("th",
    { class: i ? null : "text", scope: "col", "aria-sort": by.key === x.key ? (way > 0 ? "ascending" : "descending") : null },
    h("button", { type: "button", on: () => sort(x) }, x.words), x.small ? h("small", {}, x.small) : null))));
  const scales = cols.map(c => scaleOf(D.upstreams.map(u => find(c, u))));
  const body = h("tbody", {}, ...rows.map(u => h("tr", {}, h("th", { class: "text", scope: "row" }, u),
    h("td", {}, there(rankOf(ranks, u)) ? rankOf(ranks, u).toFixed(2) : "–"), h("td", {}, amount(cost(u, "parameters"))),
    h("td", {}, amount(cost(u, "seconds_per_hour"))), ...cols.map((c, i) => scoreCell(find(c, u), scales[i])))));
  put("main", head, body);
}

// --- ranks: the critical-difference diagram ---
function drawRanks() {
  const r = ranking();
  if (!r || !r.tasks.length) {
    $("rank-note").textContent = r ? "No task has a score for every upstream." : "Ranks are of all traits, or of one kind.";
    put("cd");
    return;
  }
  const gap = r.critical_difference, k = r.upstreams.length, notes = [`Over ${r.tasks.length} tasks; 1 is best.`];
  notes.push(there(gap) ? `Upstreams joined by a bar do not differ (Nemenyi, ${r.alpha} level; critical difference ` +
    `${gap.toFixed(2)}). Friedman: χ² = ${r.statistic.toFixed(2)}, p = ${r.p.toPrecision(2)}.`
    : "A test takes three upstreams and two tasks.");
  if (r.left_out.length) notes.push(`${D.left_out} ${r.left_out.join("; ")}.`);
  $("rank-note").textContent = notes.join(" ");
  const half = Math.ceil(k / 2), side = 190, wide = 760, row = 24, top = 62;
  const bars = r.groups.length * 9, high = top + bars + half * row + 24;
  const x = rank => side + (wide - 2 * side) * (k > 1 ? (rank - 1) / (k - 1) : 0.5);
  const out = [g("line", { class: "line", x1: x(1), x2: x(k), y1: top, y2: top })];
  for (let i = 1; i <= k; i++) {
    out.push(g("line", { class: "line", x1: x(i), x2: x(i), y1: top - 5, y2: top }));
    out.push(g("text", { class: "soft", x: x(i), y: top - 10, "text-anchor": "middle" }, String(i)));
  }
  if (there(gap) && gap <= k - 1) {
    out.push(g("line", { class: "line", x1: x(1), x2: x(1 + gap), y1: 22, y2: 22 }),
      ...[x(1), x(1 + gap)].map(at => g("line", { class: "line", x1: at, x2: at, y1: 18, y2: 26 })),
      g("text", { class: "soft", x: (x(1) + x(1 + gap)) / 2, y: 14, "text-anchor": "middle" }, `CD ${gap.toFixed(2)}`));
  }
  r.groups.forEach((group, i) => {
    const places = group.map(u => x(rankOf(r, u))), y = top + 9 + 9 * i;
    out.push(g("line", { class: "thick", x1: Math.min(...places) - 3, x2: Math.max(...places) + 3, y1: y, y2: y }));
  });
  r.upstreams.forEach((u, i) => {
    const left = i < half, y = top + bars + 20 + row * (left ? i : k - 1 - i);
    const at = x(r.ranks[i]), end = left ? side - 12 : wide - side + 12;
    out.push(g("path", { class: "line", d: `M ${at} ${top} V ${y} H ${end}` }),
      g("text", { x: left ? end - 6 : end + 6, y: y + 4, "text-anchor": left ? "end" : "start" },
        left ? `${u}  ${r.ranks[i].toFixed(2)}` : `${r.ranks[i].toFixed(2)}  ${u}`));
  });
  put("cd", g("svg", { width: wide, height: high, viewBox: `0 0 ${wide} ${high}`, role: "img",
    "aria-label": "Critical-difference diagram" }, ...out));
}

// --- cost ---
const AXES = [["seconds_per_hour", "compute, s per hour of audio"], ["parameters", "parameters"],
  ["bytes_per_hour", "stored bytes per hour of audio"]];
function ticks(low, high) {
  const out = [];
  for (let e = Math.floor(low); e <= Math.ceil(high); e++) if (e >= low - 1e-9 && e <= high + 1e-9) out.push(e);
  return out.length > 1 ? out : [low, high];
}
function round(low, high) {  // about five round numbers within
  const rough = (high - low) / 5, size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(x => x * size).find(x => x >= rough), out = [];
  for (let v = Math.ceil(low / step) * step; v <= high + 1e-9; v += step) out.push(v);
  return out;
}
function drawPareto() {
  const c = D.columns.find(x => label(x) === $("quality").value), ranks = ranking(), axis = $("axis").value;
  const up = c ? sign(c.metric) : -1;
  const points = shown().map(u => {
    const s = c && find(c, u), y = c ? (s ? s.value : null) : rankOf(ranks, u), x = cost(u, axis);
    return { u, x, y, s };
  }).filter(p => there(p.x) && there(p.y) && p.x > 0);
  if (!points.length) { put("pareto", h("p", { class: "note" }, "Nothing to draw: no score, or no cost above 0.")); return; }
  const wide = 860, high = 400, left = 60, right = 160, top = 16, bottom = 46;
  const xs = points.map(p => Math.log10(p.x)), ys = points.flatMap(p => (p.s && there(p.s.low) ? [p.s.low, p.s.high, p.y] : [p.y]));
  const pad = (a, b, part) => (a === b ? [a - 0.5, b + 0.5] : [a - part * (b - a), b + part * (b - a)]);
  const [x0, x1] = pad(Math.min(...xs), Math.max(...xs), 0.06), [y0, y1] = pad(Math.min(...ys), Math.max(...ys), 0.08);
  const X = v => left + (wide - left - right) * (Math.log10(v) - x0) / (x1 - x0);
  const Y = v => { const share = (v - y0) / (y1 - y0); return top + (high - top - bottom) * (up > 0 ? 1 - share : share); };
  const out = [];
  for (const e of ticks(x0, x1)) {
    const at = X(10 ** e);
    out.push(g("line", { class: "grid", x1: at, x2: at, y1: top, y2: high - bottom }),
      g("text", { class: "soft", x: at, y: high - bottom + 18, "text-anchor": "middle" }, amount(10 ** e)));
  }
  for (const v of round(y0, y1)) {
    out.push(g("line", { class: "grid", x1: left, x2: wide - right, y1: Y(v), y2: Y(v) }),
      g("text", { class: "soft", x: left - 8, y: Y(v) + 4, "text-anchor": "end" }, c ? number(v, c.metric) : String(+v.toFixed(2))));
  }
  const front = points.filter(p => !points.some(q => q.x <= p.x && up * q.y >= up * p.y && (q.x !== p.x || q.y !== p.y)))
    .sort((a, b) => a.x - b.x);
  out.push(g("path", { class: "front", d: front.map((p, i) => (i ? `H ${X(p.x)} V ${Y(p.y)}` : `M ${X(p.x)} ${Y(p.y)}`)).join(" ") }));
  const taken = [];
  for (const p of [...points].sort((a, b) => Y(a.y) - Y(b.y))) {
    const on = front.includes(p), px = X(p.x), py = Y(p.y);
    if (p.s && there(p.s.low)) out.push(g("line", { class: "grid", x1: px, x2: px, y1: Y(p.s.low), y2: Y(p.s.high) }));
    out.push(g("circle", { class: on ? "dot on" : "dot", cx: px, cy: py, r: 5 },
      tip(`${p.u}: ${c ? number(p.y, c.metric) : p.y.toFixed(2)}, ${amount(p.x)}`)));
    let ty = py - 7;
    while (taken.some(t => Math.abs(t.y - ty) < 14 && Math.abs(t.x - px) < 8 * Math.max(t.n, p.u.length))) ty += 14;
    taken.push({ x: px, y: ty, n: p.u.length });
    out.push(g("text", { x: px + 8, y: ty }, p.u));
  }
  out.push(g("text", { class: "soft", x: (left + wide - right) / 2, y: high - 8, "text-anchor": "middle" },
    AXES.find(a => a[0] === axis)[1]));
  put("pareto", g("svg", { width: wide, height: high, viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": "Quality against cost" }, ...out),
    h("p", { class: "note" }, `Upwards is better${c ? ` (${D.names[c.metric] || c.metric})` : " (average rank)"}; green: no other is both cheaper and better.`));
}
function drawCosts() {
  const rows = shown().filter(u => D.costs[u]);
  put("costs", h("thead", {}, h("tr", {}, ...["upstream", "parameters", "layers", "dimensions", "frames / s", "compute, s / h of audio",
    "stored, bytes / h of audio"].map((x, i) => h("th", { class: i ? null : "text" }, x)))),
  h("tbody", {}, ...rows.map(u => h("tr", {}, h("th", { scope: "row" }, u), ...["parameters", "layers", "dim", "frame_rate",
    "seconds_per_hour", "bytes_per_hour"].map(name => h("td", {}, name === "frame_rate" && !cost(u, name) ? "one / utterance"
    : amount(cost(u, name))))))));
  hide("costs", !rows.length);
}

// --- one task ---
const chosen = () => D.columns.find(c => label(c) === $("one").value);
function drawTask() {
  const c = chosen();
  if (!c) return;
  const up = sign(c.metric), found = shown().map(u => find(c, u)).filter(s => s);
  const good = found.filter(s => there(s.value)).sort((a, b) => up * (b.value - a.value));
  const bad = found.filter(s => !there(s.value));
  const base = $("base").value || (good[0] && good[0].upstream);
  const row = 28, left = 190, middle = 420, top = 44, wide = 1150, high = top + row * (good.length + bad.length) + 30;
  const all = good.flatMap(s => [s.value, s.low, s.high, s.chance]).filter(there);
  const lo = Math.min(...all, D.percent.includes(c.metric) ? 0 : Infinity), hi = Math.max(...all);
  const X = v => left + middle * (v - lo) / (hi - lo || 1);
  const at = [left + middle + 76, left + middle + 186, left + middle + 276, left + middle + 366];
  const out = [["95 % interval", at[0]], ["over seeds", at[1]], ["over folds", at[2]], [`against ${base || ""}`, at[3]]].map(
    ([words, x]) => g("text", { class: "soft", x, y: 18 }, words));
  for (const v of hi > lo ? round(lo, hi) : [lo]) {
    out.push(g("line", { class: "grid", x1: X(v), x2: X(v), y1: top - 8, y2: high - 24 }),
      g("text", { class: "soft", x: X(v), y: high - 6, "text-anchor": "middle" }, number(v, c.metric)));
  }
  const chance = good.length ? good[0].chance : null;
  if (there(chance)) {
    out.push(g("line", { class: "chance", x1: X(chance), x2: X(chance), y1: top - 8, y2: high - 24 }),
      g("text", { class: "soft", x: X(chance), y: top - 14, "text-anchor": "middle" }, "chance"));
  }
  [...good, ...bad].forEach((s, i) => {
    const y = top + row * i + 10, words = x => g("text", { class: "soft", x: x[0], y: y + 4 }, x[1]);
    out.push(g("text", { x: left - 14, y: y + 4, "text-anchor": "end" }, s.upstream));
    if (!there(s.value)) {
      out.push(words([left, `missing: ${s.missing.length} cells`]));
      return;
    }
    const m = c.metric, spread = x => (there(x) ? `± ${number(x, m)}` : "–");
    if (there(s.low)) out.push(g("line", { class: "bar", x1: X(s.low), x2: X(s.high), y1: y, y2: y }));
    out.push(g("circle", { class: "dot", cx: X(s.value), cy: y, r: 5 }, tip(`${s.upstream}: ${number(s.value, m)}`)),
      g("text", { x: at[0] - 14, y: y + 4, "text-anchor": "end", "font-weight": 600 }, number(s.value, m) + (s.seen ? D.seen : "")),
      words([at[0], there(s.low) ? `${number(s.low, m)} – ${number(s.high, m)}` : "–"]),
      words([at[1], spread(s.seed_std)]), words([at[2], spread(s.fold_std)]), words([at[3], against(c, base, s.upstream)]));
  });
  const svg = g("svg", { width: wide, height: high, viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": "Scores with intervals" }, ...out);
  put("forest", svg, h("p", { class: "note" }, `${D.names[c.metric] || c.metric}; differences by paired bootstrap over speakers, ` +
    "p corrected for all pairs of this task (Holm)."));
  drawClasses(c, good);
  drawWeights(c, good);
}
function against(c, base, upstream) {
  if (!base || base === upstream) return "";
  const p = D.pairs.find(x => x.task === c.task && x.corpus === c.corpus && x.probe === state.probe &&
    ((x.a === base && x.b === upstream) || (x.b === base && x.a === upstream)));
  if (!p) return "not comparable";
  const turn = p.a === base ? 1 : -1, value = turn * p.value;
  return `${value >= 0 ? "+" : "−"}${number(Math.abs(value), c.metric)}, p ${p.p < 0.01 ? "< 0.01" : "= " + p.p.toFixed(2)}`;
}
function heatTable(id, heads, rows) {
  const words = i => !i || (rows.length && rows[0][1][i - 1] && rows[0][1][i - 1].classList.contains("text"));
  put(id, h("thead", {}, h("tr", {}, ...heads.map((x, i) => h("th", { class: words(i) ? "text" : null }, x)))),
    h("tbody", {}, ...rows.map(([name, cells]) => h("tr", {}, h("th", { scope: "row" }, name), ...cells))));
}
function drawClasses(c, good) {
  const classes = good.length ? good[0].classes : [];
  for (const id of ["recalls", "confusion"]) hide(id, !classes.length);
  for (const head of document.querySelectorAll("#task h3")) head.hidden = !classes.length;
  $("who").closest("form").hidden = !classes.length;
  if (!classes.length) return;
  heatTable("recalls", ["", ...classes], good.map(s => [s.upstream, s.recalls.map(r => (there(r)
    ? h("td", { style: tint(r) }, (100 * r).toFixed(1)) : h("td", {}, "–")))]));
  const keep = $("who").value, names = good.map(s => s.upstream);
  put("who", ...names.map(u => h("option", { value: u }, u)));
  $("who").value = names.includes(keep) ? keep : names[0];
  drawConfusion();
}
function drawConfusion() {
  const s = find(chosen(), $("who").value);
  if (!s || !s.classes.length) return;
  heatTable("confusion", ["", ...s.classes], s.confusion.map((row, i) => {
    const sum = row.reduce((a, b) => a + b, 0);
    return [s.classes[i], row.map(n => h("td", { style: tint(sum ? n / sum : 0), title: `${n} of ${sum}` },
      sum ? (100 * n / sum).toFixed(1) : "–"))];
  }));
}
function drawWeights(c, good) {
  const some = good.filter(s => s.weights.length > 1), most = Math.max(0, ...some.map(s => s.weights.length));
  put("weights");
  if (!some.length) { put("weights", h("tbody", {}, h("tr", {}, h("td", { class: "text" }, "No upstream here has more than one layer.")))); return; }
  heatTable("weights", [label(c), ...Array.from({ length: most }, (_, i) => String(i))], some.map(s => {
    const top = Math.max(...s.weights);
    return [s.upstream, s.weights.map(w => h("td", { style: tint(w / top) }, w.toFixed(2)))];
  }));
}

// --- across corpora, controls, gaps ---
function pairings() {
  const found = new Map();
  for (const s of D.scores) {
    if (s.test_corpus && !s.control && s.probe === state.probe) found.set(JSON.stringify([s.task, s.upstream]), `${s.task}, ${s.upstream}`);
  }
  return [...found];
}
function drawCross() {
  const picked = $("pairing").value;
  hide("cross", !picked);
  if (!picked) return;
  const [task, upstream] = JSON.parse(picked);
  const table = D.cross.find(t => t.task === task && t.upstream === upstream && t.probe === state.probe);
  const cells = table.rows.map(row => row.map(i => (i === null ? null : D.scores[i])));
  const scale = scaleOf(cells.flat().filter(Boolean));
  heatTable("matrix", ["trained on \\ tested on", ...table.tested], table.trained.map((name, row) => [name, cells[row].map(s => {
    const cell = scoreCell(s, scale);
    if (s && s.classes.length) { cell.title += `\n${s.classes.length} classes: ${s.classes.join(", ")}`; cell.append(h("small", {}, ` ${s.classes.length} classes`)); }
    return cell;
  })]));
}
function drawControls() {
  const rows = D.scores.filter(s => s.control && !s.test_corpus && s.probe === state.probe && shown().includes(s.upstream) &&
    columns().some(c => c.task === s.task && c.corpus === s.corpus));
  hide("controls", !D.scores.some(s => s.control));
  heatTable("shuffled", ["upstream", "task", "shuffled", "chance", "score"], rows.map(s => [s.upstream, [
    h("td", { class: "text" }, label(s)), scoreCell(s, null), h("td", {}, number(s.chance, s.metric)), scoreCell(find(s, s.upstream), null)]]));
}
function drawGaps() {
  const rows = D.scores.flatMap(s => s.missing.map(line => [s, line]));
  hide("gaps", !rows.length);
  heatTable("missing", ["upstream", "task", "probe", "cell and reason"], rows.map(([s, line]) => [s.upstream + (s.control ? ` (${s.control})` : ""),
    [h("td", { class: "text" }, label(s) + (s.test_corpus ? ` on ${s.test_corpus}` : "")), h("td", { class: "text" }, s.probe),
      h("td", { class: "text wrap" }, line)]]));
}

// --- begin ---
function drawAll() {
  drawMain(); drawRanks(); drawPareto(); drawCosts(); drawTask(); drawCross(); drawControls(); drawGaps();
  for (const link of document.querySelectorAll("nav a")) link.hidden = $(link.hash.slice(1)).hidden;
}
function begin() {
  const lost = D.planned - D.done;
  $("state").textContent = `${new Set(D.columns.map(c => c.task)).size} tasks on ` +
    `${new Set(D.columns.map(c => c.corpus)).size} corpora, ${D.upstreams.length} upstreams, ${D.done} of ${D.planned} planned cells` +
    (lost ? `: ${lost} missing` : "") + ".";
  $("find").addEventListener("input", event => { state.find = event.target.value; drawAll(); });
  options("probe", D.probes.map(p => [p, p]), event => { state.probe = event.target.value; refill(); drawAll(); });
  for (const term of TERMS) {
    const box = h("input", { type: "checkbox" });
    box.checked = true;
    box.addEventListener("change", () => { state.terms[box.checked ? "add" : "delete"](term); drawAll(); });
    $("terms").append(h("label", {}, box, ` ${term}-term`));
  }
  hide("terms", TERMS.length < 2);
  $("probe").closest("label").hidden = D.probes.length < 2;
  options("quality", [["", "average rank"], ...D.columns.map(c => [label(c), label(c)])], drawPareto);
  options("axis", AXES, drawPareto);
  options("one", D.columns.map(c => [label(c), label(c)]), drawTask);
  options("base", [["", "the best"], ...D.upstreams.map(u => [u, u])], drawTask);
  $("who").addEventListener("change", drawConfusion);
  $("pairing").addEventListener("change", drawCross);
  refill();
  drawAll();
}
function refill() { put("pairing", ...pairings().map(([value, words]) => h("option", { value }, words))); }
begin();
