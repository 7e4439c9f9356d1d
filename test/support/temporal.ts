/** The one Temporal dev server of a test run. */

/** Its address; the first call of a run starts it. KNOWNGOOD_TEST_TEMPORAL names another server to use. */
export async function temporalAddress(): Promise<string> {
  const known = process.env['KNOWNGOOD_TEST_TEMPORAL'];
  if (known !== undefined) return known;
  const broker = process.env['KNOWNGOOD_TEST_BROKER'];
  if (broker === undefined) throw new Error('tests run through Jest with test/global-setup.mjs: use "npm test"');
  const response = await fetch(broker);
  const answer = await response.text();
  if (!response.ok) throw new Error(answer);
  process.env['KNOWNGOOD_TEST_TEMPORAL'] = answer;
  return answer;
}
