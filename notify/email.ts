/** Channel kind `email`: one mail to all addresses of the channel, by the SMTP server of `notifications`. */
import type { Socket } from 'node:net';
import { createTransport } from 'nodemailer';
import type { EmailChannel, SmtpConfig } from '../domain/notify/config.ts';
import { mailOf } from '../domain/notify/mail.ts';
import type { Telling } from '../domain/notify/telling.ts';
import { oneLine, shorten } from '../domain/markdown.ts';
import { type Answer, delivered, failed, Refused } from './answer.ts';
import type { Sending } from './sending.ts';

export async function sendByMail(
  { name, to }: EmailChannel,
  telling: Telling,
  { egress, smtp, resolveSecret }: Sending,
): Promise<Answer> {
  if (smtp === null) return failed('knowngood.yaml has no notifications.smtp', false);
  const password = smtp.password === null ? null : await resolveSecret(smtp.password);
  const { messageId, references, urgent, ...content } = mailOf(telling, name, smtp.from.split('@')[1] ?? 'localhost');
  const { timeoutMs } = egress;
  let socket: Socket;
  try {
    socket = await egress.connect(smtp.host, smtp.port);
  } catch (error) {
    return failed(wordsOf(error), !(error instanceof Refused));
  }
  const cut = setTimeout(() => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  const transport = transportOver(socket, smtp, password, timeoutMs);
  try {
    const sent = await transport.sendMail({
      from: { name: 'Knowngood', address: smtp.from },
      to: [...to],
      ...content,
      messageId,
      references,
      ...(urgent ? { priority: 'high' as const } : {}),
      headers: { 'Auto-Submitted': 'auto-generated' },
      // Nothing in a notice is to make it read a file or fetch an address.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    return delivered(shorten(oneLine(sent.response), 120));
  } catch (error) {
    return failed(wordsOf(error), mayPass(error));
  } finally {
    clearTimeout(cut);
    transport.close();
    socket.destroy();
  }
}

function transportOver(
  connection: Socket,
  { host, port, tls, user }: SmtpConfig,
  password: string | null,
  timeoutMs: number,
) {
  return createTransport({
    connection,
    host,
    port,
    secure: tls === 'tls',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    tls: { servername: host },
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    ...(user === null || password === null ? {} : { auth: { user, pass: password } }),
  });
}

/** 4xx is the server's own "later"; 5xx its no; without a code it was the network. */
function mayPass(error: unknown): boolean {
  const { responseCode, code } = error as { readonly responseCode?: number; readonly code?: string };
  if (code === 'EAUTH') return false;
  return responseCode === undefined || (responseCode >= 400 && responseCode < 500);
}

function wordsOf(error: unknown): string {
  const { message = String(error) } = error as { readonly message?: string };
  return shorten(oneLine(message), 200);
}
