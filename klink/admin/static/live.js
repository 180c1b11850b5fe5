// Looks at the clicks of the last minutes again and again, while somebody can see them.
import { get, localTimes } from "./admin.js";

const EVERY_MS = 10_000;
const box = document.getElementById("live");

async function look() {
  if (document.hidden) return;
  try {
    const reply = await get(box.dataset.url);
    if (!reply.ok) return;
    box.innerHTML = await reply.text();
    localTimes(box);
  } catch {
    // The server is away; what is there stays, and the next look tries again.
  }
}

setInterval(look, EVERY_MS);
document.addEventListener("visibilitychange", look);
