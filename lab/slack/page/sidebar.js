// Channels, the app, canvases, and who one is.
import { h } from "./dom.js";

const $ = (id) => document.getElementById(id);

// `here` is what is on screen; `go` takes one elsewhere; `unread(channel)` says whether there is news.
export function drawSidebar(state, here, go, unread, openCanvas) {
  $("team").textContent = state.team;
  const entry = (each) => h("button", {
    type: "button", class: `channel ${unread(each) ? "unread" : ""}`,
    "aria-current": each.id === here.channelId ? "page" : null, onclick: () => go({ channel: each.id }),
  }, h("span", { class: "channel-mark" }, mark(each)), each.is_im ? "Neumann" : each.name);
  const group = (title, nodes) => nodes.length ? [h("div", { class: "group" }, title), ...nodes] : [];
  $("channels").replaceChildren(
    ...group("Channels", state.channels.filter((each) => !each.is_im).map(entry)),
    ...group("Apps", state.channels.filter((each) => each.is_im).map(entry)),
    ...group("Canvases", (state.canvases ?? []).map((each) => h("button", {
      type: "button", class: "channel", onclick: () => openCanvas(each),
    }, h("span", { class: "channel-mark" }, "▤"), each.title))));
  if (!$("user").options.length) fillPeople(state, here.user);
}

const mark = (channel) => channel.is_im ? "●" : channel.is_archived ? "▢" : "#";

function fillPeople({ users, groups }, chosen) {
  const onCall = new Set(groups[0]?.user_ids ?? []);
  const kinds = [
    ["On call", (each) => onCall.has(each.id)],
    ["Members", (each) => !each.is_restricted && !each.is_stranger && !each.is_bot],
    ["Guests", (each) => each.is_restricted],
    ["Another workspace", (each) => each.is_stranger],
    ["Bots", (each) => each.is_bot],
  ];
  const role = (each) => each.deleted ? " (deactivated)" : each.is_admin ? " (admin)"
    : each.is_ultra_restricted ? " (one channel)" : "";
  const left = users.filter((each) => !["neumann", "slackbot"].includes(each.name));
  for (const [label, belongs] of kinds) {
    const here = left.filter(belongs);
    here.forEach((each) => left.splice(left.indexOf(each), 1));
    if (here.length) {
      $("user").append(h("optgroup", { label }, here.map((each) =>
        h("option", { value: each.name, selected: each.name === chosen }, each.real_name + role(each)))));
    }
  }
}
