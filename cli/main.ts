#!/usr/bin/env node
/** The `knowngood` command. */
import './lean.ts';
import { processIo } from './io.ts';
import { runCli } from './run.ts';

// A reader that has seen enough (`| head`) is no error, and never the end of a change that is being made.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
process.exitCode = await runCli(process.argv.slice(2), processIo());
// Connections of embedded parts may linger for a moment; nothing is awaited any more.
setTimeout(() => process.exit(), 2000).unref();
