#!/usr/bin/env node
/** The `knowngood` command. */
import './lean.ts';
import { processIo } from './io.ts';
import { runCli } from './run.ts';

process.exitCode = await runCli(process.argv.slice(2), processIo());
// Connections of embedded parts may linger for a moment; nothing is awaited any more.
setTimeout(() => process.exit(), 2000).unref();
