// The box one writes in.
import { h } from "./dom.js";
import { openMenu } from "./menu.js";

// `send(text)` gives an outcome; `shortcuts` are the app's entries in the box's own menu.
export function fillComposer(form, label, placeholder, send, shortcuts = []) {
  const box = h("textarea", { rows: 1, "aria-label": label, placeholder });
  const error = h("div", { class: "failure", role: "alert", hidden: true });
  const button = h("button", { class: "send", type: "submit", "aria-label": "Send" }, "➤");
  const more = shortcuts.length > 0 && h("button", {
    type: "button", class: "send", "aria-label": "Shortcuts", "aria-haspopup": "menu",
    onclick: (event) => openMenu(event.currentTarget, shortcuts),
  }, "⚡");
  const grow = () => {
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight, 160)}px`;
    form.classList.toggle("ready", box.value.trim() !== "");
  };
  box.addEventListener("input", grow);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.onsubmit = async (event) => {
    event.preventDefault();
    const text = box.value.trim();
    if (!text || form.classList.contains("busy")) return;
    form.classList.add("busy");
    box.value = "";
    grow();
    const outcome = await send(text);
    form.classList.remove("busy");
    // A failed command is told by Slackbot in the channel; everything else here.
    error.hidden = outcome.ok || text.startsWith("/");
    error.textContent = outcome.error ?? "";
    if (!error.hidden) box.value = text;
  };
  form.replaceChildren(error, h("div", { class: "write" }, more, box, button));
}
