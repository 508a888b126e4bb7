// Block Kit as DOM nodes. `context` brings `names` (id to name) and `act(block, element, value, node)`.
import { h } from "./dom.js";
import { emoji, link, markdown, mrkdwn, plainText, textObject } from "./mrkdwn.js";

const STATUS = { pending: "waiting", in_progress: "running", complete: "done", error: "failed" };
const COLOURS = { good: "#2eb67d", warning: "#ecb22e", danger: "#e01e5a" };

export const renderBlocks = (blocks, context) => blocks.map((block) => renderBlock(block, context));

function renderBlock(block, context) {
  const render = RENDERERS[block.type];
  return render ? h("div", { class: `block ${block.type}` }, render(block, context)) : null;
}

const RENDERERS = {
  header: (block) => h("h3", {}, plainText(block.text)),
  divider: () => h("hr"),
  markdown: (block) => markdown(block.text),
  rich_text: (block, context) => richText(block, context),
  image: (block) => h("figure", {}, block.title && h("figcaption", {}, plainText(block.title)), picture(block)),
  context: (block, { names }) => block.elements.map((each) =>
    each.type === "image" ? picture(each) : textObject(each, names)),
  actions: (block, context) => block.elements.map((each) => element(block, each, context)),
  section: (block, context) => [
    h("div", { class: "section-body" },
      block.text && textObject(block.text, context.names),
      block.fields && h("div", { class: "fields" }, block.fields.map((each) => textObject(each, context.names)))),
    block.accessory && h("div", { class: "accessory" }, element(block, block.accessory, context)),
  ],
  table: (block, context) => h("table", {}, block.rows.map((row, index) => h("tr", {}, row.map((cell, column) => {
    const { align } = block.column_settings?.[column] ?? {};
    const content = cell.type === "rich_text" ? richText(cell, context) : plainText({ text: String(cell.text) });
    return h(index ? "td" : "th", { class: align && `align-${align}`, scope: index ? null : "col" }, content);
  })))),
  plan: (block, context) => [
    h("div", { class: "plan-title" }, block.title),
    h("ol", {}, (block.tasks ?? []).map((each) => h("li", {}, task(each, context)))),
  ],
  task_card: (block, context) => task(block, context),
  input: (block, context) => input(block, context),
};

function picture(image) {
  return h("img", { src: image.image_url, alt: image.alt_text, loading: "lazy" });
}

function task(card, context) {
  return h("div", { class: `task ${card.status}` },
    h("span", { class: "task-mark", role: "img", "aria-label": STATUS[card.status] }),
    h("div", { class: "task-body" },
      h("div", { class: "task-title" }, card.title),
      [card.details, card.output].map((each) => each && h("div", { class: "task-note" }, richText(each, context))),
      (card.sources ?? []).map((each) => link(each.url, each.text))));
}

function richText(block, { names }) {
  const inline = (each) => {
    if (each.type === "emoji") return emoji(each.name);
    if (each.type === "link") return link(each.url, each.text);
    if (each.type === "broadcast") return h("span", { class: "mention" }, `@${each.range}`);
    const id = each.user_id ?? each.usergroup_id ?? each.channel_id;
    if (id) return h("span", { class: "mention" }, `${each.channel_id ? "#" : "@"}${names[id] ?? id}`);
    const tags = { bold: "strong", italic: "em", strike: "s", code: "code" };
    return Object.keys(tags).filter((name) => each.style?.[name])
      .reduce((inner, name) => h(tags[name], {}, inner), each.text ?? "");
  };
  const part = (each) => {
    if (each.type === "rich_text_list") {
      const items = each.elements.map((item) => h("li", {}, item.elements.map(inline)));
      return h(each.style === "ordered" ? "ol" : "ul", { class: `indent-${each.indent ?? 0}` }, items);
    }
    const tag = { rich_text_preformatted: "pre", rich_text_quote: "blockquote" }[each.type] ?? "div";
    return h(tag, {}, each.elements.map(inline));
  };
  return h("div", { class: "text" }, block.elements.map(part));
}

function element(block, spec, context) {
  if (spec.type === "image") return picture(spec);
  if (spec.type === "button") return button(block, spec, context);
  const node = field(spec);
  node.setAttribute("aria-label", spec.placeholder ? plainText(spec.placeholder) : "Choose");
  node.addEventListener("change", () => context.act(block, spec, fieldValue(node), node));
  return node;
}

function button(block, spec, context) {
  const node = h("button", {
    type: "button", class: `button ${spec.style ?? ""}`, "aria-label": spec.accessibility_label,
    onclick: () => {
      if (spec.url) window.open(spec.url, "_blank", "noopener");
      context.act(block, spec, spec.value, node);
    },
  }, plainText(spec.text));
  return node;
}

// A form control for any element which is filled in rather than clicked; `fieldValue` reads it.
function field(spec, id) {
  const optionText = (option) => plainText(option.text);
  if (spec.type === "checkboxes" || spec.type === "radio_buttons") {
    const initial = new Set([spec.initial_option, ...(spec.initial_options ?? [])].map((each) => each?.value));
    const type = spec.type === "checkboxes" ? "checkbox" : "radio";
    return h("div", { class: "choices", "data-many": type === "checkbox" }, spec.options.map((each) =>
      h("label", {}, h("input", { type, name: spec.action_id, value: each.value, checked: initial.has(each.value) }),
        h("span", {}, optionText(each), each.description && h("small", {}, plainText(each.description))))));
  }
  if (spec.options) {
    const many = spec.type === "multi_static_select";
    const chosen = [spec.initial_option, ...(spec.initial_options ?? [])].map((each) => each?.value);
    return h("select", { id, multiple: many },
      !many && h("option", { value: "" }, spec.placeholder ? plainText(spec.placeholder) : "Choose an option"),
      spec.options.map((each) =>
        h("option", { value: each.value, selected: chosen.includes(each.value) }, optionText(each))));
  }
  const shared = { id, placeholder: spec.placeholder && plainText(spec.placeholder), maxlength: spec.max_length };
  if (spec.multiline) return h("textarea", { ...shared, rows: 4 }, spec.initial_value ?? "");
  const type = spec.type === "number_input" ? "number" : "text";
  const number = { min: spec.min_value, max: spec.max_value, step: spec.is_decimal_allowed ? "any" : "1" };
  return h("input", { ...shared, type, value: spec.initial_value, ...(type === "number" ? number : {}) });
}

export function fieldValue(node) {
  if (node.classList.contains("choices")) {
    const checked = [...node.querySelectorAll("input:checked")].map((each) => each.value);
    return node.dataset.many === undefined ? checked[0] ?? "" : checked;
  }
  return node.multiple ? [...node.selectedOptions].map((each) => each.value) : node.value;
}

function input(block, context) {
  const id = `field-${block.block_id}`;
  const node = field(block.element, id);
  node.dataset.field = block.block_id;
  node.setAttribute("aria-describedby", `${id}-error`);
  if (block.element.focus_on_load) node.setAttribute("autofocus", "");
  if (block.dispatch_action) {
    node.addEventListener("change", () => context.act(block, block.element, fieldValue(node), node));
  }
  return [
    h("label", { for: id, class: "label" }, plainText(block.label), block.optional && h("small", {}, " (optional)")),
    node,
    block.hint && h("div", { class: "hint" }, plainText(block.hint)),
    h("div", { class: "field-error", id: `${id}-error`, role: "alert" }),
  ];
}

export function renderAttachment(attachment, context) {
  const node = h("div", { class: "attachment" },
    attachment.pretext && mrkdwn(attachment.pretext, context.names),
    attachment.title && h("div", { class: "attachment-title" },
      attachment.title_link ? link(attachment.title_link, attachment.title) : attachment.title),
    attachment.text && mrkdwn(attachment.text, context.names),
    attachment.fields && h("div", { class: "fields" }, attachment.fields.map((each) =>
      h("div", {}, h("strong", {}, each.title), mrkdwn(each.value, context.names)))),
    renderBlocks(attachment.blocks ?? [], context),
    attachment.footer && h("div", { class: "context" }, attachment.footer));
  const colour = COLOURS[attachment.color] ?? (attachment.color && `#${attachment.color.replace("#", "")}`);
  if (colour) node.style.borderLeftColor = colour;
  return node;
}
