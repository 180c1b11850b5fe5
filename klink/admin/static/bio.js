// Bio pages: whether a name can be had, how the words look, links that move without a new page,
// and pictures made small enough before they are sent. All of it works without, too.

import { debounce, get, post } from "./admin.js";

const SIDE = 512;

/** Say under a field whether its name can be had. */
for (const field of document.querySelectorAll("input[data-name]")) {
  const told = document.createElement("p");
  told.className = "help";
  told.setAttribute("role", "status");
  field.after(told);
  const ask = debounce(async () => {
    const name = field.value.trim().replace(/^@/, "").toLowerCase();
    if (name.length < 3 || name === field.dataset.own) return (told.textContent = "");
    const answer = await get(`${field.dataset.name}?${new URLSearchParams({ name })}`).catch(() => null);
    if (!answer?.ok || name !== field.value.trim().replace(/^@/, "").toLowerCase()) return;
    const { problem } = await answer.json();
    told.textContent = problem ? sentence(problem) : `@${name} can be had.`;
  }, 250);
  field.addEventListener("input", ask);
}

function sentence(text) {
  return text[0].toUpperCase() + text.slice(1) + (/[.?]$/.test(text) ? "" : ".");
}

/** The preview says what is typed. */
const preview = document.querySelector("[data-preview-of]");
for (const field of document.querySelectorAll("[data-preview]")) {
  field.addEventListener("input", () => {
    const text = field.value.trim();
    const place = preview.querySelector(`[data-shows=${field.dataset.preview}]`);
    place.textContent = text;
    if (field.dataset.preview !== "heading") return;
    place.textContent = text || preview.dataset.previewOf;
    preview.querySelector("[data-shows=name]").hidden = !text;
  });
}

/** Links: a form is sent, and of the page that comes back only their part is taken. */
const said = document.querySelector("[data-said]");

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form[data-quiet]")) return;
  event.preventDefault();
  if (form.dataset.isSent) return;
  form.dataset.isSent = "1";
  const asked = document.activeElement?.id;
  try {
    const answer = await post(form.action, new FormData(form));
    const text = await answer.text();
    if (!answer.headers.get("Content-Type")?.startsWith("text/html")) throw new Error(text.trim());
    take(new DOMParser().parseFromString(text, "text/html"), asked);
  } catch (error) {
    delete form.dataset.isSent;
    say(error instanceof TypeError ? "The server cannot be reached. Try again." : error.message, form);
  }
});

function take(fresh, asked) {
  const search = document.querySelector("[data-find]");
  const typed = search?.value;
  const open = [...document.querySelectorAll("[data-links] details[open] input[name=label]")].map((each) => each.id);
  for (const part of ["[data-links]", "[data-preview-links]"]) {
    document.querySelector(part).replaceWith(fresh.querySelector(part));
  }
  document.querySelector("input[name=version]").value = fresh.querySelector("input[name=version]").value;
  for (const id of open) {
    const details = document.getElementById(id)?.closest("details");
    if (details && asked !== `save-${id.slice(6)}` && asked !== id) details.open = true;
  }
  watchSearch();
  if (typed) {
    document.querySelector("[data-find]").value = typed;
    find();
  }
  const again = asked && document.getElementById(asked);
  const other = asked?.startsWith("up-") ? `down-${asked.slice(3)}` : `up-${asked?.slice(5)}`;
  const wrong = document.querySelector("[data-links] [aria-invalid=true]");
  const next = wrong ?? (again?.disabled ? document.getElementById(other) : again) ?? document.querySelector("[data-find]");
  next?.focus();
  if (next?.closest("details:not([open])")) next.closest("details").querySelector("summary").focus();
  const alert = document.querySelector("[data-links] [role=alert]");
  said.textContent = alert ? alert.textContent : "Done.";
}

function say(text, form) {
  said.textContent = text;
  const told = document.createElement("p");
  told.className = "error";
  told.textContent = text;
  form.parentElement.querySelector(":scope > .error")?.remove();
  form.after(told);
}

/** What is looked for is shown as one types. */
const find = debounce(async () => {
  const field = document.querySelector("[data-find]");
  const q = field.value;
  const answer = await get(`${field.form.action.split("#")[0]}?${new URLSearchParams({ q })}`).catch(() => null);
  if (!answer?.ok || q !== document.querySelector("[data-find]").value) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.querySelector("[data-found]").replaceWith(fresh.querySelector("[data-found]"));
}, 200);

function watchSearch() {
  document.querySelector("[data-find]")?.addEventListener("input", find);
}

watchSearch();

/** A photograph is larger than a page needs: it is made smaller here, if it must be. */
document.querySelector("input[data-most]")?.addEventListener("change", async ({ target: field }) => {
  const [file] = field.files;
  if (!file || !/^image\/(png|jpeg|webp)$/.test(file.type)) return;
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) return;
  const isSmall = file.size <= Number(field.dataset.most) && Math.max(picture.width, picture.height) <= 2000;
  if (isSmall) return;
  const share = Math.min(1, SIDE / Math.min(picture.width, picture.height), 2000 / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * share));
  canvas.height = Math.max(1, Math.round(picture.height * share));
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  const type = file.type === "image/jpeg" ? "image/jpeg" : "image/webp";
  const small = await new Promise((done) => canvas.toBlob(done, type, 0.85));
  if (!small || small.size >= file.size) return;
  const files = new DataTransfer();
  files.items.add(new File([small], "picture", { type: small.type }));
  field.files = files.files;
});
