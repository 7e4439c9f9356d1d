/** Who gets in, asked by any Temporal client: what is no question is refused, and no answer is too large to travel. */
import { describe, expect, it } from '@jest/globals';
import type { Asked } from '../../domain/access/impact.ts';
import { caller, useAgent } from '../support/agent.ts';
import { useCluster } from '../support/cluster.ts';

const cluster = useCluster();
const lab = useAgent(cluster);

const asked: Asked = {
  user: 'app',
  database: 'shop',
  from: '10.2.0.7',
  tls: false,
  replication: false,
  source: 'declared',
  who: ['image-service'],
};

describe('who gets in', () => {
  it.each([
    ['nothing', undefined],
    ['a text', 'app'],
    ['somebody from nowhere', [{ ...asked, from: 7 }]],
    ['a name without end', [{ ...asked, user: 'x'.repeat(1_000) }]],
    ['Knowngood itself', [{ ...asked, source: 'knowngood' }]],
    ['more than anybody declares', Array.from({ length: 2_001 }, () => asked)],
  ])('%s is no question', async (_, wrong) => {
    const it = await lab();
    const answer = await it.agent.access({ ...caller, asked: wrong as readonly Asked[], withObserved: false });
    expect(answer).toMatchObject({ kind: 'refused', problems: [{ code: 'invalid-value' }] });
  });

  it('as many are answered as can travel, and the rest is counted', async () => {
    const it = await lab();
    const many = Array.from({ length: 2_000 }, (_, at) => ({
      ...asked,
      user: `app_${at}`,
      who: Array.from({ length: 5 }, () => 'é'.repeat(300)),
    }));
    const answer = await it.agent.access({ ...caller, asked: many, withObserved: false });
    if (answer.kind !== 'answered') throw new Error(JSON.stringify(answer));
    expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThan(1_100_000);
    expect(answer.answers.length).toBeGreaterThan(100);
    expect(answer.answers.length + (answer.more ?? 0)).toBe(2_000);
  });
});
