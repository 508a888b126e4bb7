// The modal of the app, and the confirm dialog of an element.
import { h, post } from "./dom.js";
import { renderBlocks } from "./blocks.js";
import { valuesIn } from "./fields.js";
import { plainText, textObject } from "./mrkdwn.js";

const dialog = document.getElementById("modal");
let shown = null; // "id hash" of the view on screen

function showOutcome(outcome) {
  for (const node of dialog.querySelectorAll(".field-error")) node.textContent = "";
  dialog.querySelector(".modal-error").textContent = outcome.notice ?? outcome.error ?? "";
  for (const [blockId, text] of Object.entries(outcome.errors ?? {})) {
    const node = document.getElementById(`field-${blockId}-error`);
    if (node) node.textContent = text;
    else dialog.querySelector(".modal-error").textContent = text;
  }
}

export function showView(view, user, context) {
  const { names } = context;
  const wanted = view && `${view.id} ${view.hash}`;
  if (wanted === shown) return;
  const typed = view && shown?.startsWith(`${view.id} `) ? valuesIn(dialog) : {}; // an updated view keeps what was typed
  shown = wanted;
  if (!view) return dialog.close();
  const ask = async (node, what, body) => {
    node?.classList.add("busy");
    const outcome = await post(what, { user, view_id: view.id, ...body });
    node?.classList.remove("busy");
    if (shown === wanted) showOutcome(outcome);
  };
  const close = () => ask(null, "close", {});
  const act = async (block, spec, value, node) => {
    if (!(await confirmed(spec.confirm, names))) return;
    await ask(node, "click", { block_id: block.block_id, action_id: spec.action_id, value, values: valuesIn(dialog) });
  };
  const submit = view.submit &&
    h("button", { class: "button primary", type: "submit" }, plainText(view.submit));
  const form = h("form", {
    class: "modal-form", novalidate: true,
    onsubmit: (event) => {
      event.preventDefault();
      if (submit && !submit.classList.contains("busy")) ask(submit, "submit", { values: valuesIn(dialog) });
    },
  },
    h("header", { class: "modal-head" }, h("h2", { id: "modal-title" }, plainText(view.title)),
      h("button", { type: "button", class: "icon-button", "aria-label": "Close", onclick: close }, "✕")),
    h("div", { class: "modal-body" }, renderBlocks(view.blocks, { ...context, act }),
      h("div", { class: "modal-error", role: "alert" })),
    h("footer", { class: "modal-foot" },
      h("button", { type: "button", class: "button", onclick: close }, view.close ? plainText(view.close) : "Cancel"),
      submit));
  dialog.replaceChildren(form);
  dialog.setAttribute("aria-labelledby", "modal-title");
  dialog.oncancel = (event) => {
    event.preventDefault();
    close();
  };
  for (const node of dialog.querySelectorAll("[data-field]")) {
    if (typeof typed[node.dataset.field] === "string" && "value" in node) node.value = typed[node.dataset.field];
  }
  if (!dialog.open) dialog.showModal();
  (dialog.querySelector("[autofocus]") ?? dialog.querySelector("[data-field]"))?.focus();
}

export function confirmed(confirm, names) {
  if (!confirm) return Promise.resolve(true);
  const box = document.getElementById("confirm");
  return new Promise((resolve) => {
    const answer = (yes) => () => {
      box.close();
      resolve(yes);
    };
    box.replaceChildren(
      h("header", { class: "modal-head" }, h("h2", {}, plainText(confirm.title))),
      h("div", { class: "modal-body" }, textObject(confirm.text, names)),
      h("footer", { class: "modal-foot" },
        h("button", { type: "button", class: "button", onclick: answer(false) }, plainText(confirm.deny)),
        h("button", { type: "button", class: `button ${confirm.style ?? "primary"}`, onclick: answer(true) },
          plainText(confirm.confirm))));
    box.oncancel = answer(false);
    box.showModal();
  });
}
