/**
 * Loaded before `knowngood agent` where no small file system can be mounted: while the marker file is there, a write into
 * the state folder gets half of its bytes down and then no more, as on a full disk. The product knows nothing of it.
 */
import { existsSync, readlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';

const folder = process.env.KNOWNGOOD_DISK_FOLDER;
const marker = process.env.KNOWNGOOD_DISK_FULL;

const handle = await open('/dev/null');
const files = Object.getPrototypeOf(handle);
await handle.close();

const { write, writeFile } = files;
files.writeFile = async function (content, ...rest) {
  if (!existsSync(marker) || !readlinkSync(`/proc/self/fd/${this.fd}`).startsWith(`${folder}/`))
    return writeFile.call(this, content, ...rest);
  const bytes = Buffer.from(content);
  await write.call(this, bytes.subarray(0, bytes.length / 2));
  throw Object.assign(new Error('ENOSPC: no space left on device, write'), {
    code: 'ENOSPC',
    errno: -28,
    syscall: 'write',
  });
};
