const body = document.querySelector(".catalogue tbody");
const rows = [...body.rows];
const search = document.getElementById("search");
const chips = [...document.querySelectorAll(".chips button")];

// A row stays while it has every property that is pressed and a name that holds the words.
function filter() {
  const wanted = chips.filter((c) => c.getAttribute("aria-pressed") === "true");
  const words = search.value.trim().toLowerCase();
  let shown = 0;
  for (const row of rows) {
    const has = row.dataset.properties.split(" ");
    row.hidden =
      !row.dataset.names.includes(words) || !wanted.every((c) => has.includes(c.dataset.property));
    shown += !row.hidden;
  }
  document.getElementById("nothing").hidden = shown > 0;
}
search.addEventListener("input", filter);
for (const chip of chips) {
  chip.addEventListener("click", () => {
    chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
    filter();
  });
}

// Numbers, with the typographer's minus, before words.
function compare(a, b) {
  const [x, y] = [a, b].map((text) => parseFloat(text.replaceAll("−", "-").replaceAll("∞", "Infinity").replace(/^[[(]/, "")));
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
  return x - y || a.localeCompare(b);
}
document.querySelectorAll(".catalogue thead button").forEach((button) => {
  button.addEventListener("click", () => {
    const head = button.parentElement;
    const rising = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentElement.cells) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", rising ? "ascending" : "descending");
    const at = head.cellIndex;
    rows.sort((a, b) => (rising ? 1 : -1) * compare(a.cells[at].innerText, b.cells[at].innerText));
    body.append(...rows);
  });
});
