/** Secrets that are planted, and how they are looked for: as they are, as base64 at any offset, as hex, packed or not. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliDecompressSync, unzipSync } from 'node:zlib';
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import pg from 'pg';

/** What it is → the secret itself. */
export type Planted = ReadonlyMap<string, string>;

/** Where it stood → bytes. */
export type Haystack = ReadonlyMap<string, Buffer>;

/** One line a finding: `password of app_rw in store: changes (base64)`. */
export function findPlanted(planted: Planted, haystack: Haystack): readonly string[] {
  const spellings = [...planted].flatMap(([what, secret]) => spellingsOf(secret).map((one) => ({ what, ...one })));
  return [...haystack].flatMap(([where, bytes]) => {
    const texts = [bytes, ...unpacked(bytes)].map((content) => content.toString('latin1'));
    const lower = texts.map((text) => text.toLowerCase());
    const found = spellings
      .filter(({ form, text }) => (form === 'hex' ? lower : texts).some((content) => content.includes(text)))
      .map(({ what, form }) => `${what} in ${where} (${form})`);
    return [...new Set(found)];
  });
}

function spellingsOf(secret: string): readonly { readonly form: string; readonly text: string }[] {
  const bytes = Buffer.from(secret);
  const inJson = JSON.stringify(secret).slice(1, -1);
  return [
    { form: 'plain', text: secret },
    { form: 'plain', text: inJson },
    ...[0, 1, 2].flatMap((before) => inBase64(bytes, before)),
    { form: 'hex', text: bytes.toString('hex') },
  ];
}

/** As it stands inside longer base64: without the letters that its neighbours decide too. */
function inBase64(bytes: Buffer, before: number): readonly { readonly form: string; readonly text: string }[] {
  const encoded = Buffer.concat([Buffer.alloc(before), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  const clean = encoded.slice(Math.ceil((before * 8) / 6), -1);
  return [clean, clean.replaceAll('+', '-').replaceAll('/', '_')].map((text) => ({ form: 'base64', text }));
}

/** Bytes may begin with a mark of their own. */
function unpacked(bytes: Buffer): readonly Buffer[] {
  return [0, 1, 2, 4, 8].flatMap((from) =>
    [unzipSync, brotliDecompressSync].flatMap((unpack) => {
      try {
        return [unpack(bytes.subarray(from))];
      } catch {
        return [];
      }
    }),
  );
}

/** Each event as the server keeps it, and each payload in it decoded. */
export async function histories(client: Client): Promise<Haystack> {
  const found = new Map<string, Buffer>();
  for await (const { workflowId, runId } of client.workflow.list()) {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    for (const event of events ?? []) {
      const raw = proto.temporal.api.history.v1.HistoryEvent.encode(event).finish();
      found.set(`history of ${workflowId}, event ${String(event.eventId)}`, Buffer.from(raw));
      const said = JSON.stringify(event, (_, value: unknown) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value,
      );
      found.set(`history of ${workflowId}, event ${String(event.eventId)}, decoded`, Buffer.from(said));
    }
  }
  return found;
}

/** Each column of each row of each table. */
export async function tables(url: string): Promise<Haystack> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const found = new Map<string, Buffer>();
    const { rows: names } = await client.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname not in ('pg_catalog', 'information_schema')`,
    );
    for (const { name } of names) {
      const { rows } = await client.query<Record<string, unknown>>(`select * from ${name}`);
      for (const [i, row] of rows.entries())
        for (const [column, value] of Object.entries(row))
          found.set(`store: ${name}.${column}, row ${i}`, bytesOf(value));
    }
    return found;
  } finally {
    await client.end();
  }
}

function bytesOf(value: unknown): Buffer {
  return Buffer.isBuffer(value)
    ? value
    : Buffer.from(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
}

/** Every file below a folder. */
export async function filesBelow(folder: string): Promise<Haystack> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return new Map(await Promise.all(files.map(async (path) => [`state: ${path}`, await readFile(path)] as const)));
}
