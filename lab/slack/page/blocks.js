// Block Kit as DOM nodes. `context` brings names, people, channels, channel, and `act(block, spec, value, node)`.
import { h } from "./dom.js";
import { field, fieldValue } from "./fields.js";
import { link, markdown, mrkdwn, plainText, textObject } from "./mrkdwn.js";
import { richText } from "./rich_text.js";

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
  rich_text: (block) => richText(block),
  context: (block, { names }) => block.elements.map((each) => textObject(each, names)),
  actions: (block, context) => block.elements.map((each) => element(block, each, context)),
  section: (block, context) => [
    h("div", { class: "section-body" },
      block.text && textObject(block.text, context.names),
      block.fields && h("div", { class: "fields" }, block.fields.map((each) => textObject(each, context.names)))),
    block.accessory && h("div", { class: "accessory" }, element(block, block.accessory, context)),
  ],
  plan: (block) => [
    h("div", { class: "plan-title" }, block.title),
    h("ol", {}, (block.tasks ?? []).map((each) => h("li", {}, task(each)))),
  ],
  task_card: (block) => task(block),
  input: (block, context) => input(block, context),
};

function task(card) {
  return h("div", { class: `task ${card.status}` },
    h("span", { class: "task-mark", role: "img", "aria-label": STATUS[card.status] }),
    h("div", { class: "task-body" },
      h("div", { class: "task-title" }, card.title),
      [card.details, card.output].map((each) => each && h("div", { class: "task-note" }, richText(each))),
      (card.sources ?? []).map((each) => link(each.url, each.text))));
}

function element(block, spec, context) {
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
