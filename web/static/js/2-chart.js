// Under the pointer, or with the arrow keys, a chart tells all series' values
// at one place. The values are those of its own table.
for (const chart of document.querySelectorAll(".chart")) {
  const svg = chart.querySelector(".plot svg");
  const rows = [...chart.querySelectorAll(".astable tbody tr")].map((tr) => [...tr.cells].map((c) => c.textContent));
  const names = [...chart.querySelectorAll(".astable thead th")].map((th) => th.textContent);
  if (!svg || rows.length === 0) continue;
  for (const title of svg.querySelectorAll(".reach title")) title.remove();

  const reading = document.createElement("div");
  reading.className = "reading";
  reading.hidden = true;
  reading.setAttribute("role", "status");
  chart.querySelector(".plot").append(reading);

  const make = (name, set) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in set) node.setAttribute(key, set[key]);
    return node;
  };
  const cursor = make("line", { class: "cursor", y1: "0", y2: "100%", visibility: "hidden" });
  svg.querySelector(".cursors").append(cursor);
  const board = () => svg.querySelector(".base").getBoundingClientRect();
  let at = -1;

  const show = (index) => {
    at = Math.max(0, Math.min(rows.length - 1, index));
    const share = rows.length === 1 ? 0.5 : at / (rows.length - 1);
    cursor.setAttribute("x1", share * 100 + "%");
    cursor.setAttribute("x2", share * 100 + "%");
    cursor.setAttribute("visibility", "visible");
    reading.replaceChildren();
    const head = document.createElement("b");
    head.textContent = rows[at][0];
    reading.append(head);
    for (let i = 1; i < names.length; i++) {
      const line = document.createElement("span");
      const value = document.createElement("i");
      line.append(names[i], value);
      value.textContent = rows[at][i];
      reading.append(line);
    }
    reading.hidden = false;
    const left = board().left - svg.getBoundingClientRect().left + share * board().width;
    reading.style.left = Math.max(0, left + (share > 0.5 ? -reading.offsetWidth - 12 : 12)) + "px";
  };
  const hide = () => {
    reading.hidden = true;
    cursor.setAttribute("visibility", "hidden");
  };

  const plot = chart.querySelector(".plot");
  plot.addEventListener("pointermove", (event) => {
    const box = board();
    show(Math.round(((event.clientX - box.left) / box.width) * (rows.length - 1)));
  });
  plot.addEventListener("pointerleave", hide);
  plot.addEventListener("blur", hide);
  plot.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) {
      event.preventDefault();
      show(at < 0 ? (step < 0 ? rows.length - 1 : 0) : at + step);
    } else if (event.key === "Escape") hide();
  });
}
