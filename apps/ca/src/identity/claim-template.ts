import { CodedError } from '#libs/crypto';

/**
 * How an operator writes what goes into a certificate, without code. The language is what Fulcio's published provider
 * definitions use of Go's text/template:
 *
 *     repository                                   the claim of that name (no braces at all)
 *     {{ .url }}/{{ .repository }}                 text and claims
 *     {{ index . "oidc.example/job-id" }}          a claim whose name is no identifier
 *     {{ if eq .ref_type "branch" }}heads{{ else }}tags{{ end }}
 */
export interface ClaimTemplate {
  readonly source: string;
  readonly nodes: readonly Node[];
}

type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'claim'; readonly name: string }
  | {
      readonly kind: 'if-equal';
      readonly name: string;
      readonly literal: string;
      readonly yes: readonly Node[];
      readonly no: readonly Node[];
    };

export class TemplateError extends CodedError<'unsupported-template' | 'missing-claim'> {}

const OPERAND = String.raw`(?:\.(?<field>[A-Za-z_]\w*)|\(?\s*index\s+\.\s+"(?<key>[^"\\]+)"\s*\)?)`;
const CLAIM = new RegExp(`^${OPERAND}$`);
const IF_EQUAL = new RegExp(String.raw`^if\s+eq\s+${OPERAND}\s+"(?<literal>[^"\\]*)"$`);

/** @throws TemplateError unsupported-template, at start-up, so that no token can meet a template that doesn't work */
export function parseClaimTemplate(source: string): ClaimTemplate {
  if (source.trim() === '') throw unsupported(source, 'it is empty');
  if (!source.includes('{{')) return { source, nodes: [{ kind: 'claim', name: source }] };
  // Odd pieces are actions: 'a{{ b }}c' splits into 'a', ' b ', 'c'.
  const pieces = source.split(/\{\{(.*?)\}\}/s);
  let at = 0;

  function block(closedBy: readonly string[]): { nodes: Node[]; closing: string | undefined } {
    const nodes: Node[] = [];
    for (; at < pieces.length; at++) {
      const piece = pieces[at] ?? '';
      if (at % 2 === 0) {
        if (/\{\{|\}\}/.test(piece)) throw unsupported(source, 'a brace pair is open');
        if (piece !== '') nodes.push({ kind: 'text', text: piece });
        continue;
      }
      const action = piece.trim();
      if (closedBy.includes(action)) return { nodes, closing: action };
      nodes.push(parseAction(action));
    }
    if (closedBy.length > 0) throw unsupported(source, 'an if has no end');
    return { nodes, closing: undefined };
  }

  function parseAction(action: string): Node {
    const claim = CLAIM.exec(action)?.groups;
    if (claim) return { kind: 'claim', name: claim.field ?? claim.key ?? '' };
    const test = IF_EQUAL.exec(action)?.groups;
    if (!test) throw unsupported(source, `the action ${JSON.stringify(action)} is not known here`);
    at++;
    const yes = block(['else', 'end']);
    if (yes.closing === 'else') at++;
    const no = yes.closing === 'else' ? block(['end']).nodes : [];
    return { kind: 'if-equal', name: test.field ?? test.key ?? '', literal: test.literal ?? '', yes: yes.nodes, no };
  }

  return { source, nodes: block([]).nodes };
}

/** @throws TemplateError missing-claim, naming the claim */
export function renderClaimTemplate(template: ClaimTemplate, values: ReadonlyMap<string, string>): string {
  const claim = (name: string): string => {
    const value = values.get(name);
    if (value === undefined) {
      throw new TemplateError('missing-claim', `the template "${template.source}" needs the claim "${name}"`);
    }
    return value;
  };
  const render = (nodes: readonly Node[]): string =>
    nodes
      .map((node) => {
        if (node.kind === 'text') return node.text;
        if (node.kind === 'claim') return claim(node.name);
        return render(claim(node.name) === node.literal ? node.yes : node.no);
      })
      .join('');
  return render(template.nodes);
}

function unsupported(source: string, why: string): TemplateError {
  return new TemplateError('unsupported-template', `the template "${source}" can't be used: ${why}`);
}
