/** The image storage service: looks every image up in its index in PostgreSQL, then serves the file. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openPool, type PoolSettings } from './pool.ts';
import { numberAfter, refuse, serve, type Service } from './serve.ts';

/** `/img/<id>`: 200 with the image, 404 without an entry in the index, 503 while the index cannot be read. */
export async function startImageStorage(index: PoolSettings, folder: string): Promise<Service> {
  const pool = await openPool(index);
  return serve(
    async (_request, response, path) => {
      const id = numberAfter('/img/', path);
      if (id === null) return refuse(response, 404, 'no such page');
      let row: { file: string; content_type: string } | undefined;
      try {
        ({
          rows: [row],
        } = await pool.query<{ file: string; content_type: string }>(
          'select file, content_type from images where id = $1',
          [id],
        ));
      } catch {
        // As on that day: the reason stays in the database's log, shoppers and the CDN see a bare 503.
        return refuse(response, 503, 'the image index cannot be read');
      }
      if (!row) return refuse(response, 404, 'no such image');
      const body = await readFile(join(folder, row.file));
      response.writeHead(200, { 'content-type': row.content_type, 'content-length': body.length }).end(body);
    },
    () => pool.end(),
  );
}
