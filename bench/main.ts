/** `npm run bench -- <name> [--json] [--runs N] [--tables N] [--targets N] [--soak S]`: measurements beside their floor, never timed tests. */
import { parseArgs } from 'node:util';
import { benchAccess } from './access/access.ts';
import { benchCodec } from './codec.ts';
import { benchFleet } from './fleet.ts';
import { renderFigures, type Figure } from './figure.ts';
import { benchHistory } from './history.ts';
import { benchLoad } from './load/load.ts';
import type { BenchOptions } from './options.ts';
import { benchPeers } from './peers/peers.ts';
import { benchRestore } from './restore.ts';
import { benchSnapshot } from './snapshot.ts';

const benches: Readonly<Record<string, (options: BenchOptions) => Promise<readonly Figure[]>>> = {
  restore: benchRestore,
  peers: benchPeers,
  snapshot: benchSnapshot,
  history: benchHistory,
  load: benchLoad,
  fleet: benchFleet,
  access: benchAccess,
  codec: benchCodec,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    runs: { type: 'string', default: '30' },
    tables: { type: 'string', default: '10000' },
    targets: { type: 'string', default: '200' },
    soak: { type: 'string', default: '180' },
  },
});
const names = positionals.length > 0 ? positionals : Object.keys(benches);
const [runs, tables] = [Number(values.runs), Number(values.tables)];
const [targets, soak] = [Number(values.targets), Number(values.soak)];
const isCount = (value: number): boolean => Number.isInteger(value) && value >= 1;
if (![runs, tables, targets, soak].every(isCount) || names.some((name) => !(name in benches))) {
  console.error(
    `usage: npm run bench -- [${Object.keys(benches).join(' | ')}] [--json] [--runs N] [--tables N] [--targets N] [--soak S]`,
  );
  process.exit(1);
}
const figures: Figure[] = [];
for (const name of names) {
  const bench = benches[name];
  if (bench) figures.push(...(await bench({ runs, tables, targets, soak, progress: (line) => console.error(line) })));
}
// None: every bench was skipped, and has said so.
if (figures.length > 0)
  console.log(values.json ? figures.map((figure) => JSON.stringify(figure)).join('\n') : renderFigures(figures));
