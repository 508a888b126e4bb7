// Building and reconciling DOM nodes; text always becomes text nodes, so nothing needs escaping.

export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

// Show `items` in `container`, rebuilding only those whose signature changed, so focus and pending buttons stay.
export function keyed(container, items, keyOf, signatureOf, build) {
  const shown = new Map([...container.children].map((node) => [node.dataset.key, node]));
  const nodes = items.map((item, index) => {
    const key = keyOf(item), signature = signatureOf(item, index);
    const old = shown.get(key);
    if (old && old.dataset.signature === signature) return old;
    const node = build(item, index);
    node.dataset.key = key;
    node.dataset.signature = signature;
    return node;
  });
  const wanted = new Set(nodes);
  for (const node of [...container.children]) if (!wanted.has(node)) node.remove();
  nodes.forEach((node, index) => {
    if (container.children[index] !== node) container.insertBefore(node, container.children[index] ?? null);
  });
}

export async function post(what, body) {
  try {
    const answer = await fetch(`/page/${what}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Lab-Page": "page" },
      body: JSON.stringify(body),
    });
    return await answer.json();
  } catch {
    return { ok: false, error: "The lab's workspace is not running.", errors: {} };
  }
}
