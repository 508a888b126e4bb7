// Block Kit as DOM nodes. `context` brings names, people, channels, channel, and `act(block, spec, value, node)`.
import { h } from "./dom.js";
import { field, fieldValue } from "./fields.js";
import { link, markdown, mrkdwn, plainText, textObject } from "./mrkdwn.js";
import { richText } from "./rich_text.js";

const STATUS = { pending: "waiting", in_progress: "running", complete: "done", error: "failed" };
const COLOURS = { good: "#2eb67d", warning: "#ecb22e", danger: "#e01e5a" };
const LEVELS = { info: "ℹ", warning: "⚠", error: "⛔", success: "✓", default: "•" };

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
  image: (block) => h("figure", {},
    block.title && h("figcaption", {}, plainText(block.title)), picture(block)),
  context: (block, { names }) => block.elements.map((each) =>
    each.type === "image" ? picture(each) : textObject(each, names)),
  actions: (block, context) => block.elements.map((each) => element(block, each, context)),
  section: (block, context) => [
    h("div", { class: "section-body" },
      block.text && textObject(block.text, context.names),
      block.fields && h("div", { class: "fields" }, block.fields.map((each) => textObject(each, context.names)))),
    block.accessory && h("div", { class: "accessory" }, element(block, block.accessory, context)),
  ],
  table: (block, context) => tableOf(block, context),
  data_table: (block, context) => [h("div", { class: "caption" }, block.caption), tableOf(block, context)],
  plan: (block, context) => [
    h("div", { class: "plan-title" }, block.title),
    h("ol", {}, (block.tasks ?? []).map((each) => h("li", {}, task(each, context)))),
  ],
  task_card: (block, context) => task(block, context),
  input: (block, context) => input(block, context),
  alert: (block, { names }) => h("div", { class: `alert-box ${block.level ?? "default"}`, role: "note" },
    h("span", { class: "alert-mark", "aria-hidden": "true" }, LEVELS[block.level ?? "default"]),
    textObject(block.text, names)),
  card: (block, context) => card(block, context),
  container: (block, context) => container(block, context),
};

export function fileAddress(file) {
  return file.url ?? `/files/${encodeURIComponent(file.id)}/image`;
}

function picture(image) {
  const src = image.image_url ?? fileAddress(image.slack_file);
  return h("img", { src, alt: image.alt_text, title: image.alt_text });
}

function tableOf(block, context) {
  return h("div", { class: "scroll", tabindex: "0" },
    h("table", {}, block.rows.map((row, index) => h("tr", {}, row.map((cell, column) => {
      const { align } = block.column_settings?.[column] ?? {};
      const content = cell.type === "rich_text" ? richText(cell, context) : plainText({ text: String(cell.text) });
      return h(index ? "td" : "th", { class: align && `align-${align}`, scope: index ? null : "col" }, content);
    })))));
}

function task(card, context) {
  return h("div", { class: `task ${card.status}` },
    h("span", { class: "task-mark", role: "img", "aria-label": STATUS[card.status] }),
    h("div", { class: "task-body" },
      h("div", { class: "task-title" }, card.title),
      [card.details, card.output].map((each) => each && h("div", { class: "task-note" }, richText(each, context))),
      (card.sources ?? []).map((each) => link(each.url, each.text))));
}

function card(block, context) {
  const { names } = context;
  return [
    block.hero_image && h("div", { class: "hero" }, picture(block.hero_image)),
    h("div", { class: "card-head" },
      block.icon && picture(block.icon),
      h("div", {},
        block.title && h("div", { class: "card-title" }, textObject(block.title, names)),
        block.subtitle && h("div", { class: "card-subtitle" }, textObject(block.subtitle, names)))),
    block.body && textObject(block.body, names),
    block.actions && h("div", { class: "card-actions" },
      block.actions.map((each) => element(block, each, context))),
  ];
}

function container(block, context) {
  const title = h("span", { class: "container-title" },
    block.title ? plainText(block.title) : richText(block.rich_text_title, context));
  const subtitle = block.subtitle && h("span", { class: "card-subtitle" }, textObject(block.subtitle, context.names));
  const children = renderBlocks(block.child_blocks, context);
  return block.is_collapsible
    ? h("details", { open: !block.default_collapsed }, h("summary", {}, title, subtitle), children)
    : [h("div", { class: "container-head" }, title, subtitle), children];
}

function element(block, spec, context) {
  if (spec.type === "image") return picture(spec);
  if (spec.type === "button") return button(block, spec, context);
  let node = null;
  const act = (value) => context.act(block, spec, value, node);
  node = field(spec, { ...context, choose: act });
  if (spec.type !== "overflow") {
    node.dataset.field = spec.action_id;
    node.addEventListener("change", () => act(fieldValue(node)));
  }
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

function input(block, context) {
  const id = `field-${block.block_id}`;
  const node = field(block.element, context, id);
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
