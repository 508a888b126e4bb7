// Rich text as DOM nodes.
import { h } from "./dom.js";
import { emoji, link } from "./mrkdwn.js";

const TAGS = { bold: "strong", italic: "em", strike: "s", underline: "u", code: "code" };

export function richText(block, { names }) {
  return h("div", { class: "text" }, block.elements.map((each) => part(each, names)));
}

function part(each, names) {
  if (each.type === "rich_text_list") {
    const items = each.elements.map((item) => h("li", {}, item.elements.map((inside) => inline(inside, names))));
    const start = each.style === "ordered" && each.offset ? each.offset + 1 : null;
    return h(each.style === "ordered" ? "ol" : "ul", { class: `indent-${each.indent ?? 0}`, start }, items);
  }
  const tag = { rich_text_preformatted: "pre", rich_text_quote: "blockquote" }[each.type] ?? "div";
  return h(tag, {}, each.elements.map((inside) => inline(inside, names)));
}

function inline(each, names) {
  if (each.type === "emoji") return emoji(each.name);
  if (each.type === "date") return h("time", {}, each.fallback ?? new Date(each.timestamp * 1000).toLocaleString());
  if (each.type === "broadcast") return h("span", { class: "mention" }, `@${each.range}`);
  const id = each.user_id ?? each.usergroup_id ?? each.channel_id;
  if (id) return h("span", { class: "mention" }, `${each.channel_id ? "#" : "@"}${names[id] ?? id}`);
  const words = each.type === "link" ? link(each.url, each.text) : each.text ?? "";
  return Object.keys(TAGS).filter((name) => each.style?.[name])
    .reduce((inner, name) => h(TAGS[name], {}, inner), words);
}
