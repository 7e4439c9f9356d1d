/** `global/pg_control`, as far as it says which cluster this is: readable while the server is down or lets nobody in. */
import { open } from 'node:fs/promises';
import { codeOf } from './target-error.ts';

export interface ControlFile {
  readonly systemIdentifier: string;
  /** Of the last checkpoint; null in a layout that this release does not know. */
  readonly timeline: number | null;
  /** The server last ran in recovery: as a standby, or to a point in time. */
  readonly inRecovery: boolean;
}

/** PG_CONTROL_VERSION of 13 to 17, and of 18: up to the timeline their layouts are the same. */
const knownLayouts: ReadonlySet<number> = new Set([1300, 1700, 1800]);
const stateAt = 16;
const timelineAt = 48;
/** DB_SHUTDOWNED_IN_RECOVERY and DB_IN_ARCHIVE_RECOVERY. */
const recoveryStates: ReadonlySet<number> = new Set([2, 5]);

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** `missing`: there is no such file; null: it is closed to this process. */
export async function readControlFile(dataDirectory: string): Promise<ControlFile | 'missing' | null> {
  try {
    const handle = await open(`${dataDirectory}/global/pg_control`, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(timelineAt + 4), 0, timelineAt + 4, 0);
      return bytesRead < timelineAt + 4 ? 'missing' : parse(buffer);
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = codeOf(error);
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : null;
  }
}

/** Written in the byte order of the server's machine, which is this one. */
function parse(bytes: Buffer): ControlFile {
  const word = (at: number): number => (littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const known = knownLayouts.has(word(8));
  return {
    systemIdentifier: (littleEndian ? bytes.readBigUInt64LE(0) : bytes.readBigUInt64BE(0)).toString(),
    timeline: known ? word(timelineAt) : null,
    inRecovery: known && recoveryStates.has(word(stateAt)),
  };
}
