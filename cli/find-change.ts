/** The change that a name on the command line means. */
import type { ChangeHandle } from '../client/change-handle.ts';
import type { Context } from './context.ts';
import { must } from './stop.ts';

export const nameHelp = '<target>:<change id>, a change id, or a target with exactly one open change';

export async function findChange(
  { client, config }: Context,
  name: string,
  { openOnly }: { readonly openOnly: boolean },
): Promise<ChangeHandle> {
  const targets = Object.keys(config?.targets ?? {});
  return must(await client.find(name, { targets, openOnly })).change;
}
