"use strict";

const plots = () => document.querySelectorAll(".js-plotly-plot");

// A key's button hides or shows its activation in every chart, and in every copy of the key.
document.addEventListener("click", (event) => {
  const button = event.target.closest(".key button");
  if (!button) return;
  const shown = button.getAttribute("aria-pressed") !== "true";
  const index = Number(button.dataset.index);
  for (const twin of document.querySelectorAll(`.key button[data-index="${index}"]`)) {
    twin.setAttribute("aria-pressed", String(shown));
  }
  for (const plot of plots()) {
    const traces = plot.data.flatMap((trace, at) => (trace.meta === index ? [at] : []));
    if (traces.length) Plotly.restyle(plot, { visible: shown }, traces);
  }
});

// Plotly draws in pixels of the screen; paper is narrower, and shows nothing that is folded.
const PAPER_WIDTH = 690;
const unfolded = [];
window.addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("details:not([open])")) {
    fold.open = true;
    unfolded.push(fold);
  }
  for (const plot of plots()) Plotly.relayout(plot, { width: PAPER_WIDTH });
});
window.addEventListener("afterprint", () => {
  for (const fold of unfolded.splice(0)) fold.open = false;
  for (const plot of plots()) Plotly.relayout(plot, { width: null, autosize: true });
});
