const form = document.getElementById("filters");
const walls = [...document.querySelectorAll("section[data-source]")];
const hands = [...document.querySelectorAll(".hands > li")];
const boxOf = (hand) => hand.querySelector("input");
const nameOf = (hand) => hand.querySelector(".name").textContent;
const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
hands.forEach((hand, number) => { hand.dataset.number = number; });

function filter() {
  const groups = [...form.querySelectorAll("fieldset")].map((group) => [
    group.dataset.group, new Set([...group.querySelectorAll(":checked")].map((box) => box.value)),
  ]);
  const least = Number(document.getElementById("legible")?.value ?? 0);
  const name = document.getElementById("name").value.trim().toLowerCase();
  let shown = 0;
  for (const hand of hands) {
    const fits = groups.every(([group, accepted]) => hand.dataset[group].split("\n").every((each) => accepted.has(each)))
      && (!least || (hand.dataset.legible !== "" && Number(hand.dataset.legible) >= least))
      && nameOf(hand).toLowerCase().includes(name);
    hand.hidden = !fits;
    if (fits) shown += 1;
  }
  for (const wall of walls) wall.hidden = !wall.querySelector(".hands > li:not([hidden])");
  document.getElementById("count").textContent = `${shown.toLocaleString("en")} of ${plural(hands.length, "style")} shown`;
}

function sort() {
  const order = document.getElementById("order").value;
  const before = {
    legible: (a, b) => Number(b.dataset.legible) - Number(a.dataset.legible) || a.dataset.number - b.dataset.number,
    name: (a, b) => nameOf(a).localeCompare(nameOf(b), "en", { numeric: true }),
  }[order] ?? ((a, b) => a.dataset.number - b.dataset.number);
  for (const list of document.querySelectorAll(".hands")) list.append(...[...list.children].sort(before));
}

function quoted(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\"'\"'")}'`;
}

/** What is asked of a source's styles: their names, what was asked at first if it is all of them, null if none. */
function stylesOf(wall) {
  const boxes = [...wall.querySelectorAll(".hands input")];
  const names = boxes.filter((box) => box.checked).map((box) => box.value);
  if (!names.length) return null;
  return names.length === boxes.length && wall.dataset.whole ? wall.dataset.styles : names.join(",");
}

function choose() {
  const count = hands.filter((hand) => boxOf(hand).checked).length;
  const some = walls.map((wall) => [JSON.parse(wall.dataset.source), count ? stylesOf(wall) : wall.dataset.styles])
    .filter(([, styles]) => styles !== null);
  const command = document.getElementById("command"), recipe = document.getElementById("recipe");
  if (recipe) {
    const lines = some.map(([source, styles]) => `  - ${JSON.stringify(styles ? { ...source, styles } : source)}\n`);
    recipe.value = `${recipe.dataset.head}sources:\n${lines.join("")}`;
    document.getElementById("save").href = `data:application/yaml;charset=utf-8,${encodeURIComponent(recipe.value)}`;
  } else {
    const styles = some[0][1];
    command.value = command.dataset.head + (styles ? ` --styles ${quoted(styles)}` : "");
  }
  document.getElementById("chosen").textContent = count
    ? `${plural(count, "style")} selected` : "Nothing selected: this draws in every style.";
}

form.addEventListener("input", filter);
document.getElementById("order").addEventListener("change", sort);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(() => { filter(); sort(); }));
document.getElementById("hands").addEventListener("change", choose);
for (const [id, checked] of [["all", true], ["none", false]]) {
  document.getElementById(id).addEventListener("click", () => {
    for (const hand of hands) if ((!checked || !hand.hidden) && !boxOf(hand).disabled) boxOf(hand).checked = checked;
    choose();
  });
}
for (const button of document.querySelectorAll("[data-copies]")) {
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copies);
    field.select();
    try { await navigator.clipboard.writeText(field.value); } catch { document.execCommand("copy"); }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}
filter();
sort();
choose();
