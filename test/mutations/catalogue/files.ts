/** postgresql.conf, what it includes, and the files beside it: content, mode, owner, presence. */
import { all, append, prepend, remove, replace, write } from '../mutation.ts';

const big = Array.from({ length: 4000 }, (_, i) => `# line ${i} of a generated file, which nobody reads\n`).join('');

export const files = all('files', [
  {
    name: 'a value in postgresql.conf changes',
    steps: [replace('postgresql.conf', /^work_mem = .*$/m, 'work_mem = 6MB')],
    needs: 'reload',
  },
  {
    name: 'a line of postgresql.conf is taken out',
    steps: [replace('postgresql.conf', /^work_mem = .*\n/m, '')],
    needs: 'reload',
  },
  {
    name: 'a line is added at the end',
    steps: [append('postgresql.conf', 'maintenance_work_mem = 99MB\n')],
    needs: 'reload',
  },
  { name: 'a later duplicate wins', steps: [append('postgresql.conf', 'work_mem = 7MB\n')], needs: 'reload' },
  { name: 'an edit is not loaded', steps: [append('postgresql.conf', 'work_mem = 8MB\n')] },
  { name: 'only a comment changes', steps: [prepend('postgresql.conf', '# by the night shift\n')], needs: 'reload' },
  {
    name: 'the last line loses its end',
    steps: [{ edit: 'postgresql.conf', by: (text) => text.trimEnd() }],
    needs: 'reload',
  },
  {
    name: 'lines end as on Windows',
    steps: [{ edit: 'postgresql.conf', by: (text) => text.replaceAll('\n', '\r\n') }],
    needs: 'reload',
  },
  {
    name: 'a byte that is no UTF-8 stands in a comment',
    steps: [append('postgresql.conf', '# caf\xe9\n')],
    needs: 'reload',
  },
  {
    name: 'a custom setting appears',
    steps: [append('postgresql.conf', "app.flavour = 'vanilla'\n")],
    needs: 'reload',
  },
  {
    name: 'an unknown name keeps everything from being loaded',
    steps: [append('postgresql.conf', 'no_such_setting = 1\nwork_mem = 9MB\n')],
    needs: 'reload',
  },
  {
    name: 'a bad value is loaded around',
    steps: [append('postgresql.conf', 'work_mem = lots\nmaintenance_work_mem = 98MB\n')],
    needs: 'reload',
  },
  { name: 'a quote is never closed', steps: [append('postgresql.conf', "log_line_prefix = 'oops\n")], needs: 'reload' },
  {
    name: 'everything after a broken line is lost at the next start',
    steps: [prepend('postgresql.conf', 'what is this\n')],
    needs: 'restart',
    blind: true,
  },
  {
    name: 'postgresql.conf is made anew, as an upgrade does',
    steps: [write('postgresql.conf', "listen_addresses = '127.0.0.1'\n")],
    needs: 'restart',
  },
  {
    name: 'the server listens where nobody looks for it',
    steps: [append('postgresql.conf', "listen_addresses = '127.0.0.9'\n")],
    needs: 'restart',
    blind: true,
  },
  { name: 'postgresql.conf is empty', steps: [write('postgresql.conf', '')], needs: 'reload' },
  { name: 'postgresql.conf grows to 200 kB', steps: [append('postgresql.conf', big)], needs: 'reload' },
  { name: 'the group may read postgresql.conf', steps: [{ chmod: 'postgresql.conf', mode: 0o640 }] },
  { name: 'everybody may read postgresql.auto.conf', steps: [{ chmod: 'postgresql.auto.conf', mode: 0o644 }] },
  {
    name: 'postgresql.conf belongs to somebody else, and the server may read it',
    steps: [
      { chmod: 'postgresql.conf', mode: 0o644 },
      { chown: 'postgresql.conf', uid: 0, gid: 0 },
    ],
    needs: 'reload',
  },
  {
    name: 'an include appears, and its file',
    steps: [write('extra.conf', 'geqo = off\n'), append('postgresql.conf', "include 'extra.conf'\n")],
    needs: 'reload',
  },
  {
    name: 'an include names a file that is not there',
    steps: [append('postgresql.conf', "include 'missing.conf'\n")],
    needs: 'reload',
  },
  {
    name: 'an included file changes',
    steps: [replace('shared/base.conf', 'geqo_threshold = 13', 'geqo_threshold = 14')],
    needs: 'reload',
  },
  {
    name: 'an included file goes, and its include',
    steps: [remove('shared/base.conf'), replace('postgresql.conf', /^include 'shared.*\n/m, '')],
    needs: 'reload',
  },
  { name: 'an included file goes, and its include stays', steps: [remove('shared/base.conf')], needs: 'reload' },
  {
    name: 'an included file includes another one',
    steps: [write('shared/deep.conf', 'geqo_effort = 6\n'), append('shared/base.conf', "include 'deep.conf'\n")],
    needs: 'reload',
  },
  {
    name: 'an include folder gains a file',
    steps: [write('conf.d/20-memory.conf', 'maintenance_work_mem = 97MB\n')],
    needs: 'reload',
  },
  {
    name: 'a file of an include folder changes',
    steps: [write('conf.d/10-base.conf', 'effective_io_concurrency = 3\n')],
    needs: 'reload',
  },
  { name: 'a file of an include folder goes', steps: [remove('conf.d/10-base.conf')], needs: 'reload' },
  {
    name: 'a file of an include folder is renamed',
    steps: [remove('conf.d/10-base.conf'), write('conf.d/99-base.conf', 'effective_io_concurrency = 7\n')],
    needs: 'reload',
  },
  {
    name: 'an include folder that nothing reads any more gains a file',
    steps: [
      replace('postgresql.conf', /^include_dir.*\n/m, ''),
      write('conf.d/99-late.conf', 'effective_io_concurrency = 9\n'),
    ],
    needs: 'reload',
  },
  {
    name: 'a file of an include folder is closed',
    steps: [{ chmod: 'conf.d/10-base.conf', mode: 0o400 }],
    needs: 'reload',
  },
  {
    name: 'a hidden file of an include folder changes nothing',
    steps: [write('conf.d/.hidden.conf', 'geqo = off\n')],
    needs: 'reload',
    leaves: ['.hidden.conf'],
    cleanUp: [remove('conf.d/.hidden.conf')],
  },
  {
    name: 'the include folder is not read any more',
    steps: [replace('postgresql.conf', /^include_dir.*\n/m, '')],
    needs: 'reload',
  },
  {
    name: 'a file that include_if_exists waits for appears',
    steps: [write('later.conf', 'geqo_pool_size = 7\n')],
    needs: 'reload',
  },
  {
    name: 'the rules are read from another file',
    steps: [
      write('other_hba.conf', 'local all all trust\nhost all all 127.0.0.0/8 trust\n'),
      { edit: 'postgresql.conf', by: (text, dataDir) => `${text}hba_file = '${dataDir}/other_hba.conf'\n` },
    ],
    needs: 'restart',
  },
  {
    name: 'the rules are read from another file, and a grant is gone too',
    steps: [
      write('other_hba.conf', 'local all all trust\nhost all all 127.0.0.0/8 trust\n'),
      { edit: 'postgresql.conf', by: (text, dataDir) => `${text}hba_file = '${dataDir}/other_hba.conf'\n` },
      'revoke all on app.orders from app_rw',
    ],
    needs: 'restart',
  },
  {
    name: 'the rules are read from another file, which lets nobody in',
    steps: [
      write('other_hba.conf', 'local all all reject\nhost all all all reject\n'),
      { edit: 'postgresql.conf', by: (text, dataDir) => `${text}hba_file = '${dataDir}/other_hba.conf'\n` },
    ],
    needs: 'restart',
    blind: true,
  },
  {
    name: 'the rules are read from a file that is not there, and the server does not start',
    steps: [append('postgresql.conf', "hba_file = '/nowhere/pg_hba.conf'\n")],
    needs: 'restart',
    blind: true,
  },
  { name: "Debian's start.conf says manual", steps: [write('start.conf', 'manual\n')] },
  { name: "Debian's pg_ctl.conf gets options", steps: [replace('pg_ctl.conf', "''", "'-c work_mem=5MB'")] },
  { name: "Debian's environment appears", steps: [write('environment', "PGTZ = 'Asia/Tokyo'\n")] },
]);
