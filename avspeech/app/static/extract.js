// The room "Extract": videos in, faces, and the voice of each.

import {$, about, busy, bytes, clock, drop, fileUrl, forget, forgetUpload, h, Problem, Task} from "./api.js";
import {Players} from "./players.js";

let views = [];  // the files that were taken: {id, name, size}
let found = null;  // {id, result} of the last look for faces
let made = null;  // id of the last extraction
let players = null;
let looking, working;

export function start() {
  looking = new Task($("extract-looking"));
  working = new Task($("extract-working"));
  drop($("extract-drop"), {title: "a video of people who talk", multiple: true, accept: "video/*,.mkv,.mpg,.mts,.ts",
    hint: "Several videos at once are taken as views of one scene that begin together.", take});
  $("extract-mouth").addEventListener("change", () => { if (views.length) look(); });
  $("extract-go").addEventListener("click", extract);
}

export function leave() { players?.stop(); }

async function take(files) {
  if (looking.busy || working.busy) return;
  try {
    const {limits} = await about;
    if (files.length > limits.views) throw new Problem(`${files.length} files: expected one video, or up to ${limits.views} views of one scene.`);
    reset();
    for (const view of views) forgetUpload(view.id);
    views = [];
    list();
    for (const file of files) {
      const view = await looking.upload(file);
      if (view === null) return reject();
      views.push(view);
      list();
    }
  } catch (problem) {
    looking.fail(problem);
    return reject();
  }
  await look();
}

function reject() {
  for (const view of views) forgetUpload(view.id);
  views = [];
  list();
}

function reset() {
  players?.stop();
  players = null;
  forget(found?.id);
  forget(made);
  found = made = null;
  working.clear();
  $("extract-faces").hidden = $("extract-voices").hidden = true;
}

function list() {
  $("extract-files").replaceChildren(...views.map((view, i) => h("li", {},
    h("span", {}, `${views.length > 1 ? `View ${i + 1}: ` : ""}${view.name} (${bytes(view.size)})`),
    h("button", {type: "button", class: "waits", disabled: busy($("extract-files")), "aria-label": `Remove ${view.name}`, onclick: () => remove(view)}, "Remove"))));
}

function remove(view) {
  if (looking.busy || working.busy) return;
  forgetUpload(view.id);
  views = views.filter(other => other !== view);
  list();
  reset();
  looking.clear();
  if (views.length) look();
}

async function look() {
  reset();
  try {
    found = await looking.run("faces", request());
    if (found) draw();
    else looking.put(h("button", {type: "button", onclick: look}, "Look for the faces again"));  // it was cancelled
  } catch (problem) {
    looking.fail(problem);
  }
}

function request() {
  return {files: views.map(view => view.id), mouth: $("extract-mouth").checked};
}

function draw() {
  const {faces, pictures} = found.result;
  $("extract-pictures").replaceChildren(...pictures.map(picture => h("figure", {class: "picture"},
    frame(picture), h("figcaption", {}, `The faces at ${clock(picture.time)}`))));
  const options = faces.length > 1 ? [option("all", "All")] : [];
  options.push(...faces.map(face => option(face.number, `Face ${face.number}`, seen(face))));
  $("extract-choice").replaceChildren(h("legend", {}, "Whose voice?"), ...options);
  $("extract-choice").querySelector("input").checked = true;
  chosen();
  $("extract-faces").hidden = false;
  $("extract-faces").querySelector("h2").focus({preventScroll: true});
}

function seen(face) {
  const share = face.seen > 0.97 ? "" : `seen ${Math.max(1, Math.round(100 * face.seen))} % of the time`;
  const count = face.views > 1 ? `in ${face.views} views` : "";
  return [share, count].filter(Boolean).join(", ");
}

function option(value, name, more) {
  return h("label", {class: "check"}, h("input", {type: "radio", name: "extract-face", value, onchange: chosen}),
    h("span", {}, name, more ? h("span", {class: "hint"}, ` (${more})`) : null));
}

function frame(picture) {
  const place = h("div", {}, h("img", {src: fileUrl(found.id, picture.file), width: picture.width, height: picture.height,
    alt: `A picture of the video with ${picture.boxes.length} marked face${picture.boxes.length === 1 ? "" : "s"}`}));
  for (const box of picture.boxes) {
    const button = h("button", {type: "button", class: "box", "aria-pressed": "false", "data-face": box.face,
      "aria-label": `Face ${box.face}`, onclick: () => {
        $("extract-choice").querySelector(`input[value="${box.face}"]`).checked = true;
        chosen();
      }}, h("b", {}, box.face));
    const left = Math.max(0, box.x), top = Math.max(0, box.y);
    button.style.left = `${100 * left}%`;
    button.style.top = `${100 * top}%`;
    button.style.width = `${100 * (Math.min(1, box.x + box.width) - left)}%`;
    button.style.height = `${100 * (Math.min(1, box.y + box.height) - top)}%`;
    place.append(button);
  }
  return place;
}

function choice() {
  const value = $("extract-choice").querySelector("input:checked").value;
  return value === "all" ? null : Number(value);
}

function chosen() {
  const face = choice();
  for (const box of document.querySelectorAll("#extract-pictures .box"))
    box.setAttribute("aria-pressed", face === null || Number(box.dataset.face) === face);
  $("extract-go").textContent = face === null ? "Extract all voices" : `Extract the voice of face ${face}`;
}

async function extract() {
  if (looking.busy || working.busy) return;
  players?.stop();
  try {
    const done = await working.run("extract", {...request(), face: choice()});
    if (done) {
      forget(made);
      made = done.id;
      voices(done.result.voices);
    }
  } catch (problem) {
    working.fail(problem);
  }
}

function voices(list) {
  const stem = views[0].name.replace(/\.[^.]*$/, "") || "video";
  const {faces, pictures, mixture} = found.result;
  const rows = [{name: "Mixture", url: fileUrl(found.id, mixture.file), bars: mixture.bars, seconds: mixture.seconds}];
  for (const voice of list) {
    const face = faces.find(other => other.number === voice.face);
    const sound = voice.files.find(file => file.kind === "wav"), film = voice.files.find(file => file.kind === "mp4");
    rows.push({name: `Face ${voice.face}`, url: fileUrl(made, sound.file), bars: voice.bars, seconds: voice.seconds,
      lead: face?.box ? [thumb(pictures[face.picture], face.box)] : [],
      more: voice.files.map(file => h("a", {class: "button", href: fileUrl(made, file.file, stem + file.name),
        download: stem + file.name, "aria-label": `Download the voice of face ${voice.face} as ${file.kind}`}, file.kind)),
      below: film ? video(voice.face, fileUrl(made, film.file)) : null});
  }
  players = new Players($("extract-players"), rows);
  $("extract-voices").hidden = false;
  const heading = $("extract-voices").querySelector("h2");
  heading.focus({preventScroll: true});
  heading.scrollIntoView({block: "nearest"});
}

function video(face, url) {
  const details = h("details", {}, h("summary", {}, "Show the video with this voice"));
  details.addEventListener("toggle", () => {
    if (details.open) details.append(h("video", {src: url, controls: true, playsinline: true, "aria-label": `Video with the voice of face ${face}`}));
    else details.querySelector("video").remove();
  });
  return details;
}

function thumb(picture, box) {
  const size = 2.4, side = Math.max(box.width * picture.width, box.height * picture.height);
  const scale = size / side;
  const image = h("img", {src: fileUrl(found.id, picture.file), alt: ""});
  image.style.width = `${scale * picture.width}rem`;
  image.style.left = `${size / 2 - scale * picture.width * (box.x + box.width / 2)}rem`;
  image.style.top = `${size / 2 - scale * picture.height * (box.y + box.height / 2)}rem`;
  return h("span", {class: "thumb"}, image);
}
