import { expect, it } from '@jest/globals';
import { documentText, patchOf } from '../../../domain/managed/document.ts';
import { declaredName, viewsOf } from '../../../domain/managed/views.ts';

const places = { parameters: ['postgresql', 'parameters'], hba: ['postgresql', 'pg_hba'] };
const document = {
  ttl: 30,
  synchronous_mode: false,
  tags: {},
  postgresql: {
    use_pg_rewind: true,
    parameters: { Work_Mem: '4MB', log_statement: "it's", autovacuum: false, max_connections: 100, temp: ['a', 'b'] },
    pg_hba: ['local all all trust', '# Müller', 'host all all 10.0.0.0/8 scram-sha-256'],
  },
};

function shown(hba: string | null): Record<string, string> {
  const files = viewsOf('patroni:shop', document, places, { hba, ident: '' });
  return Object.fromEntries(files.map(({ path, content }) => [path, content]));
}

it('shows settings as lines of a configuration file, and what else is declared as keys', () => {
  expect(shown(null)).toEqual({
    'patroni:shop/config': 'postgresql.use_pg_rewind = true\nsynchronous_mode = false\ntags = {}\nttl = 30\n',
    'patroni:shop/parameters':
      "Work_Mem = '4MB'\nautovacuum = 'off'\nlog_statement = 'it''s'\nmax_connections = '100'\ntemp = 'a, b'\n",
    'patroni:shop/pg_ident.conf': '',
  });
});

it('shows the rules as declared where they are those in force, and else those in force', () => {
  const written = '# It will be overwritten\nlocal all all trust\nhost all all 10.0.0.0/8 scram-sha-256\n';
  expect(shown(written)['patroni:shop/pg_hba.conf']).toBe(
    'local all all trust\n# M\u00c3\u00bcller\nhost all all 10.0.0.0/8 scram-sha-256\n',
  );
  expect(shown('local all all peer\n')['patroni:shop/pg_hba.conf']).toBe('local all all peer\n');
});

it('finds a setting as it is spelled', () => {
  expect(declaredName(document, places, 'work_mem')).toBe('Work_Mem');
  expect(declaredName(document, places, 'jit')).toBe('jit');
});

it('patches single keys, dots in their names or not', () => {
  const patch = patchOf([
    { path: [...places.parameters, 'pg_stat_statements.max'], to: 5000 },
    { path: [...places.parameters, 'jit'], to: null },
    { path: ['ttl'], to: 20 },
  ]);
  expect(patch).toEqual({ ttl: 20, postgresql: { parameters: { 'pg_stat_statements.max': 5000, jit: null } } });
});

it('tells the order of keys apart from what they say', () => {
  expect(documentText({ b: 1, a: { d: [2], c: null } })).toBe('a.d = [2]\nb = 1\n');
});
