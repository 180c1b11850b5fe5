// The form for a link: what its buttons do without loading the page anew, and what is told while
// one types. The server knows what a row is and who gets what; here its answers are put in place.
import { copyButtons, debounce, get, localTimes, post } from "./admin.js";

const form = document.getElementById("link-form");

/** The form as it is now; a plain body, since parts of a multipart one are few. */
function sent(button) {
  const data = new URLSearchParams(new FormData(form));
  data.delete("do");
  if (button) data.set("do", button.value);
  return data;
}

// Rows: the server answers with the whole page, of which the form's inside is taken.

form.addEventListener("click", async (event) => {
  const button = event.target.closest?.("button[data-again]");
  if (!button) return;
  event.preventDefault();
  if (button.value === "explain") return explain();
  const reply = await post(form.action, sent(button)).catch(() => null);
  if (!reply?.ok) return form.requestSubmit(button);
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  const made = page.getElementById("link-form");
  if (!made) return location.reload();
  const open = [...form.querySelectorAll("details[id^=fold-][open]")].map((each) => each.id);
  const password = form.elements.password?.value;
  form.replaceChildren(...made.childNodes);
  isTyped = true;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (password) {
    form.elements.password.value = password;
    form.querySelector("[data-typed]")?.remove();
  }
  localTimes(form);
  copyButtons(form);
  goTo(made.dataset.focus);
});

function goTo(id) {
  const place = id && document.getElementById(id);
  if (!place) return;
  place.closest("details")?.setAttribute("open", "");
  (place.matches("details") ? place.querySelector("summary") : place).focus();
}

// Who gets what.

let asked = 0;
async function explain() {
  const mine = ++asked;
  const reply = await post(form.dataset.explain, sent()).catch(() => null);
  if (!reply?.ok || mine !== asked) return;
  document.getElementById("f-preview").innerHTML = await reply.text();
  const url = form.querySelector("[data-utm-url]")?.dataset.utmUrl;
  if (url) document.getElementById("utm-url").textContent = url;
}
const explainSoon = debounce(explain, 400);

// The slug.

let looked = 0;
async function look() {
  const word = document.getElementById("slug-word");
  const mine = ++looked;
  const of = form.elements.of?.value ?? "";
  const query = { slug: form.elements.slug.value, domain: form.elements.domain?.value ?? "", of };
  const reply = await get(`${form.dataset.slug}?${new URLSearchParams(query)}`).catch(() => null);
  if (!reply?.ok || mine !== looked) return;
  const found = await reply.json();
  word.dataset.state = found.state;
  const first = found.text.startsWith("klink ") ? "k" : found.text[0].toUpperCase();
  word.textContent = `${first}${found.text.slice(1)}. `;
  if (found.href) {
    const link = Object.assign(document.createElement("a"), { href: found.href, textContent: "Look at it" });
    word.append(link, " ");
  }
  if (found.suggestion) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "btn small", textContent: `Take ${found.suggestion}` });
    button.addEventListener("click", () => {
      form.elements.slug.value = found.suggestion;
      form.elements.slug.focus();
      look();
    });
    word.append(button);
  }
}
const lookSoon = debounce(look, 250);

// Weights that keep to 100.

function weigh() {
  const word = document.getElementById("weights");
  if (!word) return;
  const weights = [...form.querySelectorAll("[data-weight]")].map((each) => parseInt(each.value, 10) || 0);
  const sum = weights.reduce((a, b) => a + b, 0);
  const off = sum < 100 ? `: ${100 - sum} missing` : sum > 100 ? `: ${sum - 100} too many` : "";
  word.textContent = `The weights sum to ${sum}${off}.`;
  word.dataset.state = off ? "bad" : "good";
  document.getElementById("do-mend").hidden = !off;
}

// Fields with several values: what is offered belongs behind the last comma.

function offer(field) {
  const list = document.getElementById("many-list");
  const cut = field.value.lastIndexOf(",") + 1;
  const before = field.value.slice(0, cut);
  const known = [...document.getElementById(field.dataset.many).options];
  const taken = new Set(before.split(",").map((each) => each.trim()));
  list.replaceChildren(
    ...known
      .filter((each) => !taken.has(each.value))
      .map((each) => new Option("", before ? `${before} ${each.value}` : each.value)),
  );
  field.setAttribute("list", "many-list");
}

form.addEventListener("focusin", (event) => {
  if (event.target.dataset.many) offer(event.target);
});

form.addEventListener("input", (event) => {
  const field = event.target;
  if (field.dataset.many) offer(field);
  if (field.name === "slug" || field.name === "domain") lookSoon();
  if ("weight" in field.dataset) weigh();
  const summary = field.closest(".rule")?.querySelector("summary .muted");
  if (summary) summary.textContent = "changed, not saved yet";
  if (field.name !== "slug" && field.name !== "password") explainSoon();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  form.requestSubmit(document.getElementById("do-save"));
});

let isSent = false;

// What was typed is not left behind by a slip; Cancel is none.
let isTyped = false;
form.addEventListener("input", () => (isTyped = true));
form.addEventListener("click", (event) => {
  if (event.target.closest(".finish a")) isTyped = false;
});
addEventListener("beforeunload", (event) => {
  if (isTyped && !isSent) event.preventDefault();
});

// One link for one click, however often it is clicked.
form.addEventListener("submit", (event) => {
  if (isSent) event.preventDefault();
  isSent = true;
});
addEventListener("pageshow", () => (isSent = false));

if (form.dataset.focus) goTo(form.dataset.focus);
else if (!form.querySelector("[aria-invalid=true]")) goTo("f-");
