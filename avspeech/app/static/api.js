// What all rooms share: elements, requests to this machine, jobs and their progress.

const token = document.querySelector("meta[name=token]").content;
const page = [...crypto.getRandomValues(new Uint8Array(16))].map(b => b.toString(16).padStart(2, "0")).join("");
const headers = {"X-Avspeech-Token": token, "X-Avspeech-Page": page};
export const $ = id => document.getElementById(id);

export class Problem extends Error {}  // with one line for the user

// An element: attributes by name, functions as listeners ("onclick"), texts and elements within it.
export function h(tag, attributes = {}, ...children) {
  const svg = ["svg", "path", "rect"].includes(tag);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter(child => child != null));
  return element;
}

export async function ask(method, path, body, more = {}) {
  let answer;
  try {
    answer = await fetch(path, {method, headers, body: body === undefined ? undefined
      : body instanceof ArrayBuffer ? body : JSON.stringify(body), ...more});
  } catch {
    throw new Problem("The server does not answer: is it still running? Start it with avspeech app and load this page again.");
  }
  const value = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem(value.line ? sentence(value.line) : `The server answered ${answer.status}.`);
  return value;
}

export const about = ask("GET", "/api/about");
about.catch(() => {});

// "clip.mp4: no sound in it" stays as it is but begins with a capital where it does not name a file.
export function sentence(line) {
  return /^[a-z]+( |$)/.test(line) ? line[0].toUpperCase() + line.slice(1) : line;
}

export function fileUrl(job, file, as) {
  return `/files/${job}/${encodeURIComponent(file)}` + (as ? `?as=${encodeURIComponent(as)}` : "");
}

export function bytes(size) {
  return size >= 1e6 ? `${(size / 1e6).toFixed(1)} MB` : `${Math.ceil(size / 1e3)} kB`;
}

export function clock(seconds) {
  const tenths = Math.round(seconds * 10);
  return `${Math.floor(tenths / 600)}:${String(Math.floor(tenths / 10) % 60).padStart(2, "0")}.${tenths % 10}`;
}

// Whether work of the room is going on in which something stands.
export function busy(element) {
  return element.closest(".room").querySelector(".task") !== null;
}

// The place of a room where its work is shown: what is done, how far it is, a way to cancel it, and what went wrong.
export class Task {
  constructor(place) {
    this.place = place;
    this.label = h("span", {"aria-live": "polite"});
    this.count = h("span");
    this.bar = h("progress", {max: 1, "aria-label": "Progress"});
    this.stop = h("button", {type: "button", onclick: () => this.cancel()}, "Cancel");
    this.box = h("div", {class: "task"}, h("p", {}, this.label, " ", this.count), this.bar, this.stop);
    this.job = null;
    this.give_up = null;
  }

  get busy() { return this.box.isConnected; }

  // What the place shows. What would begin other work of the room (class "waits") waits for its end.
  put(...shown) {
    this.place.replaceChildren(...shown);
    const room = this.place.closest(".room");
    for (const control of room.querySelectorAll(".waits")) control.disabled = busy(control);
  }

  clear() { this.put(); }

  show(text, share, count = "") {
    if (!this.busy) this.put(this.box);
    if (this.label.textContent !== text) this.label.textContent = text;  // is read aloud when it changes
    this.count.textContent = count;
    if (share == null) this.bar.removeAttribute("value"); else this.bar.value = Math.min(1, share);
  }

  fail(problem) {
    if (!(problem instanceof Problem)) throw problem;
    this.put(h("p", {class: "alert", role: "alert"}, problem.message));
  }

  notes(lines) {
    this.put(...lines.length ? [h("div", {class: "note"}, h("ul", {}, ...lines.map(l => h("li", {}, sentence(l)))))] : []);
  }

  cancel() {
    this.stop.disabled = true;
    this.give_up?.();
  }

  // Sends a file. Gives {id, name, size}; null where it was cancelled.
  async upload(file) {
    const {limits} = await about;
    if (file.size > limits.megabytes * 1e6)
      throw new Problem(`${file.name}: ${bytes(file.size)} are more than the ${limits.megabytes} MB that this page takes; cut it, or use the command line, which takes any size.`);
    if (!file.size) throw new Problem(`${file.name}: the file is empty (0 bytes).`);
    const request = new XMLHttpRequest();
    this.stop.disabled = false;
    this.give_up = () => request.abort();
    this.show(`Taking ${file.name}`, 0);
    return new Promise((resolve, reject) => {
      request.open("POST", `/api/upload?name=${encodeURIComponent(file.name)}`);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.responseType = "json";
      request.upload.onprogress = e => this.show(`Taking ${file.name}`, e.lengthComputable ? e.loaded / e.total : null);
      request.onabort = () => { this.clear(); resolve(null); };
      request.onerror = () => reject(new Problem(`${file.name}: it cannot be read, or the server does not answer.`));
      request.onload = () => request.status === 200 ? resolve(request.response)
        : reject(new Problem(sentence(request.response?.line ?? `The server answered ${request.status}.`)));
      request.send(file);
    });
  }

  // Does a job. Gives {id, result, notes}; null where it was cancelled. heard: gets what a microphone's job answers.
  async run(kind, request, heard) {
    this.stop.disabled = false;
    this.show("Waiting", null);
    const {id} = await ask("POST", "/api/jobs", {kind, request});
    this.job = id;
    this.give_up = () => ask("POST", `/api/jobs/${id}/cancel`).catch(() => {});
    let known = 0;
    for (;;) {
      const told = await ask("GET", `/api/jobs/${id}?answers=${known}`);
      known += told.answers.length;
      heard?.(told);
      if (told.state === "done") {
        this.notes(told.notes);
        return {id, result: told.result, notes: told.notes};
      }
      if (told.state === "failed" || told.state === "cancelled") {
        forget(id);
        this.clear();
        if (told.state === "failed") throw new Problem(sentence(told.line));
        return null;
      }
      this.shown(told);
      await new Promise(resolve => setTimeout(resolve, heard ? 150 : 200));
    }
  }

  shown({state, before, progress}) {
    if (this.stop.disabled) return this.show("Stopping", null);
    if (state === "waiting") return this.show(before ? `Waiting for ${before} other job${before > 1 ? "s" : ""}` : "Waiting", null);
    if (!progress) return this.show("Starting", null);
    const {what, done, total, unit} = progress;
    const share = total ? done / total : null;
    const steps = {faces: "Looking for faces", mouths: "Following the mouths"};
    const voice = /^face (\d+)$/.exec(what);
    const text = steps[what] ?? (voice ? `Extracting the voice of face ${voice[1]}`
      : unit === "s" ? "Listening" : sentence(what));
    const count = unit === "s" ? (total ? `${Math.round(done)} of ${Math.round(total)} s` : `${Math.round(done)} s`)
      : total ? `${Math.round(100 * share)} %` : "";
    this.show(text, share, count);
  }
}

export function forget(job) {
  if (job) ask("DELETE", `/api/jobs/${job}`).catch(() => {});
}

export function forgetUpload(id) {
  if (id) ask("DELETE", `/api/upload/${id}`).catch(() => {});
}

// A place to drop files on, or to choose them.
export function drop(place, {title, hint, accept, multiple, take}) {
  const input = h("input", {type: "file", class: "waits", accept, multiple, onchange: () => {
    if (input.files.length) take([...input.files]);
    input.value = "";
  }});
  const small = h("small", {}, hint);
  const label = h("label", {class: "drop"}, input, h("span", {}, h("strong", {}, "Choose"), ` ${title}, or drop it here`), small,
    h("small", {class: "wait"}, "Wait until the work below has ended, or cancel it."));
  label.addEventListener("dragover", e => { e.preventDefault(); label.classList.add("over"); });
  label.addEventListener("dragleave", () => label.classList.remove("over"));
  label.addEventListener("drop", e => {
    e.preventDefault();
    label.classList.remove("over");
    const files = [...e.dataTransfer.files];
    if (files.length && !busy(label)) take(files);
  });
  place.replaceChildren(label);
  about.then(({limits}) => { small.textContent = `${hint} Up to ${limits.megabytes} MB and ${limits.minutes} minutes.`; }, () => {});
}

// The page says that it is open, so that its files stay, and when it is left, so that they go.
setInterval(() => ask("POST", "/api/here").catch(() => {}), 60000);
addEventListener("pagehide", () => { fetch("/api/leave", {method: "POST", headers, keepalive: true}).catch(() => {}); });
addEventListener("pageshow", e => { if (e.persisted) location.reload(); });
