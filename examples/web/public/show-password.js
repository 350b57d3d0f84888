// The buttons that show a password while it is typed. They stay hidden without JavaScript.

for (const button of document.querySelectorAll("button[data-shows]")) {
  const input = document.getElementById(button.dataset.shows);
  button.hidden = false;
  button.addEventListener("click", () => show(input.type === "password"));
  // Otherwise the browser would offer a shown password again as an ordinary text.
  input.form.addEventListener("submit", () => show(false));

  function show(isShown) {
    input.type = isShown ? "text" : "password";
    button.textContent = isShown ? "Hide password" : "Show password";
  }
}
