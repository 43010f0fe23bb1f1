// Small comforts: menus close when one clicks elsewhere or presses Escape, the
// first wrong field takes the focus, and a form is not sent twice.
{
  const open = () => document.querySelectorAll("details.ask[open], details.programs[open], details.more[open]");

  document.addEventListener("click", (event) => {
    for (const details of open()) if (!details.contains(event.target)) details.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const details of open()) {
      details.open = false;
      details.querySelector("summary").focus();
    }
  });

  document.querySelector("[aria-invalid=true]")?.focus();

  document.addEventListener("submit", (event) => {
    if (event.target.dataset.sent && event.target.method === "post") event.preventDefault();
    event.target.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => {
    for (const form of document.forms) delete form.dataset.sent;
  });
}
