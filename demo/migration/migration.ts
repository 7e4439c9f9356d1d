/** A migration as shops have them: well meant, reviewed, and wrong about one service. */
import pg from 'pg';

/** `image_svc` was taken for a mere server of files; it looks each picture up in `images`. */
const statements = [
  '-- 0042: nobody keeps more than they need. From nothing, what each service uses is granted anew.',
  'revoke all on all tables in schema public from app_svc, image_svc',
  'grant select on products to app_svc',
];

/** All of it or nothing. */
export async function migrate(config: pg.ClientConfig, say: (line: string) => void): Promise<void> {
  const client = new pg.Client(config);
  await client.connect();
  try {
    await client.query('begin');
    for (const statement of statements) {
      say(statement);
      if (!statement.startsWith('--')) await client.query(statement);
    }
    await client.query('commit');
  } finally {
    await client.end();
  }
}
