/** pg_hba.conf, pg_ident.conf and the lists and files they include: who may knock at all. */
import { all, append, prepend, remove, replace, write } from '../mutation.ts';

const rejectAll = 'local all all reject\nhost all all 0.0.0.0/0 reject\nhost all all ::/0 reject\n';

export const hba = all('hba', [
  {
    name: 'a rule comes first',
    steps: [prepend('pg_hba.conf', 'host shop app_rw 127.0.0.9/32 reject\n')],
    needs: 'reload',
  },
  {
    name: 'a rule comes last',
    steps: [append('pg_hba.conf', 'host all all 10.9.0.0/16 scram-sha-256\n')],
    needs: 'reload',
  },
  {
    name: "an application's rule goes",
    steps: [replace('pg_hba.conf', /^host\s+shop\s+app_rw.*\n/m, '')],
    needs: 'reload',
  },
  {
    name: 'two rules change places',
    steps: [replace('pg_hba.conf', /^(host\s+shop\s+app_rw.*\n)(host\s+shop\s+app_ro.*\n)/m, '$2$1')],
    needs: 'reload',
  },
  {
    name: 'a method changes',
    steps: [replace('pg_hba.conf', /^(host\s+shop\s+app_rw.*)scram-sha-256/m, '$1md5')],
    needs: 'reload',
  },
  {
    name: 'a rule is put behind a comment sign',
    steps: [replace('pg_hba.conf', /^host\s+shop\s+app_rw/m, '#$&')],
    needs: 'reload',
  },
  { name: 'a network gets narrower', steps: [replace('pg_hba.conf', '127.0.2.0/24', '127.0.2.0/28')], needs: 'reload' },
  {
    name: 'only connections with TLS get in',
    steps: [replace('pg_hba.conf', /^host(\s+shop\s+app_rw)/m, 'hostssl$1')],
    needs: 'reload',
  },
  {
    name: 'a rule holds the password of a directory',
    steps: [
      append(
        'pg_hba.conf',
        'host all ldapper 10.0.0.0/8 ldap ldapserver=ldap.example ldapbasedn="dc=example" ldapbinddn="cn=kg" ldapbindpasswd=hidden\n',
      ),
    ],
    needs: 'reload',
  },
  {
    name: 'a name is quoted',
    steps: [append('pg_hba.conf', 'host "all" "app_ro" 127.0.0.8/32 reject\n')],
    needs: 'reload',
  },
  {
    name: 'a rule goes on in the next line',
    steps: [append('pg_hba.conf', 'host all \\\n  app_ro 127.0.0.8/32 reject\n')],
    needs: 'reload',
  },
  {
    name: 'a rule names a role by a regular expression',
    from: 16,
    steps: [append('pg_hba.conf', 'host all /^app_ 127.0.0.8/32 reject\n')],
    needs: 'reload',
  },
  { name: 'only a comment changes', steps: [append('pg_hba.conf', '# reviewed\n')], needs: 'reload' },
  { name: 'blanks only', steps: [replace('pg_hba.conf', /\s+scram-sha-256$/m, '\tscram-sha-256')], needs: 'reload' },
  { name: 'a line does not load', steps: [append('pg_hba.conf', 'host all all nonsense\n')], needs: 'reload' },
  {
    name: 'a line that does not load stops the next start',
    steps: [append('pg_hba.conf', 'host all all 127.0.0.1/99 trust\n')],
    needs: 'restart',
    blind: true,
  },
  { name: 'pg_hba.conf is empty', steps: [write('pg_hba.conf', '')], needs: 'reload' },
  { name: 'everybody is locked out', steps: [prepend('pg_hba.conf', rejectAll)], needs: 'reload', blind: true },
  {
    name: 'everybody is locked out, and the server restarted',
    steps: [prepend('pg_hba.conf', rejectAll)],
    needs: 'restart',
    blind: true,
  },
  { name: 'the edit is not loaded', steps: [prepend('pg_hba.conf', 'host all app_ro 127.0.0.7/32 reject\n')] },
  { name: 'the group may read pg_hba.conf', steps: [{ chmod: 'pg_hba.conf', mode: 0o640 }] },
  { name: 'a list of users gains one', steps: [append('lists/admins', 'app_ro\n')], needs: 'reload' },
  { name: 'a list of users loses all', steps: [write('lists/admins', '# nobody\n')], needs: 'reload' },
  { name: 'a list of users is gone', steps: [remove('lists/admins')], needs: 'reload' },
  {
    name: 'another list is used',
    steps: [
      write('lists/more', 'app_rw app_ro\n'),
      append('pg_hba.conf', 'host all @lists/more 127.0.0.6/32 reject\n'),
    ],
    needs: 'reload',
  },
  {
    name: 'an included file of rules changes',
    from: 16,
    steps: [write('hba.d/10-apps.conf', 'host all all 127.0.0.5/32 reject\n')],
    needs: 'reload',
  },
  {
    name: 'a folder of rules gains a file',
    from: 16,
    steps: [write('hba.d/20-more.conf', 'host all all 127.0.0.4/32 reject\n')],
    needs: 'reload',
  },
  { name: 'a folder of rules loses a file', from: 16, steps: [remove('hba.d/10-apps.conf')], needs: 'reload' },
  {
    name: 'an included file of rules goes, and its include stays',
    from: 16,
    steps: [remove('more_hba.conf')],
    needs: 'reload',
  },
  {
    name: 'a file of rules that include_if_exists waits for appears',
    from: 16,
    steps: [write('later_hba.conf', 'host all all 127.0.0.3/32 reject\n')],
    needs: 'reload',
  },
  {
    name: 'rules include one more file',
    from: 16,
    steps: [write('new_hba.conf', 'local all app_ro reject\n'), prepend('pg_hba.conf', 'include new_hba.conf\n')],
    needs: 'reload',
  },
  { name: 'a map of names is added', steps: [append('pg_ident.conf', 'ops alice app_rw\n')], needs: 'reload' },
  { name: 'a map of names goes', steps: [replace('pg_ident.conf', /^ops root.*\n/m, '')], needs: 'reload' },
  { name: 'pg_ident.conf does not load', steps: [append('pg_ident.conf', 'ops alice\n')], needs: 'reload' },
  { name: 'pg_ident.conf is gone', steps: [remove('pg_ident.conf')], needs: 'reload' },
  {
    name: 'pg_ident.conf includes another file',
    from: 16,
    steps: [write('ident_more.conf', 'ops bob app_ro\n'), append('pg_ident.conf', 'include ident_more.conf\n')],
    needs: 'reload',
  },
]);
