/** Thins a long series of samples for a picture, without losing what it is about. */
import type { Sample } from '../check.ts';

/** About one a pixel of the widest chart; a report of a day-long hold would weigh megabytes otherwise. */
const mostPoints = 800;

/** `samples` oldest first. What is no pass stays, and the passes beside it; of the other passes every n-th. */
export function thin(samples: readonly Sample[], most = mostPoints): readonly Sample[] {
  if (samples.length <= most) return samples;
  const step = Math.ceil(samples.length / most);
  const telling = samples.filter(
    (_, index) => tells(samples, index) || index % step === 0 || index === samples.length - 1,
  );
  // A check that fails or flaps all day has more to tell than a picture can hold.
  return telling.length <= 2 * most ? telling : everyNth(telling, Math.ceil(telling.length / most));
}

function tells(samples: readonly Sample[], index: number): boolean {
  return [index - 1, index, index + 1].some((near) => (samples[near]?.mark ?? 'pass') !== 'pass');
}

const everyNth = (samples: readonly Sample[], n: number): readonly Sample[] =>
  samples.filter((_, index) => index % n === 0 || index === samples.length - 1);
