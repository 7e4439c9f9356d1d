import { describe, expect, it } from '@jest/globals';
import { parseAgentConfig } from '../../config/agent.ts';

const parsed = (command: string) =>
  parseAgentConfig(
    `target: shop-db\nconnection: postgresql://u@/postgres?host=/run/pg\ncommands: { up: { run: [u], ${command} } }`,
    'agent.yaml',
  );

describe('a command that upgrades the server', () => {
  it.each([
    ['upgrades: true', { onRevert: 'configuration', undo: null }],
    [
      'upgrades: true, onRevert: undo, undo: { run: [back], timeout: 5m }',
      { onRevert: 'undo', undo: { run: ['back'], timeoutMs: 300_000 } },
    ],
  ])('%s', (command, upgrade) => {
    const config = parsed(command);
    expect(config.kind === 'ok' && config.value.commands['up']).toMatchObject({ restarts: true, upgrade });
  });

  it.each([
    ['undo: { run: [back] }', 'upgrades: true'],
    ['onRevert: configuration', 'upgrades: true'],
    ['upgrades: true, onRevert: undo', 'no undo is named'],
    ['upgrades: true, undo: { run: [back] }', 'never run'],
    ['upgrades: true, restarts: false', 'an upgrade restarts'],
    ['upgrades: true, onRevert: nothing', 'onRevert'],
  ])('is refused when it says only: %s', (command, why) => {
    const config = parsed(command);
    expect(config.kind === 'invalid' ? JSON.stringify(config.problems) : '').toContain(why);
  });
});
