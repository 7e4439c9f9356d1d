/** Hosts that nobody beyond this machine can be behind. */

const loopback = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;

/** `host` as it is written, an IPv6 address without brackets. */
export function isThisMachine(host: string): boolean {
  return loopback.test(host);
}
