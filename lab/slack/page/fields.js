// What a person fills in or chooses from, as form controls; `fieldValue` reads what stands in one.
import { h } from "./dom.js";
import { openMenu } from "./menu.js";
import { plainText, textObject } from "./mrkdwn.js";

// A form control for `spec`; `context` brings the people that a select offers.
export function field(spec, context, id) {
  let node;
  if (spec.type === "checkboxes") node = choices(spec, context);
  else if (spec.type === "overflow") return overflow(spec, context);
  else if (spec.type.endsWith("select")) node = select(spec, context, id);
  else node = writing(spec, id);
  node.dataset.kind = spec.type;
  return node;
}

export function fieldValue(node) {
  if (node.classList.contains("choices")) {
    return [...node.querySelectorAll("input:checked")].map((each) => each.value);
  }
  return node.value;
}

// What stands in every field of `root`, by block_id or action_id.
export function valuesIn(root) {
  return Object.fromEntries([...root.querySelectorAll("[data-field]")].map((node) =>
    [node.dataset.field, fieldValue(node)]));
}

function choices(spec, context) {
  const initial = new Set((spec.initial_options ?? []).map((each) => each.value));
  return h("div", { class: "choices", role: "group" },
    spec.options.map((each) => h("label", {},
      h("input", { type: "checkbox", value: each.value, checked: initial.has(each.value) }),
      h("div", {}, textObject(each.text, context.names),
        each.description && h("small", {}, textObject(each.description, context.names))))));
}

function offered(spec, { people }) {
  if (spec.type === "users_select") {
    return people.filter((each) => !each.deleted).map((each) => [each.id, each.real_name ?? each.name]);
  }
  return spec.options.map((each) => [each.value, plainText(each.text)]);
}

function select(spec, context, id) {
  const chosen = spec.initial_user ?? spec.initial_option?.value;
  const entry = ([value, text]) => h("option", { value, selected: value === chosen }, text);
  const words = spec.placeholder ? plainText(spec.placeholder) : "Choose an option";
  return h("select", { id, "aria-label": words },
    h("option", { value: "" }, words), offered(spec, context).map(entry));
}

function overflow(spec, context) {
  const items = spec.options.map((each) => ({
    text: plainText(each.text),
    act: () => {
      if (each.url) window.open(each.url, "_blank", "noopener");
      context.choose(each.value);
    },
  }));
  return h("button", {
    type: "button", class: "button overflow", "aria-label": "More actions", "aria-haspopup": "menu",
    onclick: (event) => openMenu(event.currentTarget, items),
  }, "⋯");
}

function writing(spec, id) {
  const shared = {
    id, placeholder: spec.placeholder && plainText(spec.placeholder), maxlength: spec.max_length,
    "aria-label": spec.placeholder && !id ? plainText(spec.placeholder) : null,
  };
  if (spec.multiline) return h("textarea", { ...shared, rows: 4 }, spec.initial_value ?? "");
  return h("input", { ...shared, type: "text", value: spec.initial_value });
}
