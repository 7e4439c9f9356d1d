/** The shop's app server: product pages from its own role; the pictures on them are the CDN's and the image storage's. */
import { openPool, type PoolSettings } from './pool.ts';
import { numberAfter, refuse, serve, type Service } from './serve.ts';

interface Product {
  readonly name: string;
  readonly price_cents: number;
}

/** `/product/<id>`: the page, whether or not its picture will load; 503 while the catalogue cannot be read. */
export async function startAppServer(catalogue: PoolSettings, cdn: string): Promise<Service> {
  const pool = await openPool(catalogue);
  return serve(
    async (_request, response, path) => {
      const id = numberAfter('/product/', path);
      if (id === null) return refuse(response, 404, 'no such page');
      let product: Product | undefined;
      try {
        const { rows } = await pool.query<Product>('select name, price_cents from products where id = $1', [id]);
        product = rows[0];
      } catch {
        return refuse(response, 503, 'the catalogue cannot be read');
      }
      if (!product) return refuse(response, 404, 'no such product');
      const page = productPage(product, `${cdn}/img/${id}`);
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page);
    },
    () => pool.end(),
  );
}

function productPage({ name, price_cents }: Product, image: string): string {
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    `<title>${name}</title></head><body><h1>${name}</h1>`,
    `<img src="${image}" alt="${name}" width="160" height="160">`,
    `<p>€ ${(price_cents / 100).toFixed(2)}</p></body></html>\n`,
  ].join('\n');
}
