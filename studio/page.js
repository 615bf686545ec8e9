() => {
  // Clicking into a class picker selects its text, so that typing searches at once.
  let entered = null;
  document.addEventListener("focusin", (event) => { entered = event.target; });
  document.addEventListener("click", (event) => {
    if (event.target === entered && event.target.matches(".picker input")) event.target.select();
    entered = null;
  });
}
