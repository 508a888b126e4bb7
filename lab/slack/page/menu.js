// One small menu at a time, below or above the button that opened it.
import { h } from "./dom.js";

const box = document.getElementById("menu");

// `items` are { text, act } or DOM nodes; Escape and a click elsewhere close it, the browser sees to that.
export function openMenu(button, items) {
  box.replaceChildren(...items.map((each) => each instanceof Node ? each : h("button", {
    type: "button", class: "menu-item", role: "menuitem",
    onclick: () => {
      box.hidePopover();
      each.act();
    },
  }, each.text)));
  box.showPopover();
  const at = button.getBoundingClientRect(), { width, height } = box.getBoundingClientRect();
  const below = at.bottom + 4 + height < innerHeight;
  box.style.top = `${Math.max(8, below ? at.bottom + 4 : at.top - height - 4)}px`;
  box.style.left = `${Math.max(8, Math.min(at.right - width, innerWidth - width - 8))}px`;
  box.querySelector("button")?.focus();
}

export const closeMenu = () => box.hidePopover();
