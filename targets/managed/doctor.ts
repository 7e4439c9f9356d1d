/** What `knowngood doctor` says about a managed target. Each check stands on its own. Touches nothing. */
import type { Problem } from '../../domain/problem.ts';
import type { DoctorCheck } from '../postgres/doctor.ts';
import { TargetError, messageOf } from '../postgres/target-error.ts';
import type { ManagedOptions } from './parts.ts';
import { createManagedTarget } from './target.ts';

export async function managedDoctorChecks(options: ManagedOptions): Promise<readonly DoctorCheck[]> {
  const { owner } = options;
  const target = createManagedTarget(options);
  const { title } = owner;
  try {
    const { open, detail } = await owner.wayBack();
    const answers = `${title} answers, and would take a change back: ${detail}`;
    const away = { code: 'owner-unreachable', message: `${title} would not take a change back`, detail };
    return [
      open ? { name: answers, ok: true } : { name: answers, ok: false, problem: away },
      ...(await checked(`changes can be declared through ${title}`, () => owner.obstacles())),
      ...(await checked('the server can be guarded', async () => {
        const identified = await target.identify();
        return identified.kind === 'refused' ? identified.problems : [];
      })),
      ...(await checked('the server runs as it is declared', async () => (await target.capture()).dirty)),
    ];
  } finally {
    await target.close();
  }
}

async function checked(name: string, look: () => Promise<readonly Problem[]>): Promise<readonly DoctorCheck[]> {
  const problems = await look().catch((error: unknown) =>
    error instanceof TargetError ? error.problems : [{ code: 'unforeseen', message: messageOf(error) }],
  );
  return problems.length === 0 ? [{ name, ok: true }] : problems.map((problem) => ({ name, ok: false, problem }));
}
