// Says what a point of a chart stands for while it is pointed at. The numbers are those of the table
// below the chart, which everybody else reads.

function read(figure) {
  const names = [...figure.querySelectorAll("thead th")].map((each) => each.textContent);
  const rows = [...figure.querySelectorAll("tbody tr")];
  return rows.map((row) => [...row.cells].map((cell, i) => [names[i], cell.textContent]));
}

function line(words, number) {
  const made = document.createElement("div");
  const strong = document.createElement("b");
  strong.textContent = number;
  made.append(strong, ` ${words.toLowerCase()}`);
  return made;
}

for (const figure of document.querySelectorAll(".chart")) {
  const plot = figure.querySelector(".lines");
  const mark = plot.querySelector(".here");
  const tip = figure.querySelector(".tip");
  const points = read(figure);
  const steps = points.length - 1;

  const hide = () => {
    tip.hidden = true;
    mark.setAttribute("d", "");
  };
  const show = (event) => {
    const box = plot.getBoundingClientRect();
    const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
    const at = Math.round(share * steps);
    const [[, when], ...numbers] = points[at];
    tip.replaceChildren(when, ...numbers.map(([name, number]) => line(name, number)));
    tip.hidden = false;
    mark.setAttribute("d", `M${(1000 * at) / steps} 0V200`);
    // On the side where there is room for it.
    const whole = figure.getBoundingClientRect();
    const x = box.left - whole.left + box.width * (at / steps);
    const left = x > whole.width / 2 ? x - tip.offsetWidth - 12 : x + 12;
    tip.style.left = `${Math.max(left, 0)}px`;
  };
  if (steps < 1) continue;
  plot.addEventListener("pointermove", show);
  plot.addEventListener("pointerdown", show);
  plot.addEventListener("pointerleave", hide);
  plot.addEventListener("pointercancel", hide);
}
