import { expect, it } from '@jest/globals';
import type { Asked } from '../../../domain/access/impact.ts';
import { mergeAsked } from '../../../domain/access/merge-asked.ts';

const asked = (bend: Partial<Asked>): Asked => {
  return { user: 'app', database: 'shop', from: '10.2.0.7', tls: false, source: 'observed', who: ['seen'], ...bend };
};

it('one principal is asked about once, under its weightiest reason, with all names and needs', () => {
  const needs = [{ privilege: 'select', on: { kind: 'table', name: 'public.images' } }] as const;
  const merged = mergeAsked([
    asked({}),
    asked({ source: 'declared', who: ['image-service'], needs }),
    asked({ source: 'check', who: ['image-service'] }),
    asked({ from: '10.2.0.8' }),
    asked({ tls: true, source: 'knowngood', who: ['Knowngood itself'] }),
    asked({ tls: true, source: 'declared', who: ['image-service'] }),
  ]);
  expect(merged).toEqual([
    asked({ source: 'declared', who: ['image-service', 'seen'], needs }),
    asked({ from: '10.2.0.8' }),
    asked({ tls: true, source: 'knowngood', who: ['Knowngood itself', 'image-service'] }),
  ]);
});
