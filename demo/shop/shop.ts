/** The whole shop of April 12: app server, image storage, CDN and shoppers, on real connections from their own addresses. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startAppServer } from './app-server.ts';
import { startCdn } from './cdn.ts';
import { imageFile, imageFiles, products, type ShopPasswords } from './database.ts';
import { startImageStorage } from './image-storage.ts';
import { png } from './picture.ts';
import type { Service } from './serve.ts';
import { startShoppers, type ShoppersSaw } from './shoppers.ts';

/** Where each service's connections come from, as PostgreSQL sees it. */
export const addressOf = { app_svc: '127.0.1.10', image_svc: '127.0.2.20' } as const;

const cdnTtlMs = 60_000;

export interface Shop {
  readonly app: string;
  readonly images: string;
  readonly cdn: string;
  /** What the shoppers saw so far. */
  saw(): ShoppersSaw;
  close(): Promise<void>;
}

export async function openShop(input: {
  readonly host: string;
  readonly port: number;
  readonly passwords: ShopPasswords;
  /** Folder for the pictures; created. */
  readonly pictures: string;
}): Promise<Shop> {
  await paint(input.pictures);
  const open: Service[] = [];
  const closeAll = async (): Promise<void> => {
    for (const service of open.splice(0).reverse()) await service.close();
  };
  const poolOf = (user: keyof ShopPasswords) => {
    const { host, port, passwords } = input;
    return { host, port, database: 'shop', user, password: passwords[user], from: addressOf[user], size: 4 };
  };
  const started = async (starting: Promise<Service>): Promise<string> => {
    const service = await starting;
    open.push(service);
    return service.url;
  };
  try {
    const images = await started(startImageStorage(poolOf('image_svc'), input.pictures));
    const cdn = await started(startCdn(images, cdnTtlMs));
    const app = await started(startAppServer(poolOf('app_svc'), cdn));
    const shoppers = startShoppers(app, products);
    return {
      app,
      images,
      cdn,
      saw: shoppers.saw,
      async close() {
        await shoppers.stop();
        await closeAll();
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function paint(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let index = 0; index < imageFiles; index += 1) {
    const share = Math.round((255 * index) / imageFiles);
    await writeFile(join(folder, imageFile(index)), png([share, 160, 255 - share]));
  }
}
