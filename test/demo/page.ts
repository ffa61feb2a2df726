import { styleText } from 'node:util';

const WIDTH = 98;
const INDENT = 3;

type Style = Parameters<typeof styleText>[0];

/** In colour on a terminal, unless NO_COLOR or its like says otherwise: `styleText` asks stdout. */
export function styled(style: Style, text: string): string {
  return styleText(style, text);
}

export function print(text: string = ''): void {
  process.stdout.write(`${text}\n`);
}

export function title(text: string): void {
  print(styled('bold', text));
}

/** A numbered step of the story. */
export function step(number: number, text: string): void {
  print(`\n${styled('bold', `${number}. ${text}`)}\n`);
}

/** Prose. */
export function say(text: string): void {
  for (const line of wrapped(text, WIDTH - INDENT)) print(' '.repeat(INDENT) + line);
}

/** A name, and what there is to say about it. */
export function entry(name: string, text: string, nameWidth: number = 12): void {
  const column = INDENT + nameWidth + 2;
  const [first = '', ...more] = wrapped(text, WIDTH - column);
  print(`${' '.repeat(INDENT)}${styled('bold', name.padEnd(nameWidth))}  ${first}`);
  for (const line of more) print(' '.repeat(column) + line);
}

/** Rows of plain cells, the columns aligned. The first row is their names. */
export function table(rows: readonly (readonly string[])[]): void {
  const [names = []] = rows;
  const widths = names.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const [at, row] of rows.entries()) {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
    const line = `${' '.repeat(INDENT)}${cells.join('   ')}`.trimEnd();
    print(at === 0 ? styled('bold', line) : marked(line));
  }
}

/** What another program printed. A line that is too long goes on below, in the column of its text. */
export function quote(text: string): void {
  const margin = ' '.repeat(INDENT + 2);
  for (const line of text.trimEnd().split('\n')) {
    const parts = line.length <= WIDTH - margin.length ? [line] : folded(line, WIDTH - margin.length);
    for (const part of parts) print(marked(`${margin}${part}`.trimEnd()));
  }
}

/** A command, as it can be typed. */
export function command(words: readonly string[]): void {
  const lines = [''];
  for (const word of words.join(' ').replaceAll('--key ', '--key\0').split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + word.length + INDENT + 7 > WIDTH) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  print(`${' '.repeat(INDENT)}$ ${styled('cyan', lines.join(` \\\n${' '.repeat(INDENT + 4)}`).replaceAll('\0', ' '))}`);
}

function marked(line: string): string {
  return line
    .replaceAll('✓', styled('green', '✓'))
    .replaceAll('✗', styled('red', '✗'))
    .replace(/^( *)!/, (_, spaces: string) => spaces + styled('yellow', '!'));
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((one) => one !== '')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** A line whose spaces mean something. */
function folded(line: string, width: number): string[] {
  const column = /^ *(?:[✓✗!] |\S+(?: \S+)? {2,})?/.exec(line)?.[0].length ?? 0;
  const lines = wrapped(line.slice(column), width - column);
  return lines.map((part, at) => (at === 0 ? line.slice(0, column) : ' '.repeat(column)) + part);
}
