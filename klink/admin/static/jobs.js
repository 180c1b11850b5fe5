// Follows jobs while one is running, so that nobody has to load the page again.

import { get } from "./admin.js";

const place = document.getElementById("jobs");
const EVERY_MS = 1500;
const FIRST_LOOKS = 4; // a job that was asked for a moment ago may begin and end between two looks
let looks = 0;

async function look() {
  looks += 1;
  if (!document.hidden && !place.contains(document.activeElement)) {
    const reply = await get(place.dataset.from).catch(() => null);
    if (reply?.ok) place.innerHTML = await reply.text();
  }
  if (looks < FIRST_LOOKS || place.querySelector("[data-running]")) setTimeout(look, EVERY_MS);
}

setTimeout(look, EVERY_MS);
