/** The seam to the delivery of notices: what is told about drift leaves its workflow here, and nowhere else. */
import type { Notice } from '../domain/notify/notice.ts';

/** Kept for the workflow's result. */
export async function tellDrift(notice: Notice, told: Notice[]): Promise<void> {
  told.push(notice);
}
