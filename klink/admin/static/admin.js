// What every screen has: times local to the reader, copy buttons, keys, and requests with the
// token that forms carry. Screens work without it.

const token = document.querySelector("meta[name=csrf]")?.content ?? "";

/** Send a form by script; `data` is a FormData, URLSearchParams or a plain object. */
export function post(url, data = {}) {
  const body = data instanceof FormData || data instanceof URLSearchParams ? data : new URLSearchParams(data);
  return fetch(url, { method: "POST", body, headers: { "X-Csrf": token }, credentials: "same-origin" });
}

/** Fetch a piece of a page. */
export function get(url) {
  return fetch(url, { headers: { "X-Klink": "fragment" }, credentials: "same-origin" });
}

/** `run`, but only once nobody has called for `ms`. */
export function debounce(run, ms) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...values), ms);
  };
}

/** Times in the reader's own zone and words; the exact UTC stays on hover. */
export function localTimes(root = document) {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const each of root.querySelectorAll("time[datetime]:not([data-ago])")) {
    const at = new Date(each.dateTime);
    if (!Number.isNaN(at.valueOf())) each.textContent = format.format(at);
  }
}

/** Buttons that take a text along; without a script they would do nothing, so they are hidden. */
export function copyButtons(root = document) {
  for (const button of root.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.setAttribute("aria-live", "polite");
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("button[data-copy]");
  if (!button) return;
  const label = (button.dataset.label ??= button.textContent);
  button.textContent = (await take(button.dataset.copy)) ? "Copied" : "Copy it by hand";
  setTimeout(() => (button.textContent = label), 1500);
});

async function take(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Over plain HTTP browsers have no clipboard for scripts but this.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.includes(`klink_tz=${zone}`)) {
  const secure = location.protocol === "https:" ? ";secure" : "";
  document.cookie = `klink_tz=${zone};path=/admin;max-age=31536000;samesite=lax${secure}`;
}

const places = { o: "/admin", l: "/admin/links", c: "/admin/conversions", b: "/admin/bio", s: "/admin/settings/account" };
let leading = 0;
const keys = document.getElementById("keys");

for (const button of document.querySelectorAll("button[data-keys]")) {
  button.hidden = false;
  button.addEventListener("click", () => keys.showModal());
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest?.("input, textarea, select, [contenteditable], dialog[open]")) return;
  const follows = Date.now() - leading < 1200;
  leading = 0;
  if (follows && places[event.key]) location.href = places[event.key];
  else if (event.key === "g") leading = Date.now();
  else if (event.key === "c") location.href = "/admin/links/new";
  else if (event.key === "?") keys?.showModal();
  else if (event.key === "/") {
    const field = document.querySelector("[data-search]");
    if (!field) location.href = "/admin/links";
    else {
      event.preventDefault();
      field.focus();
      field.select();
    }
  }
});

// A click beside an open question closes it, and Escape does.
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.confirm[open], .who[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const open of document.querySelectorAll("details.confirm[open], .who[open]")) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});

// The question may unfold below the window's edge.
document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.matches("details.confirm[open]")) event.target.lastElementChild.scrollIntoView({ block: "nearest" });
  },
  true,
);

// The first field that is wrong is where to go on.
document.querySelector("[aria-invalid=true]")?.focus();

localTimes();
copyButtons();

// A link was just made: its address is what is taken along next.
if (location.hash === "#copy") document.querySelector("main button[data-copy]")?.focus();

// On phones the places are a row, longer than the screen, and so are those of the settings.
for (const here of document.querySelectorAll(".places > [aria-current], .tabs > [aria-current]")) {
  const row = here.parentElement;
  row.scrollLeft = here.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
}
