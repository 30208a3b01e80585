// What both editors share: names for highlighting that style.css colours, so that a theme is a matter of style alone.
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

const names = HighlightStyle.define([
  { tag: tags.comment, class: 'tok-comment' },
  { tag: [tags.string, tags.special(tags.string), tags.content], class: 'tok-string' },
  { tag: [tags.number, tags.atom, tags.bool, tags.null], class: 'tok-value' },
  { tag: [tags.keyword, tags.labelName, tags.typeName], class: 'tok-keyword' },
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], class: 'tok-property' },
  { tag: [tags.operator, tags.punctuation, tags.separator, tags.brace, tags.squareBracket], class: 'tok-mark' },
]);

export const shared = [
  syntaxHighlighting(names),
  EditorView.cspNonce.of('codemirror'),
  EditorView.darkTheme.of(false), // colours are style.css's, by light-dark()
];

// replacement is the smallest change that makes text of the document, so that caret, scroll and marks stay.
export function replacement(doc, text) {
  const old = doc.toString();
  let from = 0;
  const shorter = Math.min(old.length, text.length);
  while (from < shorter && old[from] === text[from]) from++;
  let tail = 0;
  while (tail < shorter - from && old[old.length - 1 - tail] === text[text.length - 1 - tail]) tail++;
  return { from, to: old.length - tail, insert: text.slice(from, text.length - tail) };
}

// position of a line and column, both from 1, as the generator counts them; outside is moved to the nearest.
export function position(doc, line, column) {
  const { from, to } = doc.line(Math.min(Math.max(line, 1), doc.lines));
  return Math.min(from + Math.max(column, 1) - 1, to);
}
