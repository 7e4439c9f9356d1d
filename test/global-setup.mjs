/**
 * One Temporal dev server for the whole run, started when the first test asks for it.
 *
 * It belongs to Jest's parent process, because workers come and go. Tests ask through a small HTTP server
 * (test/support/temporal.ts). Plain JavaScript on dist/: Node 20 runs this file itself, and cannot strip types.
 */
import { createServer } from 'node:http';

const say = (line) => process.stderr.write(`${line}\n`);

export default async function setUp() {
  const { findTemporalCli } = await import('../dist/worker/stack/temporal-binaries.js');
  const { startTemporal } = await import('../dist/worker/stack/temporal-server.js');
  // Built before the first test: a build of minutes beside tests with deadlines would fail them.
  // Without Temporal the tests that ask for it fail, with this error; the others run.
  await findTemporalCli(say).catch((error) => say(String(error)));
  let stack = null;
  const broker = createServer((_request, response) => {
    stack ??= startTemporal({ ui: false, progress: say });
    stack.then(
      ({ address }) => response.end(address),
      (error) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise((resolve) => broker.listen(0, '127.0.0.1', resolve));
  broker.unref();
  process.env.KNOWNGOOD_TEST_BROKER = `http://127.0.0.1:${broker.address().port}`;
  globalThis.knowngoodTearDown = async () => {
    broker.close();
    broker.closeAllConnections();
    await (await stack?.catch(() => null))?.stop();
  };
}
