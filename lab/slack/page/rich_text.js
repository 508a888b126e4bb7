// Rich text as DOM nodes: sections of styled text.
import { h } from "./dom.js";

const TAGS = { bold: "strong", italic: "em", strike: "s", underline: "u", code: "code" };

export const richText = (block) => h("div", { class: "text" },
  block.elements.map((part) => h("div", {}, part.elements.map(styled))));

const styled = (each) => Object.keys(TAGS).filter((name) => each.style?.[name])
  .reduce((inner, name) => h(TAGS[name], {}, inner), each.text);
