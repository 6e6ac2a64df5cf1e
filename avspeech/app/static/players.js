// Players with waveforms that share one position.

import {clock, h} from "./api.js";

const PLAY = "M6 4l14 8-14 8z", PAUSE = "M6 4h4v16H6zM14 4h4v16h-4z";

function wave(bars, loudest) {
  const top = bars.map((bar, i) => `${i} ${(50 - 48 * bar / loudest).toFixed(1)}`);
  const bottom = bars.map((bar, i) => `${i} ${(50.5 + 48 * bar / loudest).toFixed(1)}`).reverse();
  return h("svg", {viewBox: `0 0 ${Math.max(1, bars.length - 1)} 100`, preserveAspectRatio: "none", "aria-hidden": "true"},
    h("path", {d: `M${top.join("L")}L${bottom.join("L")}Z`}));
}

// rows: [{name, url, bars, seconds, lead: elements before the name, more: elements behind it, below}].
// moved: called with the position in seconds, and whether something plays.
export class Players {
  constructor(place, rows, moved = () => {}) {
    this.at = 0;
    this.moved = moved;
    this.loudest = Math.max(1, ...rows.map(row => Math.max(0, ...row.bars)));  // so that levels compare
    this.rows = rows.map(row => this.row(row));
    place.replaceChildren(...this.rows.map(row => row.element));
  }

  row({name, url, bars, seconds, lead = [], more = [], below}) {
    const audio = new Audio(url);
    audio.preload = "auto";
    const icon = h("path", {d: PLAY});
    const button = h("button", {type: "button", class: "play", "aria-pressed": "false", "aria-label": `Play ${name}`},
      h("svg", {viewBox: "0 0 24 24", "aria-hidden": "true"}, icon));
    const played = wave(bars, this.loudest), line = h("i"), time = h("span", {class: "time"});
    const range = h("input", {type: "range", min: 0, max: seconds, step: "any", value: 0, "aria-label": `Position in ${name}`});
    const element = h("div", {class: "player"}, button,
      h("div", {class: "name"}, h("b", {}, ...lead, name), time, ...more),
      h("div", {class: "wave"}, wave(bars, this.loudest), played, line, range), below);
    const row = {audio, button, element, icon, line, name, played, range, seconds, time};
    button.addEventListener("click", () => audio.paused ? this.play(row) : audio.pause());
    range.addEventListener("input", () => this.seek(Number(range.value)));
    for (const event of ["play", "pause", "ended"]) audio.addEventListener(event, () => this.state(row));
    audio.addEventListener("timeupdate", () => this.follow(row));
    this.place(row);
    return row;
  }

  play(row) {
    for (const other of this.rows) if (other !== row) other.audio.pause();
    row.audio.currentTime = this.at >= row.seconds - 0.05 ? 0 : this.at;
    row.audio.play().catch(() => {});
    const step = () => {
      this.follow(row);
      if (!row.audio.paused) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  stop() { for (const row of this.rows) row.audio.pause(); }

  seek(seconds) {
    this.at = seconds;
    for (const row of this.rows) {
      if (!row.audio.paused) row.audio.currentTime = Math.min(seconds, row.seconds);
      this.place(row);
    }
    this.moved(seconds, false);
  }

  follow(row) {
    if (row.audio.paused || row.audio.seeking) return;
    this.at = row.audio.currentTime;
    for (const other of this.rows) this.place(other);
    this.moved(this.at, true);
  }

  state(row) {
    const plays = !row.audio.paused && !row.audio.ended;
    row.button.setAttribute("aria-pressed", plays);
    row.button.setAttribute("aria-label", `${plays ? "Pause" : "Play"} ${row.name}`);
    row.icon.setAttribute("d", plays ? PAUSE : PLAY);
    if (!plays) this.moved(this.at, false);
  }

  place(row) {
    const share = row.seconds ? Math.min(1, this.at / row.seconds) : 0;
    row.line.style.left = `${100 * share}%`;
    row.played.style.clipPath = `inset(0 ${100 * (1 - share)}% 0 0)`;
    row.time.textContent = `${clock(Math.min(this.at, row.seconds))} / ${clock(row.seconds)}`;
    if (document.activeElement !== row.range || !row.audio.paused) row.range.value = this.at;
    row.range.setAttribute("aria-valuetext", `${this.at.toFixed(1)} of ${row.seconds.toFixed(1)} seconds`);
  }
}
