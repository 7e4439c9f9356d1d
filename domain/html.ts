/** Text that stays text in HTML, in elements and in quoted attributes. */

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

// Not only markup lies: a bidirectional override makes a text read differently than it is.
const misleading = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

export function withoutTricks(text: string): string {
  return text.replace(misleading, '\ufffd');
}

export function escapeHtml(text: string): string {
  return withoutTricks(text).replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
