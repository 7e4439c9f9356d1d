/** Where the token of a pull request goes: to no address that could be read on the way. */
import { expect, it } from '@jest/globals';
import { comment } from '../../../cli/ci/github-comment.ts';

it.each([
  'http://127.0.0.1.github.example',
  'http://127.evil',
  'http://github.example',
  'ftp://localhost',
  'no address',
])('goes not to %s', async (api) => {
  const place = { api, repository: 'shop/db', pullRequest: 1, token: 'secret', author: 'github-actions[bot]' };
  await expect(comment(place, 'a', 'text')).rejects.toMatchObject({
    problems: [{ detail: 'GITHUB_API_URL is not an https address' }],
  });
});
