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
  for (const role of services) {
    await admin.query(`create role ${role} login password ${pg.escapeLiteral(passwords[role])}`);
  }
  for (const statement of shopDatabase) await admin.query(statement);
  const shop = await connectTo('shop');
  try {
    await shop.query(tables + rows + grants);
  } finally {
    await shop.end();
  }
}

export const imageFile = (index: number): string => `product-${index}.png`;

export const services = ['app_svc', 'image_svc'] as const;

export const shopDatabase = [
  'create database shop',
  'revoke connect, temporary on database shop from public',
  'grant connect on database shop to app_svc, image_svc',
];

export const tables = `
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
`;

const rows = `
  insert into products
    select n, 'Product ' || n, 990 + 50 * (n % 100) from generate_series(1, ${products}) as n;
  insert into images
    select n, 'product-' || n % ${imageFiles} || '.png', 'image/png' from generate_series(1, ${products}) as n;
`;

export const grants = `
  grant select on products to app_svc;
  grant select on images to image_svc;
`;
