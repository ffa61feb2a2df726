/** A piece of HTML: text inside it is already escaped. */
export class Html {
  constructor(readonly source: string) {}
}

type Part = Html | string | number | undefined | readonly Html[];

/** Template tag: every interpolated value is escaped, unless it is itself made by this tag; `undefined` is left out. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.reduce((source, string, index) => source + render(parts[index - 1]) + string));
}

function render(part: Part): string {
  if (part === undefined) return '';
  if (part instanceof Html) return part.source;
  if (typeof part === 'object') return part.map((piece) => piece.source).join('');
  return String(part).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
