// The rooms, one at a time, by the address' fragment.

import {$} from "./api.js";
import * as extract from "./extract.js";
import * as speak from "./speak.js";
import * as emotion from "./emotion.js";

const rooms = {extract, speak, emotion};

function enter() {
  const name = location.hash.slice(1) in rooms ? location.hash.slice(1) : "extract";
  for (const key of Object.keys(rooms)) {
    $(`${key}-room`).hidden = key !== name;
    const link = document.querySelector(`nav a[href="#${key}"]`);
    if (key === name) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
    if (key !== name) rooms[key].leave();
  }
  document.title = `${name[0].toUpperCase()}${name.slice(1)} – avspeech`;
  scrollTo(0, 0);
}

for (const room of Object.values(rooms)) room.start();
addEventListener("hashchange", () => { if (location.hash !== "#main") enter(); });
// A file that misses its place must not be opened instead of the page.
for (const event of ["dragover", "drop"]) addEventListener(event, e => e.preventDefault());
enter();
