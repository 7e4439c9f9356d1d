/** Shoppers: they look at a few favourites again and again, and at something new each time; we count what broke. */
import { request } from 'undici';

export interface ShoppersSaw {
  readonly pages: number;
  readonly brokenPages: number;
  readonly images: number;
  readonly brokenImages: number;
  /** Images that loaded from the CDN's cache although new ones were broken at that moment: the outage it hid. */
  readonly hiddenByCdn: number;
}

export interface Shoppers {
  saw(): ShoppersSaw;
  stop(): Promise<void>;
}

const favourites = 4;
const pauseMs = 100;

/** Browses until stopped. New products come from a catalogue of `products`, whose favourites are the first four. */
export function startShoppers(app: string, products: number): Shoppers {
  const saw = { pages: 0, brokenPages: 0, images: 0, brokenImages: 0, hiddenByCdn: 0 };
  let going = true;
  let newestBroken = false;

  async function look(product: number): Promise<'loads' | 'cached' | 'broken' | 'no page'> {
    const page = await get(`${app}/product/${product}`);
    saw.pages += 1;
    const image = page && /<img src="([^"]+)"/.exec(page.body)?.[1];
    if (!image) {
      saw.brokenPages += 1;
      return 'no page';
    }
    const loaded = await get(image);
    saw.images += 1;
    if (loaded) return loaded.cache === 'HIT' ? 'cached' : 'loads';
    saw.brokenImages += 1;
    return 'broken';
  }

  const browsing = (async () => {
    for (let visit = 0; going; visit += 1) {
      const favourite = await look(1 + (visit % favourites));
      if (newestBroken && favourite === 'cached') saw.hiddenByCdn += 1;
      newestBroken = (await look(favourites + 1 + (visit % (products - favourites)))) === 'broken';
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  })();

  return {
    saw: () => ({ ...saw }),
    async stop() {
      going = false;
      await browsing;
    },
  };
}

/** null: no answer, or not a 200. */
async function get(url: string): Promise<{ readonly body: string; readonly cache: string } | null> {
  try {
    const { statusCode, headers, body } = await request(url, { headersTimeout: 3000, bodyTimeout: 3000 });
    const text = await body.text();
    return statusCode === 200 ? { body: text, cache: String(headers['x-cache'] ?? '') } : null;
  } catch {
    return null;
  }
}
