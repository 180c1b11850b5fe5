// The table of links: rows that are selected together, keys, and a search that finds while one
// types. Without it the boxes, the buttons and the search work as plain forms.

import { copyButtons, debounce, get } from "./admin.js";

const results = document.getElementById("results");
let last; // the box that was ticked last: where a range begins

const boxes = () => [...results.querySelectorAll("input[name=ids]")];
const rows = () => [...results.querySelectorAll("tr[data-link]")];

function show() {
  const all = boxes();
  const picked = all.filter((box) => box.checked);
  for (const box of all) box.closest("tr").classList.toggle("picked", box.checked);
  const head = document.getElementById("all");
  const bar = document.getElementById("actions");
  if (!head || !bar) return;
  head.checked = picked.length === all.length;
  head.indeterminate = picked.length > 0 && !head.checked;
  bar.hidden = picked.length === 0;
  bar.classList.add("floating");
  document.getElementById("chosen").textContent = picked.length === 1 ? "1 link" : `${picked.length} links`;
}

function begin() {
  last = undefined;
  for (const row of rows()) row.tabIndex = -1;
  const first = rows()[0];
  if (first) first.tabIndex = 0;
  const head = document.getElementById("all");
  if (head) head.hidden = false;
  copyButtons(results);
  show();
}

results.addEventListener("click", (event) => {
  const box = event.target.closest("input[type=checkbox]");
  if (!box) return;
  const all = boxes();
  if (box.id === "all") for (const each of all) each.checked = box.checked;
  else {
    if (event.shiftKey && last && all.includes(last)) {
      const ends = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
      for (const each of all.slice(ends[0], ends[1] + 1)) each.checked = box.checked;
    }
    last = box;
  }
  show();
});

// A row opens where there is nothing else to click, and nothing was selected to be copied.
results.addEventListener("click", (event) => {
  const row = event.target.closest("tbody tr[data-link]");
  if (!row || event.target.closest("a, button, input, .pick")) return;
  if (!getSelection().isCollapsed) return;
  if (event.ctrlKey || event.metaKey) open(row.dataset.link, "_blank", "noopener");
  else location.href = row.dataset.link;
});

function go(row) {
  if (!row) return;
  for (const each of rows()) each.tabIndex = -1;
  row.tabIndex = 0;
  row.focus();
  row.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const field = event.target.closest?.("input:not([type=checkbox]), textarea, select, dialog[open]");
  if (field) return;
  const all = rows();
  const here = event.target.closest?.("tr[data-link]");
  const at = all.indexOf(here);
  const on = event.target === here; // the row itself, no link or box within it
  if (event.key === "j" || (event.key === "ArrowDown" && here)) go(all[at + 1] ?? here);
  else if (event.key === "k" || (event.key === "ArrowUp" && here)) go(at > 0 ? all[at - 1] : all[0]);
  else if (event.key === "x" && here) {
    const box = here.querySelector("input[name=ids]");
    box.checked = !box.checked;
    last = box;
    show();
  } else if (event.key === "Enter" && on) location.href = here.dataset.link;
  else if (event.key === "e" && here && here.dataset.edit) location.href = here.dataset.edit;
  else return;
  event.preventDefault();
});

// The list follows what is typed; its address does, too, so that "back" comes here again.
const form = document.getElementById("find");
let asked = 0;

async function find() {
  const values = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  const url = `${form.action}?${values}`;
  const mine = ++asked;
  const reply = await get(url).catch(() => undefined);
  if (mine !== asked) return; // another question has been asked since
  if (reply?.status !== 200 || reply.redirected) return; // sent as a form it says what is wrong
  results.innerHTML = await reply.text();
  history.replaceState(null, "", url);
  const total = document.querySelector("h1 .total"); // is that of all links
  if (total) total.hidden = [...values.keys()].some((name) => name !== "sort");
  begin();
}

form.querySelector("[data-search]").addEventListener("input", debounce(find, 200));

// A filter holds as soon as it is chosen, but for the trash, which is a page of its own.
const { state } = form.elements;
const isTrash = state.value === "trashed";
form.querySelector(".filters").addEventListener("change", () => {
  if (!isTrash && state.value !== "trashed") find();
});

begin();
addEventListener("pageshow", show); // browsers tick the boxes again that were ticked
