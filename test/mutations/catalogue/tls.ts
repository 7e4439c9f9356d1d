/** Certificate, key, CA and CRL that settings name: content, mode, place. */
import { all, append, remove, replace, write } from '../mutation.ts';
import { selfSigned } from '../../support/certificate.ts';

const other = selfSigned('other.example');

export const tls = all('tls', [
  {
    name: 'certificate and key are renewed',
    steps: [write('tls/server.crt', other.certificate), write('tls/server.key', other.key)],
    needs: 'reload',
  },
  {
    name: 'the certificate fits no key any more',
    steps: [write('tls/server.crt', other.certificate)],
    needs: 'reload',
  },
  { name: 'the certificate is no certificate', steps: [write('tls/server.crt', 'nothing\n')], needs: 'reload' },
  { name: 'the key is gone', steps: [remove('tls/server.key')], needs: 'reload' },
  { name: 'everybody may read the key', steps: [{ chmod: 'tls/server.key', mode: 0o644 }], needs: 'reload' },
  {
    name: 'everybody may read the key, and the server does not start',
    steps: [{ chmod: 'tls/server.key', mode: 0o644 }],
    needs: 'restart',
    blind: true,
  },
  { name: 'the certificate gains a line', steps: [append('tls/server.crt', '# renewed\n')], needs: 'reload' },
  { name: 'the CA is another one', steps: [write('tls/ca.crt', other.certificate)], needs: 'reload' },
  {
    name: 'the CA is not looked at any more',
    steps: [replace('postgresql.conf', /^ssl_ca_file.*\n/m, '')],
    needs: 'reload',
  },
  { name: 'TLS is turned off', steps: [replace('postgresql.conf', /^ssl = on$/m, 'ssl = off')], needs: 'reload' },
  {
    name: 'certificate and key stand elsewhere',
    steps: [
      write('tls/new.crt', other.certificate),
      write('tls/new.key', other.key),
      replace('postgresql.conf', /^ssl_cert_file.*$/m, "ssl_cert_file = 'tls/new.crt'"),
      replace('postgresql.conf', /^ssl_key_file.*$/m, "ssl_key_file = 'tls/new.key'"),
    ],
    needs: 'reload',
  },
  {
    name: 'an old version of TLS is let in',
    steps: [append('postgresql.conf', "ssl_min_protocol_version = 'TLSv1.1'\n")],
    needs: 'reload',
  },
]);
