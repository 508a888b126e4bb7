// One person's view of the workspace: fetched whole at each change, drawn where it differs.
import { fillComposer } from "./composer.js";
import { h, keyed, post } from "./dom.js";
import { drawDrawer } from "./drawer.js";
import { drawHome } from "./home.js";
import { continues, renderMessage } from "./messages.js";
import { confirmed, showView } from "./modal.js";
import { markdown } from "./mrkdwn.js";
import { drawSidebar } from "./sidebar.js";

const $ = (id) => document.getElementById(id);
const WIDE = window.matchMedia("(min-width: 1080px)");
const asked = new URLSearchParams(location.search);
const here = { user: asked.get("user") ?? "alice", channelId: asked.get("channel"), tab: asked.get("tab") ?? "messages" };
let threadTs = asked.get("thread");
let followsNewest = !threadTs; // until the person opens or closes a thread
let state = null;
const failures = {}; // ts of a message: what went wrong with a click in it
const seen = {}; // channel id: latest ts looked at

const permalink = /^\/archives\/(\w+)\/p(\d{10})(\d{6})$/.exec(location.pathname);
if (permalink) {
  here.channelId = permalink[1];
  threadTs = asked.get("thread_ts") ?? `${permalink[2]}.${permalink[3]}`;
  followsNewest = false;
}

let linkedCanvas = /^\/docs\/\w+\/(\w+)$/.exec(location.pathname)?.[1];

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
    const answer = await fetch(`/page/state?user=${encodeURIComponent(here.user)}`, { cache: "no-store" });
    state = await answer.json();
  } catch {
    return; // the event stream says so, and comes back by itself
  }
  if (!state.channels.some((each) => each.id === here.channelId)) here.channelId = state.channels[0]?.id ?? null;
  draw();
  const linked = (state.canvases ?? []).find((each) => each.id === linkedCanvas);
  if (linked) {
    linkedCanvas = null;
    openCanvas(linked);
  }
}

function lookups() {
  const people = Object.fromEntries(state.users.map((each) => [each.id, each]));
  const names = Object.fromEntries([
    ...state.users.map((each) => [each.id, each.name]),
    ...state.groups.map((each) => [each.id, each.handle]),
    ...state.channels.map((each) => [each.id, each.name]),
  ]);
  return { people, names, channels: state.channels, shortcuts: state.shortcuts ?? [], me: state.me };
}

const currentChannel = () => state.channels.find((each) => each.id === here.channelId);
const inChannel = () => state.messages.filter((each) => each.channel === here.channelId);
const isReply = (message) => message.thread_ts && message.thread_ts !== message.ts;

function draw() {
  const known = lookups();
  const channel = currentChannel();
  drawDrawer(state);
  const unread = (each) => state.messages.some((m) => m.channel === each.id && m.ts > (seen[each.id] ?? "0"));
  if (channel) seen[channel.id] = inChannel().at(-1)?.ts ?? "0";
  drawSidebar(state, here, go, unread, openCanvas);
  drawBar(channel);
  const isHome = Boolean(channel?.is_im) && here.tab === "home" && state.has_home;
  $("home").hidden = !isHome;
  $("messages").hidden = isHome;
  $("composer").hidden = isHome || !channel || channel.is_archived;
  if (isHome) drawHome(state.home, here.user, { ...known, people: state.users });
  if (!channel) {
    $("messages").replaceChildren(h("div", { class: "empty" }, "This account is deactivated, so Slack lets nobody in with it."));
  } else {
    const parents = inChannel().filter((each) => !isReply(each));
    if (followsNewest && WIDE.matches) {
      threadTs = parents.filter((each) => each.reply_count && each.user !== state.me).at(-1)?.ts ?? null;
    }
    drawThread(known, isHome); // first: whether it is there decides the width of the rest
    drawList($("messages"), parents, known, false);
  }
  showView(state.view, here.user, { ...known, people: state.users, channel: here.channelId });
}

function drawBar(channel) {
  const title = !channel ? state.team : channel.is_im ? "Neumann" : `# ${channel.name}`;
  $("channel-title").textContent = title;
  $("thread-channel").textContent = title;
  document.title = `${title} · ${state.team}`;
  const notes = [channel?.is_archived && "archived", channel?.is_shared && "shared with another workspace",
    channel && !channel.is_im && `${channel.member_ids.length} members`];
  $("channel-note").textContent = notes.filter(Boolean).join(" · ");
  const tab = (name, text) => h("button", {
    type: "button", role: "tab", class: "tab", "aria-selected": String(here.tab === name), onclick: () => showTab(name),
  }, text);
  $("tabs").replaceChildren(...(channel?.is_im && state.has_home ? [tab("home", "Home"), tab("messages", "Messages")] : []));
}

function drawThread(known, isHome) {
  const thread = inChannel().filter((each) => threadTs && !isHome && [each.ts, each.thread_ts].includes(threadTs));
  $("thread").hidden = thread.length === 0;
  document.body.classList.toggle("has-thread", thread.length > 0);
  $("thread-composer").hidden = Boolean(currentChannel().is_archived);
  if (thread.length) drawList($("thread-messages"), thread, known, true);
}

function drawList(container, messages, known, inThread) {
  const of = `${here.user} ${here.channelId} ${inThread ? threadTs : ""}`;
  const isNew = container.dataset.of !== of;
  const atEnd = container.scrollHeight - container.scrollTop - container.clientHeight < 80;
  container.dataset.of = of;
  const isContinued = (index) => !(inThread && index === 1) && continues(messages[index], messages[index - 1]);
  if (!messages.length) {
    const hint = h("div", { class: "empty" }, "Nothing here yet. Incidents open a thread in this channel.");
    return container.replaceChildren(hint);
  }
  keyed(container, messages, (each) => each.ts,
    (each, index) => JSON.stringify([here.user, each, isContinued(index), failures[each.ts], known.names]),
    (each, index) => renderMessage(each, {
      ...known, act, openThread, react, choose, inThread, failure: failures[each.ts], isContinued: isContinued(index),
    }));
  if (isNew || atEnd) toEnd(container);
}

// An image that comes later must not push the newest message out of sight.
function toEnd(container) {
  const down = () => (container.scrollTop = container.scrollHeight);
  down();
  for (const image of container.querySelectorAll("img")) {
    if (!image.complete) image.addEventListener("load", down, { once: true });
  }
}

function note(message, outcome) {
  delete failures[message.ts];
  if (!outcome.ok) failures[message.ts] = outcome.notice ?? outcome.error;
  draw();
}

async function act(message, block, spec, value, node) {
  const { names } = lookups();
  if (node.classList.contains("busy") || !(await confirmed(spec.confirm, names))) return;
  node.classList.add("busy");
  node.setAttribute("aria-busy", "true");
  const outcome = await post("click", {
    user: here.user, channel: message.channel, ts: message.ts, block_id: block.block_id, action_id: spec.action_id, value,
  });
  node.classList.remove("busy");
  node.removeAttribute("aria-busy");
  note(message, outcome);
}

const which = (message) => ({ user: here.user, channel: message.channel, ts: message.ts });
const react = async (message, name) => note(message, await post("react", { ...which(message), name }));
const choose = async (shortcut, message) =>
  note(message, await post("shortcut", { ...which(message), callback_id: shortcut.callback_id }));

function openThread(ts) {
  go({ thread: ts });
  (WIDE.matches ? $("thread-composer").querySelector("textarea") : $("close-thread")).focus();
}

function openCanvas(canvas) {
  const box = $("canvas");
  box.replaceChildren(
    h("header", { class: "modal-head" }, h("h2", {}, canvas.title),
      h("button", { type: "button", class: "icon-button", "aria-label": "Close", onclick: () => box.close() }, "✕")),
    h("div", { class: "modal-body" }, markdown(canvas.markdown)));
  box.showModal();
}

function showTab(name) {
  here.tab = name;
  if (name === "home") post("home", { user: here.user });
  go({ thread: null });
}

function go({ channel, thread }) {
  if (channel) {
    here.channelId = channel;
    here.tab = "messages";
    threadTs = null;
    followsNewest = true;
  } else {
    threadTs = thread;
    followsNewest = false;
  }
  const where = { user: here.user, channel: here.channelId ?? "", ...(threadTs ? { thread: threadTs } : {}) };
  history.replaceState(null, "", `/?${new URLSearchParams(here.tab === "home" ? { ...where, tab: "home" } : where)}`);
  fillComposers();
  draw();
}

function fillComposers() {
  if (!here.channelId) return;
  const { user, channelId: channel } = here;
  const { name, is_im: isDirect } = currentChannel();
  const label = isDirect ? "Message Neumann" : `Message #${name}`;
  const anywhere = (state.shortcuts ?? []).filter((each) => each.kind === "global").map((each) => ({
    text: each.name, act: () => post("shortcut", { user, channel, callback_id: each.callback_id }),
  }));
  fillComposer($("composer"), label, "Message, or try /neumann help",
    (text) => post("message", { user, channel, text }), anywhere);
  fillComposer($("thread-composer"), "Reply in the thread", "Reply…",
    (text) => post("message", { user, channel, text, thread_ts: threadTs }));
}

$("close-thread").addEventListener("click", () => go({ thread: null }));
$("user").addEventListener("change", async (event) => {
  here.user = event.target.value;
  if (!state.channels.length || currentChannel()?.is_im) here.channelId = null;
  await refresh();
  go({ thread: threadTs });
});
document.addEventListener("keydown", (event) => {
  const isTaken = document.querySelector("dialog[open], [popover]:popover-open");
  if (event.key === "Escape" && !isTaken && threadTs) go({ thread: null });
});
WIDE.addEventListener("change", () => state && draw());

await refresh();
if (state) {
  fillComposers();
  if (here.tab === "home") post("home", { user: here.user });
}
const events = new EventSource("/page/events");
events.onopen = () => ($("link-state").textContent = "");
events.onerror = () => ($("link-state").textContent = "Reconnecting…");
events.onmessage = refresh;
