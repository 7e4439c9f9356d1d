/** What the bootstrap says while it works: to stderr, so that stdout stays the answer; one live line on a terminal, plain lines elsewhere. */
const live = process.stderr.isTTY === true && !process.env.CI;

export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Runs `work` and says how long it took; on a terminal with a clock that moves, elsewhere with a line a half minute. */
export async function timed(what, work) {
  const startedMs = Date.now();
  const elapsed = () => `${((Date.now() - startedMs) / 1000).toFixed(live ? 0 : 1)} s`;
  if (!live) say(`${what} …`);
  const timer = setInterval(
    () => (live ? process.stderr.write(`\r${what} … ${elapsed()}\u001b[K`) : say(`${what} … ${elapsed()} so far`)),
    live ? 500 : 30_000,
  );
  try {
    const result = await work();
    if (live) process.stderr.write('\r\u001b[K');
    say(`${what}: done in ${elapsed()}`);
    return result;
  } catch (error) {
    if (live) process.stderr.write('\r\u001b[K');
    say(`${what}: failed after ${elapsed()}`);
    throw error;
  } finally {
    clearInterval(timer);
  }
}
