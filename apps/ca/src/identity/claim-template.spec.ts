import { describe, expect, test } from '@jest/globals';
import { parseClaimTemplate, renderClaimTemplate } from './claim-template.js';

const values = new Map([
  ['url', 'https://ci.example'],
  ['repository', 'org/tool'],
  ['ref_type', 'branch'],
  ['oidc.example/job-id', '17'],
  ['constructor', 'a claim like any other'],
]);
const render = (source: string): string => renderClaimTemplate(parseClaimTemplate(source), values);

describe('a claim template', () => {
  test.each([
    ['repository', 'org/tool'],
    ['constructor', 'a claim like any other'],
    ['{{ .url }}/{{.repository}}', 'https://ci.example/org/tool'],
    ['job {{ index . "oidc.example/job-id" }}', 'job 17'],
    ['job {{(index . "oidc.example/job-id")}}', 'job 17'],
    ['refs/{{if eq .ref_type "branch"}}heads/{{ else }}tags/{{end}}x', 'refs/heads/x'],
    ['{{ if eq .ref_type "tag" }}tag{{ end }}', ''],
    [
      '{{ if eq .ref_type "tag" }}a{{ else }}{{ if eq .url "x" }}b{{ else }}{{ .repository }}{{ end }}{{ end }}!',
      'org/tool!',
    ],
    ['{{ if eq (index . "oidc.example/job-id") "17" }}seventeen{{ end }}', 'seventeen'],
  ])('%s is rendered', (source, rendered) => {
    expect(render(source)).toBe(rendered);
  });

  test.each(['toString', '{{ .toString }}', '{{ .url }}/{{ .missing }}', '{{ if eq .missing "x" }}{{ end }}'])(
    '%s needs a claim that is not there',
    (source) => {
      expect(() => render(source)).toThrow(expect.objectContaining({ code: 'missing-claim' }));
    },
  );

  test.each([
    '',
    ' ',
    '{{ .url',
    '.url }}{{ .url }}',
    '{{ }}',
    '{{ .url | upper }}',
    '{{ range .x }}{{ end }}',
    '{{ if eq .url "x" }}',
    '{{ if eq .url "x" }}a{{ else }}b',
    '{{ if eq .url "x" }}a{{ else }}b{{ else }}c{{ end }}',
    '{{ else }}',
    '{{ end }}',
    '{{ if .url }}x{{ end }}',
    '{{ .a.b }}',
    '{{ index . "a\\"b" }}',
  ])('%j is refused before any token is seen', (source) => {
    expect(() => parseClaimTemplate(source)).toThrow(expect.objectContaining({ code: 'unsupported-template' }));
  });
});
