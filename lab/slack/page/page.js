// One person's view of the workspace: fetched whole at each change, drawn where it differs.
import { h, keyed, post } from "./dom.js";
import { continues, fillComposer, renderMessage } from "./messages.js";
import { confirmed, showView } from "./modal.js";

const $ = (id) => document.getElementById(id);
const WIDE = window.matchMedia("(min-width: 1080px)");
const asked = new URLSearchParams(location.search);
let user = asked.get("user") ?? "alice";
let channelId = asked.get("channel");
let threadTs = asked.get("thread");
let followsNewest = !threadTs; // until the person opens or closes a thread
let state = null;
const failures = {}; // ts of a message: what went wrong with a click in it
const seen = {}; // channel id: latest ts looked at

const permalink = /^\/archives\/(\w+)\/p(\d{10})(\d{6})$/.exec(location.pathname);
if (permalink) {
  channelId = permalink[1];
  threadTs = asked.get("thread_ts") ?? `${permalink[2]}.${permalink[3]}`;
  followsNewest = false;
}

let fetching = null;
let isStale = false;

// Changes that come while one fetch is under way are fetched together, once, after it.
async function refresh() {
  isStale = true;
  fetching ??= (async () => {
    while (isStale) {
      isStale = false;
      await load();
    }
    fetching = null;
  })();
  await fetching;
}

async function load() {
  try {
    const answer = await fetch(`/page/state?user=${encodeURIComponent(user)}`, { cache: "no-store" });
    state = await answer.json();
  } catch {
    return; // the event stream says so, and comes back by itself
  }
  if (!state.channels.some((each) => each.id === channelId)) channelId = state.channels[0].id;
  draw();
}

function lookups() {
  const people = Object.fromEntries(state.users.map((each) => [each.id, each]));
  const names = Object.fromEntries([
    ...state.users.map((each) => [each.id, each.name]),
    ...state.groups.map((each) => [each.id, each.handle]),
    ...state.channels.map((each) => [each.id, each.name]),
  ]);
  return { people, names };
}

const inChannel = () => state.messages.filter((each) => each.channel === channelId);
const isReply = (message) => message.thread_ts && message.thread_ts !== message.ts;

function draw() {
  const { people, names } = lookups();
  const channel = state.channels.find((each) => each.id === channelId);
  const title = channel.is_im ? "Neumann" : `# ${channel.name}`;
  $("team").textContent = state.team;
  $("channel-title").textContent = title;
  $("thread-channel").textContent = title;
  document.title = `${title} · ${state.team}`;
  const parents = inChannel().filter((each) => !isReply(each));
  if (followsNewest && WIDE.matches) {
    threadTs = parents.filter((each) => each.reply_count && each.user !== state.me).at(-1)?.ts ?? null;
  }
  seen[channelId] = inChannel().at(-1)?.ts ?? "0";
  drawSidebar();
  drawThread(people, names); // first: whether it is there decides the width of the rest
  drawList($("messages"), parents, people, names, false);
  showView(state.view, user, names);
}

function drawThread(people, names) {
  const thread = inChannel().filter((each) => threadTs && [each.ts, each.thread_ts].includes(threadTs));
  $("thread").hidden = thread.length === 0;
  document.body.classList.toggle("has-thread", thread.length > 0);
  if (thread.length) drawList($("thread-messages"), thread, people, names, true);
}

function drawList(container, messages, people, names, inThread) {
  const isNew = container.dataset.of !== `${user} ${channelId} ${inThread ? threadTs : ""}`;
  const atEnd = container.scrollHeight - container.scrollTop - container.clientHeight < 80;
  container.dataset.of = `${user} ${channelId} ${inThread ? threadTs : ""}`;
  const isContinued = (index) => !(inThread && index === 1) && continues(messages[index], messages[index - 1]);
  if (!messages.length) {
    const hint = h("div", { class: "empty" }, "Nothing here yet. Incidents open a thread in this channel.");
    return container.replaceChildren(hint);
  }
  keyed(container, messages, (each) => each.ts,
    (each, index) => JSON.stringify([user, each, isContinued(index), failures[each.ts], names]),
    (each, index) => renderMessage(each, {
      people, names, act, openThread, inThread, failure: failures[each.ts], isContinued: isContinued(index),
    }));
  if (isNew || atEnd) container.scrollTop = container.scrollHeight;
}

function drawSidebar() {
  const news = (each) => state.messages.some((m) => m.channel === each.id && m.ts > (seen[each.id] ?? "0"));
  const entry = (each) => h("button", {
    type: "button", class: `channel ${news(each) ? "unread" : ""}`,
    "aria-current": each.id === channelId ? "page" : null,
    onclick: () => go({ channel: each.id }),
  }, h("span", { class: "channel-mark" }, each.is_im ? "●" : "#"), each.is_im ? "Neumann" : each.name);
  $("channels").replaceChildren(
    h("div", { class: "group" }, "Channels"), ...state.channels.filter((each) => !each.is_im).map(entry),
    h("div", { class: "group" }, "Apps"), ...state.channels.filter((each) => each.is_im).map(entry));
  const onCall = new Set(state.groups.flatMap((each) => each.user_ids));
  const role = (each) => (onCall.has(each.id) ? "on-call" : each.is_restricted ? "guest" : "member");
  if (!$("user").options.length) {
    const options = state.users.filter((each) => !each.is_bot).map((each) =>
      h("option", { value: each.name, selected: each.name === user }, `${each.real_name} (${role(each)})`));
    $("user").replaceChildren(...options);
  }
}

async function act(message, block, spec, value, node) {
  const { names } = lookups();
  if (node.classList.contains("busy") || !(await confirmed(spec.confirm, names))) return;
  node.classList.add("busy");
  node.setAttribute("aria-busy", "true");
  const outcome = await post("click", {
    user, channel: message.channel, ts: message.ts, block_id: block.block_id, action_id: spec.action_id, value,
  });
  node.classList.remove("busy");
  node.removeAttribute("aria-busy");
  delete failures[message.ts];
  if (!outcome.ok) failures[message.ts] = `Neumann did not take this click: ${outcome.error}`;
  draw();
}

function openThread(ts) {
  threadTs = ts;
  followsNewest = false;
  go({ thread: ts });
  (WIDE.matches ? $("thread-composer").querySelector("textarea") : $("close-thread")).focus();
}

function go({ channel, thread }) {
  if (channel) {
    channelId = channel;
    threadTs = null;
    followsNewest = true;
  } else {
    threadTs = thread;
    followsNewest = false;
  }
  const where = new URLSearchParams({ user, channel: channelId, ...(threadTs ? { thread: threadTs } : {}) });
  history.replaceState(null, "", `/?${where}`);
  fillComposers();
  draw();
}

function fillComposers() {
  const { name, is_im: isDirect } = state.channels.find((each) => each.id === channelId);
  const label = isDirect ? "Message Neumann" : `Message #${name}`;
  fillComposer($("composer"), label, `${label}, or try /neumann help`,
    (text) => post("message", { user, channel: channelId, text }));
  fillComposer($("thread-composer"), "Reply in the thread", "Reply…",
    (text) => post("message", { user, channel: channelId, text, thread_ts: threadTs }));
}

$("close-thread").addEventListener("click", () => go({ thread: null }));
$("user").addEventListener("change", async (event) => {
  user = event.target.value;
  channelId = state.channels.find((each) => each.id === channelId)?.is_im ? null : channelId;
  await refresh();
  go({ thread: threadTs });
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector("dialog[open]") && threadTs) go({ thread: null });
});
WIDE.addEventListener("change", () => state && draw());

await refresh();
if (state) fillComposers();
const events = new EventSource("/page/events");
events.onopen = () => ($("link-state").textContent = "");
events.onerror = () => ($("link-state").textContent = "Reconnecting…");
events.onmessage = refresh;
