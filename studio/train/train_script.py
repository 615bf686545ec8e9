"""What the Train tab does in the browser, as JavaScript functions for Gradio's events."""

# The run that this browser watches: in the link, so that it can be shared, and in the browser's memory, where there is
# one; before anything changes the link. Signing in takes a link apart and leaves the plus of a mixture bare, which then
# reads as a space.
RECALL = """() => {
  let kept = null;
  try { kept = localStorage.getItem("doodles-run"); } catch {}
  const linked = new URLSearchParams(location.search).get("run");
  return (window.doodlesRecalled ??= (linked || kept || "").replaceAll(" ", "+"));
}"""
SHOW_ADDRESS = f"""() => {{
  const run = window.doodlesRun ?? ({RECALL})();
  window.doodlesAddress?.(run ? {{ run }} : {{ tab: "train" }});
}}"""
ATTACHED = f"""(run) => {{
  window.doodlesRun = run;
  try {{
    if (!run && localStorage.getItem("doodles-run") === window.doodlesRecalled) localStorage.removeItem("doodles-run");
  }} catch {{}}
  ({SHOW_ADDRESS})();
}}"""
KEEP = f"""(run) => {{
  try {{ localStorage.setItem("doodles-run", run); }} catch {{}}
  ({ATTACHED})(run);
}}"""
# The class that another tab sends here to be trained.
PICK = """() => {
  const name = window.doodlesTrain;
  window.doodlesTrain = null;
  return name ? [{__type__: "update", value: [name]}] : [];
}"""
# What was typed counts when somebody goes on to something else, as in the page's other pickers: Gradio would drop it.
TAKE_TYPED = """
const take = (event) => {
  const box = document.querySelector("#train-classes input");
  const typed = box?.value.trim().toLowerCase();
  const isLeft = event.key === "Tab" || !event.target.closest("#train-classes");
  if (!typed || !isLeft || document.activeElement !== box) return;
  const options = [...document.querySelectorAll("#train-classes [role=option]")];
  const called = (test) => options.find((option) => test(option.innerText.trim().toLowerCase()));
  const meant = called((name) => name === typed) ?? called((name) => name.startsWith(typed));
  meant?.dispatchEvent(new MouseEvent("mousedown", { bubbles: true }));
};
document.addEventListener("pointerdown", take, true);
document.addEventListener("keydown", (event) => { if (event.key === "Tab") take(event); }, true);"""
# Whoever comes back to this tab, or to the page, sees what has begun, ended or gone on meanwhile.
LOOK_AGAIN = """() => [{__type__: "update", active: true}]"""
# Answers can overtake each other. The last word is that to the newest question; after any other the page asks again.
# What will be seen when the answer comes is sure only where nothing else is under way.
ASK = """(run, moment, seen) => {
  const is_sure = seen?.asked === window.doodlesAsked;
  window.doodlesAsked = (window.doodlesAsked ?? 0) + 1;
  return [run, moment, { ...seen, is_sure, asked: window.doodlesAsked }];
}"""
LAST_WORD = f"(seen) => seen?.asked === window.doodlesAsked ? [] : ({LOOK_AGAIN})()"
