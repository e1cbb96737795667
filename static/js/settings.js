// Rows that are added to a form: a template's fields, numbered on from those that are there.

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-add-row]");
  if (!button) return;
  const name = button.dataset.addRow;
  const form = button.closest("form");
  const total = form.elements[`${name}-TOTAL_FORMS`];
  const template = form.querySelector(`template[data-row="${name}"]`);
  const holder = document.createElement("div");
  holder.innerHTML = template.innerHTML.replaceAll("__prefix__", total.value);
  const row = holder.firstElementChild;
  const rows = form.querySelectorAll(".attribute-row");
  if (rows.length) [...rows].at(-1).after(row);
  else button.before(row);
  total.value = Number(total.value) + 1;
  row.querySelector("input:not([type=hidden])").focus();
});
