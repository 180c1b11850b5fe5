// The QR code follows the form as one types; without this the button shows it.

import { debounce, get } from "./admin.js";

const form = document.querySelector("[data-qr-form]");
const picture = document.querySelector("[data-qr]");
const problem = document.querySelector("[data-qr-problem]");
const files = document.querySelectorAll("[data-qr-file]");
let asked = 0;

const show = debounce(async () => {
  const turn = ++asked;
  const query = `?${new URLSearchParams(new FormData(form))}`;
  const reply = await get(picture.dataset.qr + query).catch(() => null);
  if (turn !== asked) return; // a later one is under way
  const told = !reply ? "The server cannot be reached." : reply.ok ? "" : await reply.text();
  if (turn !== asked) return;
  problem.textContent = told.trim();
  if (!reply?.ok) return;
  picture.src = picture.dataset.qr + query;
  for (const file of files) file.href = file.dataset.qrFile + query;
}, 150);

form.querySelector("button").hidden = true;
form.addEventListener("input", show);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  show();
});
