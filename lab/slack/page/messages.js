// Messages, their threads' summary lines, and the box one writes in.
import { renderAttachment, renderBlocks } from "./blocks.js";
import { h } from "./dom.js";
import { emoji, mrkdwn } from "./mrkdwn.js";

const HUES = { alice: 200, bob: 28, carol: 330, dave: 150 };
const clock = (ts) => new Date(Number(ts) * 1000);
const TIME = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

export function avatar(user, small) {
  const size = small ? "small" : "";
  if (user.is_bot) return h("span", { class: `avatar bot ${size}`, "aria-hidden": "true" }, user.real_name[0]);
  const initials = user.real_name.split(" ").map((word) => word[0]).join("");
  const node = h("span", { class: `avatar ${size}`, "aria-hidden": "true" }, initials);
  node.style.setProperty("--hue", HUES[user.name] ?? 260);
  return node;
}

// Whether a message continues the one above it, so that name and picture need no repeating; a message that
// heads a thread stands for itself.
export function continues(message, previous) {
  return Boolean(previous) && previous.user === message.user && previous.is_ephemeral === message.is_ephemeral &&
    !previous.reply_count && !message.reply_count && Number(message.ts) - Number(previous.ts) < 300;
}

export function renderMessage(message, { people, names, act, openThread, failure, isContinued, inThread }) {
  const user = people[message.user] ?? { real_name: message.user, name: message.user };
  const when = clock(message.ts);
  const time = h("time", { datetime: when.toISOString(), title: when.toLocaleString() },
    when.toLocaleTimeString([], TIME));
  const context = { names, act: (block, spec, value, node) => act(message, block, spec, value, node) };
  const body = message.blocks?.length
    ? renderBlocks(message.blocks, context)
    : message.text && mrkdwn(message.text, names);
  return h("article", { class: `message ${isContinued ? "continued" : ""} ${message.is_ephemeral ? "ephemeral" : ""}` },
    h("div", { class: "gutter" }, isContinued ? time : avatar(user)),
    h("div", { class: "message-main" },
      message.is_ephemeral && h("div", { class: "only-you" }, "👁 Only visible to you"),
      message.pinned_to && h("div", { class: "only-you" }, "📌 Pinned"),
      !isContinued && h("div", { class: "byline" }, h("strong", {}, user.real_name),
        user.is_bot && h("span", { class: "app-badge" }, "APP"), time),
      body,
      (message.attachments ?? []).map((each) => renderAttachment(each, context)),
      message.edited && !user.is_bot && h("span", { class: "edited" }, "(edited)"),
      message.reactions && h("div", { class: "reactions" }, message.reactions.map((each) =>
        h("span", { class: "reaction", title: `:${each.name}:` }, emoji(each.name), ` ${each.count}`))),
      failure && h("div", { class: "failure", role: "alert" }, `⚠ ${failure}`),
      !inThread && message.reply_count && threadLine(message, people, openThread)));
}

function threadLine(message, people, openThread) {
  const words = message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`;
  return h("button", { type: "button", class: "thread-line", onclick: () => openThread(message.ts) },
    message.reply_users.slice(0, 4).map((id) => people[id] && avatar(people[id], true)),
    h("span", { class: "thread-count" }, words),
    h("span", { class: "thread-last" }, `Last reply ${clock(message.latest_reply).toLocaleTimeString([], TIME)}`));
}

export function fillComposer(form, label, placeholder, send) {
  const box = h("textarea", { rows: 1, "aria-label": label, placeholder });
  const error = h("div", { class: "failure", role: "alert", hidden: true });
  const button = h("button", { class: "send", type: "submit", "aria-label": "Send" }, "➤");
  const grow = () => {
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight, 160)}px`;
    form.classList.toggle("ready", box.value.trim() !== "");
  };
  box.addEventListener("input", grow);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.onsubmit = async (event) => {
    event.preventDefault();
    const text = box.value.trim();
    if (!text || form.classList.contains("busy")) return;
    form.classList.add("busy");
    box.value = "";
    grow();
    const outcome = await send(text);
    form.classList.remove("busy");
    // A failed command is told by Slackbot in the channel; everything else here.
    error.hidden = outcome.ok || text.startsWith("/");
    error.textContent = outcome.error ?? "";
    if (!error.hidden) box.value = text;
  };
  form.replaceChildren(error, h("div", { class: "write" }, box, button));
  return box;
}
