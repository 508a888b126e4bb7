// A small drawer from which Slack is made to misbehave.
import { h, post } from "./dom.js";

const drawer = document.getElementById("drawer");
const KINDS = [
  ["ratelimited", "429, rate limited"], ["server_error", "5xx, nothing done"], ["slow", "slow, then done"],
  ["answer_lost", "done, connection cut"], ["gateway_timeout", "done, then 504"],
  ["is_archived", "is_archived"], ["not_in_channel", "not_in_channel"], ["missing_scope", "missing_scope"],
  ["channel_not_found", "channel_not_found"], ["fatal_error", "fatal_error"],
];
const labelled = (text, node) => h("label", {}, h("span", {}, text), node);
const number = (name, value, title) =>
  h("input", { type: "number", name, value, min: 0, title, class: "short" });
let shown = null;

document.getElementById("open-drawer").addEventListener("click", () => {
  drawer.hidden = !drawer.hidden;
  if (!drawer.hidden) drawer.querySelector("select")?.focus();
});

export function drawDrawer({ methods, faults, every_channel: channels }) {
  document.getElementById("fault-count").textContent = faults.length ? String(faults.length) : "";
  const wanted = JSON.stringify([methods.length, faults, channels]);
  if (wanted === shown) return;
  shown = wanted;
  if (!drawer.querySelector("form")) drawer.replaceChildren(head(), form(methods), h("div", { id: "faults" }));
  drawer.querySelector("#faults").replaceChildren(...list(faults), ...channels.map(places));
}

function head() {
  return h("header", { class: "bar" }, h("h2", {}, "Let Slack fail"),
    h("button", {
      type: "button", class: "icon-button", "aria-label": "Close the drawer",
      onclick: () => (drawer.hidden = true),
    }, "✕"));
}

function form(methods) {
  const options = (pairs) => pairs.map(([value, text]) => h("option", { value }, text));
  return h("form", {
    class: "fault-form",
    onsubmit: (event) => {
      event.preventDefault();
      const asked = Object.fromEntries(new FormData(event.target));
      const numbers = ["times", "retry_after_s", "delay_s", "status"].map((name) => [name, Number(asked[name])]);
      post("fail", { ...asked, ...Object.fromEntries(numbers) });
    },
  },
    labelled("Method", h("select", { name: "method" },
      options([["*", "every method"], ...methods.map((each) => [each, each])]))),
    labelled("Fails as", h("select", { name: "kind" }, options(KINDS))),
    h("div", { class: "numbers" },
      labelled("Calls", number("times", 1, "0: until it is cleared")),
      labelled("Retry-After, s", number("retry_after_s", 5, "of a 429")),
      labelled("Slow by, s", number("delay_s", 5, "before the call is done")),
      labelled("Status", number("status", 503, "of a 5xx"))),
    h("button", { type: "submit", class: "button primary" }, "Let it fail"));
}

function list(faults) {
  if (!faults.length) return [h("p", { class: "hint" }, "Nothing fails. 0 calls: until it is taken away.")];
  return faults.map((each) => h("div", { class: "fault" },
    h("span", {}, h("code", {}, each.method === "*" ? "every method" : each.method), ` ${each.kind}`,
      h("small", {}, each.calls_left === null ? " until taken away" : ` ${each.calls_left} more`)),
    h("button", {
      type: "button", class: "icon-button", "aria-label": `Take ${each.kind} away`,
      onclick: () => post("clear", { id: each.id }),
    }, "✕")));
}

function places(channel) {
  const toggle = (text, what, checked) => h("label", { class: "toggle" },
    h("input", {
      type: "checkbox", checked,
      onchange: (event) => post(what, { channel: channel.id, is_on: event.target.checked }),
    }), text);
  return h("fieldset", {}, h("legend", {}, `#${channel.name}`),
    toggle("archived", "archive", channel.is_archived), toggle("Neumann is in it", "invite", channel.has_bot));
}
