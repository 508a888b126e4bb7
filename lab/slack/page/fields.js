// Everything a person fills in or chooses from, as form controls; `fieldValue` reads what stands in one.
import { h } from "./dom.js";
import { openMenu } from "./menu.js";
import { plainText, textObject } from "./mrkdwn.js";

const INPUT_TYPES = {
  number_input: "number", email_text_input: "email", url_text_input: "url",
  datepicker: "date", timepicker: "time", datetimepicker: "datetime-local",
};
const CHOICES = { checkboxes: "checkbox", radio_buttons: "radio" };

// A form control for `spec`; `context` brings the people and channels that selects offer.
export function field(spec, context, id) {
  let node;
  if (CHOICES[spec.type]) node = choices(spec, context);
  else if (spec.type === "overflow") return overflow(spec, context);
  else if (spec.type.endsWith("select")) node = select(spec, context, id);
  else node = writing(spec, id);
  node.dataset.kind = spec.type;
  return node;
}

export function fieldValue(node) {
  if (node.classList.contains("choices")) {
    const checked = [...node.querySelectorAll("input:checked")].map((each) => each.value);
    return node.dataset.many === undefined ? checked[0] ?? "" : checked;
  }
  if (node.dataset.kind === "datetimepicker") {
    return node.value ? String(Math.floor(new Date(node.value).getTime() / 1000)) : "";
  }
  return node.multiple ? [...node.selectedOptions].map((each) => each.value) : node.value;
}

// What stands in every field of `root`, by block_id or action_id.
export function valuesIn(root) {
  return Object.fromEntries([...root.querySelectorAll("[data-field]")].map((node) =>
    [node.dataset.field, fieldValue(node)]));
}

function choices(spec, context) {
  const initial = new Set([spec.initial_option, ...(spec.initial_options ?? [])].map((each) => each?.value));
  const type = CHOICES[spec.type];
  const name = `${spec.action_id}-${crypto.randomUUID()}`; // radio buttons of two messages are not one group
  return h("div", { class: "choices", role: type === "radio" ? "radiogroup" : "group", "data-many": type === "checkbox" },
    spec.options.map((each) => h("label", {},
      h("input", { type, name, value: each.value, checked: initial.has(each.value) }),
      h("div", {}, textObject(each.text, context.names),
        each.description && h("small", {}, textObject(each.description, context.names))))));
}

function offered(spec, { people, channels }) {
  if (spec.type.includes("users")) {
    return people.filter((each) => !each.deleted).map((each) => [each.id, each.real_name ?? each.name]);
  }
  if (spec.type.includes("channels") || spec.type.includes("conversations")) {
    return channels.filter((each) => !each.is_im || spec.type.includes("conversations"))
      .map((each) => [each.id, each.is_im ? `@${each.name}` : `#${each.name}`]);
  }
  return (spec.options ?? []).map((each) => [each.value, plainText(each.text)]);
}

function select(spec, context, id) {
  const many = spec.type.startsWith("multi_");
  const first = (name) => [spec[`initial_${name}`] ?? spec[`initial_${name}s`] ?? []].flat();
  const here = spec.default_to_current_conversation ? [context.channel] : [];
  const chosen = new Set([...["user", "channel", "conversation"].flatMap(first), ...here,
    ...first("option").map((each) => each.value)]);
  const entry = ([value, text]) => h("option", { value, selected: chosen.has(value) }, text);
  const groups = (spec.option_groups ?? []).map((group) => h("optgroup", { label: plainText(group.label) },
    group.options.map((each) => entry([each.value, plainText(each.text)]))));
  const words = spec.placeholder ? plainText(spec.placeholder) : "Choose an option";
  const list = offered(spec, context);
  return h("select", { id, multiple: many, size: many ? Math.min(list.length || 4, 5) : null, "aria-label": words },
    !many && h("option", { value: "" }, words), groups, list.map(entry));
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
  const type = INPUT_TYPES[spec.type] ?? "text";
  const number = { min: spec.min_value, max: spec.max_value, step: spec.is_decimal_allowed ? "any" : "1" };
  return h("input", { ...shared, type, value: initialValue(spec), ...(type === "number" ? number : {}) });
}

function initialValue(spec) {
  if (!spec.initial_date_time) return spec.initial_value ?? spec.initial_date ?? spec.initial_time;
  const when = new Date(spec.initial_date_time * 1000);
  return new Date(when.getTime() - when.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}
