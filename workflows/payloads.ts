/**
 * Payloads as Temporal reads them, but one that cannot be read is a value. The SDK reads a Signal's argument outside of
 * every handler: an exception there fails the workflow's task again and again, and nobody can speak to the change any
 * more. The Web UI offers an encoding (json/protobuf) that does so.
 */
import { defaultPayloadConverter, type PayloadConverter } from '@temporalio/common';
import { encryptedWith, missingKey } from '../domain/encrypted-payload.ts';
import { refusal } from './refusal.ts';

/** Neither text nor object, so no parser takes it for an argument. */
const unreadable = Symbol('unreadable');

export const payloadConverter: PayloadConverter = {
  toPayload: (value) => defaultPayloadConverter.toPayload(value),
  fromPayload: <T>(payload: Parameters<PayloadConverter['fromPayload']>[0]): T => {
    const keyId = encryptedWith(payload);
    // Not a value: once the key is here, the same history would be read in another way. An Update is refused by it.
    if (keyId !== null) throw refusal({ code: 'missing-payload-key', message: missingKey(keyId) });
    try {
      return defaultPayloadConverter.fromPayload<T>(payload);
    } catch {
      return unreadable as T;
    }
  },
};
