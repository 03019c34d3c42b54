// Shows the page in another of its languages. What was ticked and typed stays: words alone change.
//
// The page stands in the document once, in its first language, and once more for each other language in a
// <template>: the same elements with other words. This pairs them, before any other script has changed
// the page, and from then on swaps texts and attributes in place.

// `whole` is the page's element; the templates are marked data-language. What comes back changes the language.
export function startSpeaking(whole, first) {
  const places = new Map();
  for (const template of document.querySelectorAll("template[data-language]")) {
    pair(whole, template.content.firstElementChild, { first, language: template.dataset.language, places });
    template.remove();
  }
  return (language, direction) => {
    for (const [node, parts] of places) {
      for (const [name, said] of parts) put(node, name, said.has(language) ? said.get(language) : said.get(first));
    }
    Object.assign(document.documentElement, { lang: language, dir: direction });
  };
}

function pair(one, other, pairing) {
  if (one.nodeName !== other?.nodeName || one.childNodes.length !== other.childNodes.length) {
    throw new Error("the languages of this page do not line up");
  }
  if (one.nodeType === Node.TEXT_NODE) note(one, "", one.data, other.data, pairing);
  if (one.nodeType === Node.ELEMENT_NODE) {
    for (const name of new Set([...one.getAttributeNames(), ...other.getAttributeNames()])) {
      note(one, name, one.getAttribute(name), other.getAttribute(name), pairing);
    }
  }
  for (const [place, child] of one.childNodes.entries()) pair(child, other.childNodes[place], pairing);
}

// What an element, or a text, says in each language under the name of an attribute, or "" for the text itself.
function note(node, name, before, after, { first, language, places }) {
  if (before === after) return;
  if (!places.has(node)) places.set(node, new Map());
  const parts = places.get(node);
  if (!parts.has(name)) parts.set(name, new Map([[first, before]]));
  parts.get(name).set(language, after);
}

// An attribute that a language does not have is null.
function put(node, name, words) {
  if (!name) node.data = words;
  else if (words === null) node.removeAttribute(name);
  else node.setAttribute(name, words);
}
