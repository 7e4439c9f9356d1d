/** Child processes of the bootstrap. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/*
 * Reads its input, which ends when the bootstrap ends, however it does. By force, because an npm that is merely asked
 * tidies up for seconds, and would meet the next one in the same node_modules.
 */
const keeper = `
exec 3<&0 </dev/null
"$@" 3<&- &
child=$!
(while read -r line <&3; do :; done; kill -KILL $child) 2>/dev/null &
wait $child
code=$?
kill -KILL $!
exit $code
`;

/** Runs a command to its end and returns its code and what it wrote. It ends when this process does. */
export function capture(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', keeper, 'sh', command, ...args], { stdio: 'pipe', ...options });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.stdin.on('error', () => {});
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** Gives the terminal to a command; returns its exit code as a shell would say it. */
export function handOver(command, args, env = process.env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', env });
    const forward = (signal) => child.kill(signal);
    // A terminal sends Ctrl-C to the child as well: the bootstrap only has to outlive it. A supervisor sends SIGTERM to us alone.
    process.on('SIGINT', () => {});
    process.on('SIGTERM', forward);
    process.on('SIGHUP', forward);
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
}
