/** Imported first: an agent lives beside a database and works seldom, so its young generation keeps its first size. */
import { setFlagsFromString } from 'node:v8';

if (process.argv.includes('agent')) setFlagsFromString('--semi-space-growth-factor=1');
