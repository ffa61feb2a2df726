import { expect, test } from '@jest/globals';
import { createServer, type AddressInfo } from 'node:net';
import { Module } from '@nestjs/common';
import { EventStoreError } from '#libs/event-store';
import { createLogger } from './logger.js';
import { startFailure } from './main.js';
import { startService, type Service } from './service.js';
import { SettingsError } from './settings.js';

@Module({})
class EmptyModule {}

async function failureOf(service: Partial<Service>): Promise<{ reason: unknown; printed: string }> {
  let printed = '';
  const logger = createLogger('empty', { write: (line) => void (printed += line) });
  const config = { host: '127.0.0.1', port: 0, profile: 'development' } as const;
  const whole: Service = { name: 'empty', config, module: () => ({ module: EmptyModule }), ...service };
  const reason: unknown = await startService(whole, logger).then(
    (running) => running.close(),
    (error: unknown) => error,
  );
  return { reason, printed };
}

test('a port that is taken is one line, and nothing else', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as AddressInfo;
  const { reason, printed } = await failureOf({ config: { host: '127.0.0.1', port, profile: 'development' } });
  other.close();
  expect(startFailure(reason)).toEqual({
    exitCode: 1,
    reason: `could not start: listen EADDRINUSE: address already in use 127.0.0.1:${port}`,
  });
  expect(printed).toBe('');
});

test('what is wrong with the settings is found at the start, too', async () => {
  const useFactory = (): never => {
    throw new SettingsError('the key is missing');
  };
  const { reason, printed } = await failureOf({
    module: () => ({ module: EmptyModule, providers: [{ provide: 'key', useFactory }] }),
  });
  expect(startFailure(reason)).toEqual({ exitCode: 2, reason: 'the key is missing' });
  expect(printed).toBe('');
});

test('an error with a code is a reason, any other is a mistake of ours that shows where it was made', () => {
  expect(startFailure(new EventStoreError('unavailable', 'locked')).reason).toBe('could not start: locked');
  expect(startFailure(new TypeError('x is not a function'))).toEqual({ exitCode: 1, reason: undefined });
});
