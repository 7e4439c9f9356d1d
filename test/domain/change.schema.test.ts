/** Whatever JSON a client sends: it is understood or refused with words, and never an error of our own. */
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { planChange } from '../../domain/plan/change.ts';
import { parseChangeRequest } from '../../domain/request.schema.ts';
import { aContext } from './plan/builders.ts';

const json = fc.jsonValue({ maxDepth: 4 });
/** As JSON brings them, half characters and all; and keys that mean something to JavaScript. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\ud800', '\0', 'a\nb', 'work_mem', 'x.conf', '../x'),
);
const key = fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'toString', 'kind', 'then'));
const like = fc.record(
  {
    target: fc.oneof(fc.constant('shop-db'), json),
    changeId: fc.oneof(fc.constant('c'), json),
    reason: fc.oneof(text, json),
    change: fc.oneof(
      json,
      fc.record(
        {
          kind: fc.constantFrom('config', 'command', 'external', 'nope'),
          name: text,
          description: text,
          settings: fc.oneof(json, fc.dictionary(key, fc.oneof(text, json, fc.array(text)))),
          hba: fc.oneof(json, fc.array(fc.dictionary(fc.constantFrom('add', 'after', 'remove'), text))),
          files: fc.oneof(json, fc.dictionary(key, fc.oneof(text, json))),
        },
        { requiredKeys: ['kind'] },
      ),
    ),
    overrides: fc.oneof(json, fc.dictionary(key, fc.oneof(text, json))),
    extra: json,
  },
  { requiredKeys: ['change'] },
);

it('whatever JSON it is, it is understood or refused with words, and never fails', () => {
  fc.assert(
    fc.property(fc.oneof(json, like), (input) => {
      const parsed = parseChangeRequest(JSON.parse(JSON.stringify(input)));
      if (parsed.kind === 'ok') return;
      expect(parsed.problems.length).toBeGreaterThan(0);
      for (const { code, message } of parsed.problems) expect([code, message]).not.toContain('');
    }),
    { verbose: true, numRuns: 150 },
  );
});

it('and whatever was understood can be planned or refused, without failing either', () => {
  const values = fc.dictionary(
    fc.constantFrom('work_mem', 'search_path', 'geqo', 'ext.x', 'nope'),
    fc.oneof(text, json, fc.array(text, { minLength: 1 })),
  );
  const files = fc.dictionary(fc.constantFrom('conf.d/x.conf', 'pg_hba.conf', 'pg_ident.conf', 'y'), fc.option(text));
  const hba = fc.array(fc.oneof(fc.record({ add: text }), fc.record({ remove: text })));
  fc.assert(
    fc.property(fc.record({ settings: values, files, hba }, { requiredKeys: [] }), (change) => {
      const parsed = parseChangeRequest({ target: 't', changeId: 'c', change: { kind: 'config', ...change } });
      if (parsed.kind !== 'ok' || parsed.value.change.kind !== 'config') return;
      expect(['planned', 'refused']).toContain(planChange(aContext(), parsed.value.change).kind);
    }),
    { verbose: true, numRuns: 150 },
  );
});
