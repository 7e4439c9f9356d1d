/** Who is asking, as a claim: `user@host`. */
import { hostname, userInfo } from 'node:os';

export function clientIdentity(): string {
  return `${userName()}@${hostname()}`;
}

/** `sudo` hides the person behind root; a container's user may have no name. */
function userName(): string {
  if (process.env.SUDO_USER) return process.env.SUDO_USER;
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
