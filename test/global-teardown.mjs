/** Ends what the tests asked test/global-setup.mjs for. */
export default async function tearDown() {
  await globalThis.knowngoodTearDown?.();
}
