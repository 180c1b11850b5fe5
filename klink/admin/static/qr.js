// The QR code follows the form as one types: the page is asked for again, and what differs is
// taken from it. Without this the button does the same.

import { copyButtons, debounce, get } from "./admin.js";

const form = document.querySelector("[data-qr-form]");
let asked = 0;

const show = debounce(async () => {
  const turn = ++asked;
  const reply = await get(`${form.action}?${new URLSearchParams(new FormData(form))}`).catch(() => null);
  const text = await reply?.text();
  if (turn !== asked) return; // a later one is under way
  if (!reply?.ok) return tell("The server cannot be reached, or you are signed out.");
  const page = new DOMParser().parseFromString(text, "text/html");
  for (const input of form.querySelectorAll("input, select")) takeErrors(input, page.getElementById(input.id));
  const fresh = page.querySelector("[data-qr-picture]");
  if (fresh.querySelector("img")) {
    document.querySelector("[data-qr-picture]").replaceWith(fresh);
    copyButtons(fresh);
  } else tell("Still the last code that scanners can read.");
}, 150);

function tell(text) {
  document.querySelector("[data-qr-problem]").textContent = text;
}

/** Errors stand at their fields, as they do without a script. */
function takeErrors(input, fresh) {
  const field = input.closest(".field");
  const freshField = fresh.closest(".field");
  field.className = freshField.className;
  for (const name of ["aria-invalid", "aria-describedby"]) {
    if (fresh.hasAttribute(name)) input.setAttribute(name, fresh.getAttribute(name));
    else input.removeAttribute(name);
  }
  field.querySelector(".error")?.remove();
  const error = freshField.querySelector(".error");
  if (error) field.append(error);
}

form.querySelector("button").hidden = true;
form.addEventListener("input", show);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  show();
});
