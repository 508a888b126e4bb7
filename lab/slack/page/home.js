// The app's Home tab.
import { renderBlocks } from "./blocks.js";
import { h, post } from "./dom.js";
import { valuesIn } from "./fields.js";
import { confirmed } from "./modal.js";

const page = document.getElementById("home");
let shown = null; // whose tab is on screen, and the hash of its view

// Draw the tab of `user`; what was typed stays until the app publishes another view.
export function drawHome(view, user, context) {
  const wanted = `${user} ${view?.id} ${view?.hash}`;
  if (wanted === shown) return;
  shown = wanted;
  if (!view) {
    return page.replaceChildren(h("div", { class: "empty" }, "Neumann has put nothing here yet."));
  }
  const failure = h("div", { class: "failure", role: "alert", hidden: true });
  const act = async (block, spec, value, node) => {
    if (node.classList.contains("busy") || !(await confirmed(spec.confirm, context.names))) return;
    node.classList.add("busy");
    const outcome = await post("click", {
      user, view_id: view.id, block_id: block.block_id, action_id: spec.action_id, value, values: valuesIn(page),
    });
    node.classList.remove("busy");
    failure.hidden = outcome.ok;
    failure.textContent = `⚠ ${outcome.notice ?? outcome.error}`;
  };
  page.replaceChildren(h("div", { class: "home-body" },
    failure, renderBlocks(view.blocks, { ...context, act, channel: null })));
}
