// Small helpers for elements.

export const $ = (id) => document.getElementById(id);

// el makes an element; a value of true is an attribute without a value, false and null leave it out.
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child != null && child !== false));
  return node;
}

// count is "1 file", "2 files".
export const count = (n, word) => `${n} ${word}${n === 1 ? '' : 's'}`;

let clearSaid;

// say shows a short message beside the count of files, where screen readers hear it.
export function say(text) {
  $('said').textContent = text;
  clearTimeout(clearSaid);
  clearSaid = setTimeout(() => ($('said').textContent = ''), 8000);
}

// setText leaves an element alone that says it already: a live region would say it again.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
