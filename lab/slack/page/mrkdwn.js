// Slack's mrkdwn, and the little Markdown of markdown blocks, as DOM nodes.
import { h } from "./dom.js";

const EMOJI = {
  rotating_light: "🚨", warning: "⚠️", white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", no_entry: "⛔",
  red_circle: "🔴", large_red_circle: "🔴", large_orange_circle: "🟠", large_yellow_circle: "🟡",
  large_green_circle: "🟢", large_blue_circle: "🔵", white_circle: "⚪", black_circle: "⚫", crown: "👑",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", eyes: "👀", wrench: "🔧", hammer_and_wrench: "🛠️", gear: "⚙️",
  mag: "🔍", clock3: "🕒", stopwatch: "⏱️", alarm_clock: "⏰", satellite_antenna: "📡", electric_plug: "🔌",
  lock: "🔒", shield: "🛡️", fire: "🔥", bell: "🔔", no_bell: "🔕", memo: "📝", bar_chart: "📊", bulb: "💡",
  chart_with_upwards_trend: "📈", chart_with_downwards_trend: "📉", arrows_counterclockwise: "🔄", link: "🔗",
  rewind: "⏪", leftwards_arrow_with_hook: "↩️", information_source: "ℹ️", question: "❓", tada: "🎉", bug: "🐛",
  thumbsup: "👍", "+1": "👍", wave: "👋", robot_face: "🤖", rocket: "🚀", snowflake: "❄️", zzz: "💤", boom: "💥",
  globe_with_meridians: "🌐", floppy_disk: "💾", busts_in_silhouette: "👥", speech_balloon: "💬", pushpin: "📌",
  octagonal_sign: "🛑", grey_question: "❔",
};
const TIMES = {
  time: { hour: "2-digit", minute: "2-digit" }, time_secs: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
};
const DATES = {
  date_num: { year: "numeric", month: "2-digit", day: "2-digit" }, date: { dateStyle: "long" },
  date_short: { dateStyle: "medium" }, date_long: { dateStyle: "full" },
};
const NEAR = { "-1": "yesterday", 0: "today", 1: "tomorrow" };
export const emoji = (name) => EMOJI[name] ?? `:${name}:`;

const unescape = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
const marked = (mark) => `(?<![\\w${mark}])\\${mark}(?=\\S)([^${mark}\\n]*?\\S)\\${mark}(?![\\w${mark}])`;
const INLINE = new RegExp(
  "`([^`\\n]+)`|<([^<>\\n]+)>|" + ["*", "_", "~"].map(marked).join("|") + "|:([a-z0-9_+-]+):", "g");
const MARKDOWN_INLINE =
  /`([^`\n]+)`|\[([^\]\n]+)\]\((https?:[^)\s]+)\)|\*\*(.+?)\*\*|(?<!\w)[*_](\S[^*_\n]*?)[*_](?!\w)|~~(.+?)~~/g;

export function link(url, label) {
  const safe = /^(https?:|mailto:)/i.test(url);
  return safe ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label || url) : label || url;
}

// A time in the app's own words, such as "{date_short_pretty} {time_secs}".
function moment(when, format) {
  const daysAway = Math.round((new Date(when).setHours(0, 0, 0, 0) - new Date().setHours(0, 0, 0, 0)) / 864e5);
  return format.replace(/\{(\w+?)(_pretty)?\}/g, (whole, name, isPretty) => {
    if (TIMES[name]) return when.toLocaleTimeString([], { ...TIMES[name], hourCycle: "h23" });
    return (isPretty && NEAR[daysAway]) || (DATES[name] ? when.toLocaleDateString([], DATES[name]) : whole);
  });
}

function reference(inside, names) {
  const [target, label] = inside.split("|");
  const chip = (text) => h("span", { class: "mention" }, text);
  if (target.startsWith("@")) return chip(`@${names[target.slice(1)] ?? label ?? target.slice(1)}`);
  if (target.startsWith("#")) return chip(`#${names[target.slice(1)] ?? label ?? target.slice(1)}`);
  if (target.startsWith("!subteam^")) return chip(`@${names[target.slice(9)] ?? label ?? target.slice(9)}`);
  if (target.startsWith("!date^")) {
    const [, seconds, format] = target.split("^");
    const when = new Date(Number(seconds) * 1000);
    return h("time", { datetime: when.toISOString(), title: when.toLocaleString() }, moment(when, format));
  }
  if (target.startsWith("!")) return chip(`@${target.slice(1)}`);
  return link(unescape(target), label && unescape(label));
}

// Cut `text` at each match of `pattern`; what lies between goes through `plain`.
function cut(text, pattern, plain, found) {
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > at) nodes.push(plain(text.slice(at, match.index)));
    nodes.push(found(match));
    at = match.index + match[0].length;
  }
  if (at < text.length) nodes.push(plain(text.slice(at)));
  return nodes;
}

// Unless a text is verbatim, Slack makes links of bare addresses and of the names of channels in it.
function parsed(text) {
  const found = cut(unescape(text), /https?:\/\/[^\s<>|]+|(?<![\w#])#[a-z][\w-]*/g, (plain) => plain,
    ([word]) => word.startsWith("#") ? h("span", { class: "mention" }, word) : link(word));
  return found.length === 1 && typeof found[0] === "string" ? found[0] : h("span", {}, found);
}

function inline(text, names, plain) {
  return cut(text, INLINE, plain, ([, code, inside, bold, italic, strike, name]) => {
    if (code) return h("code", {}, unescape(code));
    if (inside) return reference(inside, names);
    if (bold) return h("strong", {}, inline(bold, names, plain));
    if (italic) return h("em", {}, inline(italic, names, plain));
    if (strike) return h("s", {}, inline(strike, names, plain));
    return emoji(name);
  });
}

function quoted(text, names, words) {
  const nodes = [];
  for (const run of text.split(/(?<=\n)(?=(?:>|&gt;))|(?<=^(?:>|&gt;).*\n)(?!>|&gt;)/m)) {
    const isQuote = /^(>|&gt;)/.test(run);
    const inner = isQuote ? run.replace(/^(>|&gt;) ?/gm, "").replace(/\n$/, "") : run;
    nodes.push(isQuote ? h("blockquote", {}, inline(inner, names, words)) : inline(inner, names, words));
  }
  return nodes;
}

// `end` is a node that stands behind the last word.
export function mrkdwn(text, names, end = null, isVerbatim = false) {
  const words = isVerbatim ? unescape : parsed;
  const parts = cut(text ?? "", /\n?```\n?([\s\S]+?)\n?```\n?/g, (plain) => quoted(plain, names, words),
    ([, code]) => h("pre", {}, unescape(code)));
  return h("div", { class: "text" }, parts, end);
}

export function plainText(object) {
  return object.text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => EMOJI[name] ?? whole);
}

export function textObject(object, names) {
  return object.type === "mrkdwn" ? mrkdwn(object.text, names, null, object.verbatim) : h("div", { class: "text" }, plainText(object));
}

function markdownInline(text) {
  return cut(text, MARKDOWN_INLINE, (plain) => plainText({ text: plain }),
    ([, code, label, url, bold, italic, strike]) => {
      if (code) return h("code", {}, code);
      if (url) return link(url, label);
      if (bold) return h("strong", {}, markdownInline(bold));
      return italic ? h("em", {}, markdownInline(italic)) : h("s", {}, markdownInline(strike));
    });
}

export function markdown(text) {
  const line = (each) => {
    const [, hashes, title] = /^(#{1,6}) +(.*)/.exec(each) ?? [];
    if (title) return h("div", { class: `md-heading md-${hashes.length}` }, markdownInline(title));
    const [, item] = /^\s*[-*] +(.*)/.exec(each) ?? [];
    if (item) return h("div", { class: "md-item" }, markdownInline(item));
    const [, quote] = /^> ?(.*)/.exec(each) ?? [];
    if (quote) return h("blockquote", {}, markdownInline(quote));
    return each.trim() ? h("div", {}, markdownInline(each)) : h("div", { class: "md-gap" });
  };
  const parts = cut(text, /```\w*\n([\s\S]+?)```/g, (plain) => plain.trim().split("\n").map(line),
    ([, code]) => h("pre", {}, code));
  return h("div", { class: "text markdown" }, parts);
}
