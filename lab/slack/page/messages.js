// Messages, what hangs below them, and what can be done with them.
import { renderAttachment, renderBlocks } from "./blocks.js";
import { h } from "./dom.js";
import { closeMenu, openMenu } from "./menu.js";
import { emoji, mrkdwn } from "./mrkdwn.js";

const HUES = { alice: 200, bob: 28, carol: 330, dave: 150, erin: 265, fay: 95, grace: 0, heidi: 225 };
const QUICK = ["eyes", "white_check_mark", "+1", "wrench", "rotating_light", "question", "tada", "x"];
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

export function renderMessage(message, view) {
  const { people, names, openThread, failure, isContinued, inThread } = view;
  const user = people[message.user] ?? { real_name: message.user, name: message.user };
  const when = clock(message.ts);
  const time = h("time", { datetime: when.toISOString(), title: when.toLocaleString() },
    when.toLocaleTimeString([], TIME));
  const context = {
    ...view, people: Object.values(people), channel: message.channel,
    act: (block, spec, value, node) => view.act(message, block, spec, value, node),
  };
  const edited = message.edited && h("span", { class: "edited" }, " (edited)");
  const body = message.blocks?.length
    ? [renderBlocks(message.blocks, context), edited]
    : message.text && mrkdwn(message.text, names, edited);
  const kind = [isContinued && "continued", message.is_ephemeral && "ephemeral",
    message.subtype === "tombstone" && "tombstone"].filter(Boolean).join(" ");
  return h("article", { class: `message ${kind}` },
    h("div", { class: "gutter" }, isContinued ? time : avatar(user)),
    h("div", { class: "message-main" },
      message.is_ephemeral && h("div", { class: "only-you" }, "👁 Only visible to you"),
      !isContinued && h("div", { class: "byline" }, h("strong", {}, user.real_name), badge(user), time),
      body,
      (message.attachments ?? []).map((each) => renderAttachment(each, context)),
      (message.files ?? []).map(file),
      message.reactions && h("div", { class: "reactions" },
        message.reactions.map((each) => reaction(message, each, view))),
      failure && h("div", { class: "failure", role: "alert" }, `⚠ ${failure}`),
      !inThread && message.reply_count && threadLine(message, people, openThread)),
    !message.is_ephemeral && message.subtype !== "tombstone" && toolbar(message, view));
}

function badge(user) {
  const words = user.is_bot ? "APP" : user.is_ultra_restricted || user.is_restricted ? "GUEST"
    : user.is_stranger ? "EXTERNAL" : null;
  return words && h("span", { class: "app-badge" }, words);
}

function reaction(message, { name, users, count }, { me, names, react }) {
  const who = users.map((id) => names[id] ?? id).join(", ");
  return h("button", {
    type: "button", class: "reaction", title: `${who} reacted with :${name}:`, "aria-pressed": String(users.includes(me)),
    "aria-label": `${name}, ${count}`, onclick: () => react(message, name),
  }, h("span", { class: "reaction-emoji" }, emoji(name)), h("span", {}, String(count)));
}

function file(each) {
  const isImage = ["image/png", "image/jpeg", "image/gif"].includes(each.mimetype);
  const size = each.size < 1000 ? `${each.size} B` : each.size < 1e6 ? `${Math.round(each.size / 1000)} kB`
    : `${(each.size / 1e6).toFixed(1)} MB`;
  const save = h("a", { href: each.url_private_download, download: each.name, class: "save", title: `Download ${each.name}` },
    h("span", { "aria-hidden": "true" }, "⬇"), " Download");
  const about = h("div", { class: "file-about" },
    h("strong", {}, each.title), h("small", {}, `${each.name} · ${size}`));
  if (!isImage) {
    const kind = h("span", { class: "file-kind", "aria-hidden": "true" }, each.filetype.slice(0, 4).toUpperCase());
    return h("div", { class: "file" }, kind, about, save);
  }
  return h("figure", { class: "file-image" },
    h("figcaption", {}, about, save),
    h("a", { href: each.url_private, target: "_blank", rel: "noopener" },
      h("img", { src: each.url_private, alt: each.alt_txt ?? each.title })));
}

function toolbar(message, view) {
  const picker = () => h("div", { class: "picker" }, QUICK.map((name) => h("button", {
    type: "button", class: "pick", "aria-label": name,
    onclick: () => {
      closeMenu();
      view.react(message, name);
    },
  }, emoji(name))));
  const reply = { text: "💬 Reply in a thread", act: () => view.openThread(message.thread_ts ?? message.ts) };
  const shortcuts = view.shortcuts.filter((each) => each.kind === "message").map((each) =>
    ({ text: `⚡ ${each.name}`, act: () => view.choose(each, message) }));
  const more = (event) => openMenu(event.currentTarget, [
    picker(),
    ...(view.inThread ? [] : [reply]),
    ...shortcuts,
  ]);
  const tool = (label, sign, onclick) =>
    h("button", { type: "button", class: "tool", "aria-label": label, title: label, onclick }, sign);
  return h("div", { class: "toolbar" },
    tool("Add a reaction", "☺", (event) => openMenu(event.currentTarget, [picker()])),
    !view.inThread && tool("Reply in a thread", "💬", reply.act),
    tool("More actions", "⋮", more));
}

function threadLine(message, people, openThread) {
  const words = message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`;
  return h("button", { type: "button", class: "thread-line", onclick: () => openThread(message.ts) },
    message.reply_users.slice(0, 4).map((id) => people[id] && avatar(people[id], true)),
    h("span", { class: "thread-count" }, words),
    h("span", { class: "thread-last" }, `Last reply ${clock(message.latest_reply).toLocaleTimeString([], TIME)}`));
}
