// Copy buttons: one click, a quiet confirmation, the field itself when the
// clipboard is refused.
{
  document.documentElement.classList.add("scripted");

  const confirm = (button, word) => {
    const before = button.dataset.word ?? (button.dataset.word = button.textContent);
    button.textContent = word;
    button.classList.add("done");
    clearTimeout(button.timer);
    button.timer = setTimeout(() => {
      button.textContent = before;
      button.classList.remove("done");
    }, 2000);
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const field = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(field.value);
      confirm(button, button.dataset.done);
    } catch {
      field.select();
      confirm(button, document.execCommand("copy") ? button.dataset.done : button.dataset.marked);
    }
  });

  document.addEventListener("focusin", (event) => {
    if (event.target.matches(".copy input")) event.target.select();
  });
}
