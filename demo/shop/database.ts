/** The shop's database: one role for each service, with only what it needs, and scram passwords made for this run. */
import pg from 'pg';

export interface ShopPasswords {
  readonly app_svc: string;
  readonly image_svc: string;
}

export const products = 240;
export const imageFiles = 12;

/** `admin` is connected as superuser to the database `postgres`; `connectTo` opens the same login to another one. */
export async function createShopDatabase(
  admin: pg.Client,
  connectTo: (database: string) => Promise<pg.Client>,
  passwords: ShopPasswords,
): Promise<void> {
  await admin.query("set password_encryption = 'scram-sha-256'");
  for (const role of ['app_svc', 'image_svc'] as const) {
    await admin.query(`create role ${role} login password ${pg.escapeLiteral(passwords[role])}`);
  }
  await admin.query('create database shop');
  await admin.query('revoke connect, temporary on database shop from public');
  await admin.query('grant connect on database shop to app_svc, image_svc');
  const shop = await connectTo('shop');
  try {
    await shop.query(schema);
  } finally {
    await shop.end();
  }
}

export const imageFile = (index: number): string => `product-${index}.png`;

const schema = `
  create table products (
    id integer primary key,
    name text not null,
    price_cents integer not null check (price_cents > 0)
  );
  create table images (
    id integer primary key references products,
    file text not null,
    content_type text not null
  );
  insert into products
    select n, 'Product ' || n, 990 + 50 * (n % 100) from generate_series(1, ${products}) as n;
  insert into images
    select n, 'product-' || n % ${imageFiles} || '.png', 'image/png' from generate_series(1, ${products}) as n;
  grant select on products to app_svc;
  grant select on images to image_svc;
`;
