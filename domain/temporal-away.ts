/** What is said when there is no way to Temporal, by whichever client found that out. Pure: who looked is client/no-way.ts. */
import type { Problem } from './problem.ts';

/** Why a connection was not made. */
export type NoWay =
  | { readonly kind: 'no-answer'; readonly detail: string }
  /** Its certificate was issued by none of the CAs that are trusted here, or is not valid today. */
  | { readonly kind: 'server-not-trusted'; readonly detail: string; readonly ownCa: boolean }
  | { readonly kind: 'other-name'; readonly detail: string }
  /** `shown` false: no client certificate is configured. */
  | { readonly kind: 'certificate-refused'; readonly detail: string; readonly shown: boolean }
  | { readonly kind: 'bad-certificate'; readonly detail: string }
  | { readonly kind: 'speaks-tls' }
  | { readonly kind: 'speaks-no-tls' }
  /** `key` false: none was sent. */
  | { readonly kind: 'not-let-in'; readonly detail: string; readonly key: boolean };

export function noWayToTemporal(address: string, why: NoWay): Problem {
  switch (why.kind) {
    case 'no-answer':
      return {
        code: 'temporal-unreachable',
        message: `no Temporal server answers at ${address}`,
        detail: why.detail,
        hint: 'Start one with "knowngood up", or set TEMPORAL_ADDRESS or the "temporal" section of the configuration file.',
      };
    case 'server-not-trusted':
      return {
        code: 'temporal-tls',
        message: `the certificate of the Temporal server at ${address} is not trusted`,
        detail: why.detail,
        hint: why.ownCa
          ? 'Check that temporal.tls.ca names the CA that issued it.'
          : 'Name its CA in temporal.tls.ca, or in TEMPORAL_TLS_SERVER_CA_CERT_PATH; without one the public CAs count.',
      };
    case 'other-name':
      return {
        code: 'temporal-tls',
        message: `the certificate of the Temporal server at ${address} is for another name`,
        detail: why.detail,
        hint: 'Connect by that name, or set temporal.tls.serverName, or TEMPORAL_TLS_SERVER_NAME.',
      };
    case 'certificate-refused':
      return {
        code: 'temporal-tls',
        message: why.shown
          ? `the Temporal server at ${address} does not accept the client certificate`
          : `the Temporal server at ${address} asks for a client certificate, and none is configured`,
        detail: why.detail,
        hint: why.shown
          ? 'Check temporal.tls.cert and key: issued by the CA that the server trusts for clients, and valid today.'
          : 'Set temporal.tls.cert and key, or TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH.',
      };
    case 'bad-certificate':
      return {
        code: 'temporal-tls',
        message: 'the certificate or key for Temporal cannot be used',
        detail: why.detail,
        hint: 'PEM files are expected: a certificate, and the unencrypted key that belongs to it.',
      };
    case 'speaks-tls':
      return {
        code: 'temporal-tls',
        message: `the Temporal server at ${address} speaks TLS, and none is configured`,
        hint: 'Set temporal.tls: true, or a section with its CA; or TEMPORAL_TLS=true.',
      };
    case 'speaks-no-tls':
      return {
        code: 'temporal-tls',
        message: `the Temporal server at ${address} does not speak TLS`,
        hint: 'Check the address. Take temporal.tls and apiKey out only where nobody can listen in, as on this machine.',
      };
    case 'not-let-in':
      return notLetIn(address, why);
    default:
      return why satisfies never;
  }
}

function notLetIn(address: string, { detail, key }: Extract<NoWay, { readonly kind: 'not-let-in' }>): Problem {
  return {
    code: 'temporal-not-let-in',
    message: key
      ? `the Temporal server at ${address} does not accept the API key`
      : `the Temporal server at ${address} lets nobody in without an API key, and none is configured`,
    detail,
    hint: key
      ? 'Check that the key is valid, not expired, and may use this namespace.'
      : 'Set temporal.apiKey: "${file:/run/secrets/temporal}", or TEMPORAL_API_KEY.',
  };
}

/** The native client shows its errors as Rust prints them; the operating system's own words are in there. */
export function inWordsOf(text: string): string {
  return /\bOs \{.*\bmessage: "([^"]+)"/.exec(text)?.[1] ?? text;
}
