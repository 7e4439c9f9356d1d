/** What a scratch server must not do is what the document says. */
import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { commandLine, kept, whyKept } from '../../../../targets/postgres/rehearsal/neutral.ts';

const place = {
  dataDirectory: '/p/tree/data',
  configFile: '/p/tree/data/postgresql.conf',
  hbaFile: null,
  identFile: null,
  socketDir: '/p/s',
  port: 5432,
  loopback: false,
};

it('is told to people, setting by setting', () => {
  const document = readFileSync(new URL('../../../../docs/rehearsal.md', import.meta.url), 'utf8');
  expect(Object.keys(kept).filter((name) => !document.includes(`\`${name}\``))).toEqual([]);
});

it('outranks what the live server has on its command line, and what a try keeps', () => {
  const line = commandLine(
    place,
    (name) => name !== 'archive_library',
    { archive_command: 'cp', port: '1', cluster_name: 'main', 'my.setting': 'x' },
    { port: '2', shared_buffers: '16MB' },
  );
  expect(line).toEqual(expect.arrayContaining(['archive_command=', 'port=5432', 'cluster_name=main', 'my.setting=x']));
  expect(line).toEqual(
    expect.arrayContaining(['shared_buffers=16MB', 'listen_addresses=', 'unix_socket_directories=/p/s']),
  );
  expect(line.some((word) => word.startsWith('archive_library'))).toBe(false);
  expect(line.filter((word) => word.startsWith('port='))).toEqual(['port=5432']);
});

it('knows settings whatever their case', () => {
  expect(whyKept('Archive_Command')).not.toBeNull();
  expect(whyKept('work_mem')).toBeNull();
});
