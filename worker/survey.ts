/** What `init` asks of a live server. Writes nothing. */
import { resolveOptionalSecret } from '../config/secrets.ts';
import type { DatabaseConfig } from '../domain/config.ts';
import type { Survey } from '../domain/survey.ts';
import { survey } from '../targets/postgres/survey.ts';

export async function surveyOf(database: DatabaseConfig): Promise<Survey> {
  return survey({ database, password: await resolveOptionalSecret(database.password) });
}
