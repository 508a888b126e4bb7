// What a reader would stumble over on the page as it is drawn now, one sentence each.
() => {
  const LEAST_CONTRAST = 4.5; // WCAG 2.2, 1.4.3, for text of ordinary size
  const RAW = /(^|\s):[a-z][a-z0-9_+-]*:(\s|$)|<!|```|(^|\s)\*[^\s*][^*\n]*\*(\s|$)|undefined|\[object/;
  const flaws = new Set();
  const dialog = document.querySelector("dialog[open]");
  const bodies = [...(dialog ?? document).querySelectorAll(".message-main, .modal-body, .modal-foot, .home-body, body.status")]
    .filter((each) => each.checkVisibility());
  const words = (node) => `“${node.textContent.trim().replace(/\s+/g, " ").slice(0, 60)}”`;
  const say = (what, node) => flaws.add(`${what}: ${node.nodeName.toLowerCase()}.${node.className} ${words(node)}`);

  // The space at which a line is broken hangs beyond the edge (CSS Text 3, 4.1.3) and is part of an
  // inline element's rectangle: of running text, only the words are measured.
  const isBox = (node) => getComputedStyle(node).display !== "inline" || node.matches("img, svg");
  function wordsEnd(text) {
    const word = document.createRange();
    let end = 0;
    for (const found of text.data.matchAll(/\S+/g)) {
      word.setStart(text, found.index);
      word.setEnd(text, found.index + found[0].length);
      end = Math.max(end, word.getBoundingClientRect().right);
    }
    return end;
  }

  function channels(colour) {
    const [red, green, blue, alpha = 1] = colour.match(/[\d.]+/g).map(Number);
    return { rgb: [red, green, blue], alpha };
  }
  function background(node) {
    for (let at = node; at; at = at.parentElement) {
      if (getComputedStyle(at).backgroundImage !== "none") return null; // a picture has no one colour
      const { rgb, alpha } = channels(getComputedStyle(at).backgroundColor);
      if (alpha === 1) return rgb;
    }
    return [255, 255, 255];
  }
  function luminance(rgb) {
    const [red, green, blue] = rgb.map((each) => each / 255)
      .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }
  function contrast(node) {
    if (!background(node)) return Infinity;
    const [dark, light] = [luminance(channels(getComputedStyle(node).color).rgb), luminance(background(node))]
      .sort((one, other) => one - other);
    return (light + 0.05) / (dark + 0.05);
  }

  if (document.documentElement.scrollWidth > innerWidth) flaws.add("the page scrolls sideways");
  if (!bodies.length) flaws.add("nothing is drawn");
  for (const body of bodies) {
    const edge = Math.min(body.getBoundingClientRect().right, innerWidth) + 1;
    for (const node of body.querySelectorAll("*")) {
      if (!node.checkVisibility()) continue;
      if (isBox(node) && !node.closest(".scroll") && node.getBoundingClientRect().right > edge) say("sticks out", node);
      const isCut = node.scrollWidth > node.clientWidth + 1 && ["hidden", "clip"].includes(getComputedStyle(node).overflowX);
      if (isCut) say("is cut", node);
      if (node.matches(".block, .text, .attachment, pre") && !node.textContent.trim() && !node.querySelector("img, hr, input, select")) {
        say("is empty", node);
      }
      if (node.matches("img") && node.complete && !node.naturalWidth) say("is a broken picture", node);
    }
    const texts = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = texts.currentNode, around = text.parentElement;
      if (!text.data.trim() || !around.checkVisibility()) continue;
      if (RAW.test(text.data) && !around.closest("pre, code")) say("is raw", text);
      if (!around.closest(".scroll") && wordsEnd(text) > edge) say("sticks out", around);
      const drawn = contrast(around);
      if (drawn < LEAST_CONTRAST) say(`is faint (${drawn.toFixed(1)})`, around);
    }
  }
  return [...flaws];
}
