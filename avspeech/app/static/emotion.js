// The room "Emotion": a file or the microphone in, a label, probabilities and their course out.

import {$, about, ask, clock, drop, fileUrl, forget, forgetUpload, h, Problem, Task} from "./api.js";
import {Players} from "./players.js";

const REFUSED = {  // what to do where there is no sound
  NotFoundError: "There is no microphone. Connect one and try again, or choose a recording.",
  NotAllowedError: "The browser may not use the microphone. Allow it for this page in the browser's settings and try again, or choose a recording.",
  NotReadableError: "The microphone cannot be used; another program may hold it. End that program and try again, or choose a recording.",
};
const HOP = 0.5;  // seconds between two answers to the microphone
let working;
let made = null;  // id of the last job
let players = null;
let microphone = null;  // {stop} while it is used
let where = null;  // the line of the course that shows the position

export function start() {
  working = new Task($("emotion-working"));
  about.then(({models}) => $("emotion-model").replaceChildren(...models.filter(m => m.task === "emotion")
    .map(m => h("option", {value: m.name}, m.name))), problem => working.fail(problem));
  drop($("emotion-drop"), {title: "a recording of a voice", accept: "audio/*,video/*,.flac,.opus,.mkv", multiple: false,
    hint: "Sound or video.", take});
  $("emotion-listen").addEventListener("click", () => microphone ? microphone.stop() : listen());
}

export function leave() {
  players?.stop();
  microphone?.stop();
}

function reset() {
  players?.stop();
  players = where = null;
  forget(made);
  made = null;
  $("emotion-result").hidden = true;
  for (const part of ["answer", "player", "course"]) $(`emotion-${part}`).replaceChildren();
}

async function take(files) {
  if (working.busy) return;
  reset();
  let file = null;
  $("emotion-listen").disabled = true;
  try {
    if (files.length > 1) throw new Problem(`${files.length} files: expected one.`);
    file = await working.upload(files[0]);
    const done = file && await working.run("emotion", {files: [file.id], model: $("emotion-model").value});
    if (done) {
      made = done.id;
      heard(done.result, file.name, done.notes);
    }
  } catch (problem) {
    working.fail(problem);
  } finally {
    $("emotion-listen").disabled = false;
    forgetUpload(file?.id);
  }
}

function heard(emotion, name, notes) {
  working.notes([...notes, ...emotion.notes]);
  $("emotion-heading").textContent = name;
  $("emotion-result").hidden = false;
  const posteriors = sorted(emotion.posteriors);
  answer(emotion.label, posteriors, `${emotion.seconds.toFixed(1)} s, ${Math.round(100 * emotion.speech)} % of it speech`);
  players = new Players($("emotion-player"), [{name: "Sound", url: fileUrl(made, emotion.sound.file),
    bars: emotion.sound.bars, seconds: emotion.sound.seconds}], seconds => point(seconds, emotion.seconds));
  course(emotion.track, posteriors, emotion.seconds);
  $("emotion-heading").focus({preventScroll: true});
}

const percent = p => `${Math.round(100 * p)} %`;
const sorted = posteriors => Object.fromEntries(Object.entries(posteriors).sort((a, b) => b[1] - a[1]));

function answer(label, posteriors, more) {
  const rows = Object.keys(posteriors).map(name => {
    const bar = h("i");
    bar.style.width = `${100 * posteriors[name]}%`;
    return h("tr", {class: name === label ? "top" : null}, h("th", {scope: "row"}, name),
      h("td", {}, h("span", {class: "bar"}, bar)), h("td", {}, percent(posteriors[name])));
  });
  $("emotion-answer").replaceChildren(
    h("p", {class: "answer"}, h("strong", {}, label ?? "silence"), h("span", {class: "hint"}, more)),
    h("table", {class: "bars"}, h("caption", {class: "hear"}, "Probability of each emotion"), h("tbody", {}, ...rows)));
}

// track: [{start, end, posteriors}]; a cell is drawn from where the window before it ends to its own end.
function course(track, posteriors, seconds) {
  if (track.length < 2) {
    $("emotion-course").replaceChildren(h("p", {class: "hint"}, "The recording is one window, so it has no course over time."));
    return;
  }
  const labels = Object.keys(posteriors);
  const cells = track.map((m, i) => ({from: i ? track[i - 1].end : 0, to: m.end, p: m.posteriors}));
  const lanes = labels.map(name => h("svg", {viewBox: `0 0 ${seconds} 1`, preserveAspectRatio: "none", role: "img",
    "aria-label": `Course of ${name}`}, ...cells.map(({from, to, p}) => h("rect", {x: from, y: 0,
    width: Math.max(0, to - from), height: 1, "fill-opacity": p[name].toFixed(3)}))));
  where = h("div", {class: "where"});
  const grid = h("div", {class: "course"});
  labels.forEach((name, i) => {
    const label = h("b", {}, name);
    label.style.gridRow = lanes[i].style.gridRow = i + 1;
    grid.append(label, lanes[i]);
  });
  grid.append(h("div", {class: "axis"}, h("span", {}, "0 s"), h("span", {}, `${(seconds / 2).toFixed(1)} s`), h("span", {}, `${seconds.toFixed(1)} s`)));
  const over = h("div", {class: "over"}, where);
  over.style.gridRow = `1 / span ${labels.length}`;
  grid.append(over);
  const table = h("table", {}, h("thead", {}, h("tr", {}, h("th", {scope: "col"}, "to"), ...labels.map(l => h("th", {scope: "col"}, l)))),
    h("tbody", {}, ...track.map(m => h("tr", {}, h("th", {scope: "row"}, clock(m.end)), ...labels.map(l => h("td", {}, percent(m.posteriors[l])))))));
  const open = $("emotion-course").querySelector("details")?.open ?? false;
  $("emotion-course").replaceChildren(h("h3", {}, "Course over time"),
    h("p", {class: "hint"}, "The stronger the color, the more probable; each cell is the answer for the seconds before its end."), grid,
    h("details", {class: "options", open}, h("summary", {}, "As numbers"), h("div", {class: "numbers"}, table)));
  point(0, seconds);
}

function point(seconds, all) {
  if (where) where.style.left = `${100 * Math.min(1, seconds / all)}%`;
}

async function listen() {
  if (working.busy) return;
  reset();
  let sound, context, stopped = false, ended = false;
  const queue = [];
  const level = $("emotion-level");
  $("emotion-listen").disabled = true;
  try {
    working.show("Asking for the microphone", null);
    working.stop.disabled = true;
    if (!navigator.mediaDevices) throw new Problem("The browser gives the microphone only to pages of this machine (localhost) or over https.");
    try {
      sound = await navigator.mediaDevices.getUserMedia({audio: {channelCount: 1, echoCancellation: false,
        noiseSuppression: false, autoGainControl: false}});
    } catch (error) {
      throw new Problem(REFUSED[error.name] ?? `The browser did not give the microphone (${error.name}). Choose a recording, or try another browser.`);
    }
    context = new AudioContext();
    await context.audioWorklet.addModule("/static/recorder.js");
    const recorder = new AudioWorkletNode(context, "recorder", {numberOfOutputs: 0});
    context.createMediaStreamSource(sound).connect(recorder);
    microphone = {stop: () => { stopped = true; }};
    $("emotion-listen").textContent = "Stop listening";
    $("emotion-listen").disabled = false;
    level.hidden = false;
    recorder.port.onmessage = ({data}) => {
      const samples = new Float32Array(data);
      const loud = Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
      level.firstElementChild.style.width = `${Math.max(0, Math.min(100, 100 + 1.6 * 20 * Math.log10(loud + 1e-6)))}%`;
      if (ready && !stopped) queue.push(data);
    };
    let ready = false, sending = false;
    const track = [];
    const send = async job => {  // one piece after another, so that they keep their order
      if (sending) return;
      sending = true;
      try {
        while (queue.length) await ask("POST", `/api/jobs/${job}/sound`, queue.shift());
        if (stopped && !ended) {
          ended = true;
          await ask("POST", `/api/jobs/${job}/sound`, new ArrayBuffer(0));
        }
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        ended = true;  // the job says why
      } finally {
        sending = false;
      }
    };
    $("emotion-heading").textContent = "Microphone";
    const done = await working.run("microphone", {rate: context.sampleRate, model: $("emotion-model").value}, told => {
      if (told.ready) {
        ready = true;
        send(working.job);
      }
      if (told.answers.length) {
        for (const a of told.answers) track.push({start: Math.max(0, a.end - HOP), end: a.end, posteriors: a.posteriors});
        live(track);
      }
    });
    if (done) {
      made = done.id;
      if (!track.length) throw new Problem("Nothing was heard.");
      live(track, "all of it");
    } else reset();
  } catch (problem) {
    working.fail(problem);
  } finally {
    microphone = null;
    sound?.getTracks().forEach(part => part.stop());
    context?.close();
    level.hidden = true;
    $("emotion-listen").textContent = "Use the microphone";
    $("emotion-listen").disabled = false;
  }
}

// What is heard now, in an order that stays; at the end the mean over all windows.
function live(track, whole) {
  const last = track[track.length - 1];
  const posteriors = whole ? sorted(Object.fromEntries(Object.keys(last.posteriors).map(name =>
    [name, track.reduce((sum, m) => sum + m.posteriors[name], 0) / track.length]))) : last.posteriors;
  $("emotion-result").hidden = false;
  answer(Object.keys(sorted(posteriors))[0], posteriors, whole ? `${last.end.toFixed(1)} s, the mean of all answers` : `the last 6 seconds, at ${clock(last.end)}`);
  course(track, posteriors, last.end);
  point(last.end, last.end);
}
