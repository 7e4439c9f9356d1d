/** Makes a key for payloads, in a file of its user alone. */
import { hasCode } from '../agent/durable.ts';
import { writeNewKey } from '../agent/key.ts';
import { newPayloadKey, parsePayloadKey, PayloadError } from '../codec/keys.ts';

/** Answers its id. One that is there is never replaced: what it encrypted could not be read any more. */
export async function makePayloadKey(file: string): Promise<string> {
  const text = newPayloadKey();
  try {
    await writeNewKey(file, text);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    throw new PayloadError({
      code: 'key-exists',
      message: `"${file}" exists already`,
      detail: 'A key that is in use must stay: what it encrypted cannot be read without it.',
      hint: 'For a rotation, make the new key in a file of its own.',
    });
  }
  return parsePayloadKey(text)?.id ?? '';
}
