const style = document.getElementById("style");
const character = document.getElementById("character");
function filter() {
  const wanted = [...character.value.trim()];
  let shown = 0;
  for (const item of document.querySelectorAll("[data-style]")) {
    const label = item.dataset.label;
    const fits = (!style.value || item.dataset.style === style.value)
      && (label === undefined || !wanted.length || wanted.some((one) => label.includes(one)));
    item.hidden = !fits;
    if (fits && label !== undefined) shown += 1;
  }
  for (const cell of document.querySelectorAll("[data-column]")) {
    cell.hidden = wanted.length > 0 && !wanted.includes(cell.dataset.column);
  }
  document.getElementById("shown").textContent = `${shown} samples shown`;
}
if (style) {
  style.addEventListener("change", filter);
  character.addEventListener("input", filter);
  filter();
}
