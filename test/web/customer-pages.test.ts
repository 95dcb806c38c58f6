import { WorkflowNotFoundError } from '@temporalio/common';
import { randomUUID } from 'node:crypto';
import { away, NOW, post, rowCounts, startWeb, type WebTest } from './web-setup.js';

let web: WebTest;
beforeAll(async () => void (web = await startWeb()));
beforeEach(() => web.reset());
afterAll(() => web.close());

interface ConsentRow {
  purpose: string;
  granted: boolean;
  source: string;
}
const consents = async (customer = 'c1') =>
  (
    await web.db.owner.query<ConsentRow>(
      'select purpose, granted, source from consents where customer_ref = $1 order by purpose',
      [customer],
    )
  ).rows;

test('opening a page, with a score or twice, changes nothing and asks Temporal nothing', async () => {
  const before = await rowCounts(web.db);
  const urls = [
    web.link('survey'),
    `${web.link('survey')}?score=7`,
    `${web.link('survey')}?score=11&comment=x`,
    web.link('complaint'),
    web.link('preferences'),
    web.link('unsubscribe'),
  ];
  for (const url of urls)
    for (const method of ['GET', 'HEAD', 'GET'] as const)
      expect((await web.app.inject({ method, url })).statusCode).toBe(200);
  expect(await rowCounts(web.db)).toEqual(before);
  expect(web.temporal.calls).toEqual([]);
});

test('a link that is forged, expired, or for another page or nobody is refused in words, also when posted to', async () => {
  const cases: [string, number, RegExp][] = [
    ['/survey/AAAA', 404, /not valid/],
    [`${web.link('survey')}A`, 404, /not valid/],
    [web.link('survey', web.journeyId, NOW - 1), 410, /expired/],
    [web.link('survey').replace('/survey/', '/complaint/'), 404, /not valid/],
    [web.link('preferences').replace('/preferences/', '/unsubscribe/'), 404, /not valid/],
    [web.link('complaint', 'c999'), 404, /not valid/],
    [web.link('survey', randomUUID()), 404, /not valid/],
    [`/survey/${'A'.repeat(2_000)}`, 414, /not valid/],
  ];
  const before = await rowCounts(web.db);
  for (const [url, status, words] of cases) {
    const fields = { nonce: randomUUID(), score: '3', comment: 'x', narrative: 'x', promotional: 'no', survey: 'no' };
    for (const answer of [await web.app.inject({ url }), await post(web.app, url, fields)]) {
      expect([url, answer.statusCode]).toEqual([url, status]);
      expect(answer.body).toMatch(words);
      expect(answer.body).toContain('Number of this request');
    }
  }
  expect(await rowCounts(web.db)).toEqual(before);
  expect(web.temporal.calls).toEqual([]);
});

describe('preferences', () => {
  test('a withdrawal is stored and told to the open journey; what was not changed is no statement', async () => {
    await post(web.app, web.link('preferences'), { promotional: 'yes', survey: 'no' });
    expect(web.temporal.calls).toEqual([]);
    const answer = await post(web.app, web.link('preferences'), { promotional: 'no', survey: 'no' });
    expect(answer.statusCode).toBe(200);
    expect(await consents()).toEqual([
      { purpose: 'promotional', granted: false, source: 'page:preferences' },
      { purpose: 'survey', granted: false, source: 'page:preferences' },
    ]);
    expect(web.temporal.calls).toEqual([
      {
        what: 'signal',
        workflowId: `journey:${web.journeyId}`,
        args: [expect.objectContaining({ name: 'optedOut' }) as object],
      },
    ]);
    expect(await consents('c2')).toEqual([
      { purpose: 'promotional', granted: true, source: 'import' },
      { purpose: 'survey', granted: true, source: 'import' },
    ]);
  });

  test('without a choice it asks for one; granting again is stored', async () => {
    const asked = await post(web.app, web.link('preferences'), { promotional: 'maybe', survey: 'no' });
    expect(asked.statusCode).toBe(422);
    expect(asked.body).toContain('Please choose yes or no.');
    await post(web.app, web.link('preferences'), { promotional: 'no', survey: 'yes' });
    await post(web.app, web.link('preferences'), { promotional: 'yes', survey: 'yes' });
    expect((await consents()).every((consent) => consent.granted)).toBe(true);
  });

  test('the journey can’t be told: the withdrawal holds, the page says so, and sent again it is told', async () => {
    web.temporal.failWith = away();
    const failed = await post(web.app, web.link('preferences'), { promotional: 'no', survey: 'yes' });
    expect(failed.statusCode).toBe(503);
    expect(failed.body).toContain('Your choice is saved and holds.');
    expect((await consents())[0]).toMatchObject({ granted: false });
    web.temporal.failWith = null;
    expect((await post(web.app, web.link('preferences'), { promotional: 'no', survey: 'yes' })).statusCode).toBe(200);
    expect(web.temporal.calls.map((call) => call.what)).toEqual(['signal', 'signal']);
  });
});

describe('unsubscribe', () => {
  test.each([
    ['application/x-www-form-urlencoded', 'List-Unsubscribe=One-Click'],
    [
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
    ],
  ])('one click of a mail program (%s) withdraws the consent and tells the journey', async (type, payload) => {
    const answer = await web.app.inject({
      method: 'POST',
      url: web.link('unsubscribe'),
      headers: { 'content-type': type },
      payload,
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toContain('You are unsubscribed');
    expect((await consents())[0]).toEqual({ purpose: 'promotional', granted: false, source: 'page:unsubscribe' });
    expect(web.temporal.calls).toMatchObject([{ what: 'signal', workflowId: `journey:${web.journeyId}` }]);
  });

  test('a journey that has ended, or none, is fine; so is a second time', async () => {
    web.temporal.failWith = new WorkflowNotFoundError('workflow execution already completed', 'w', undefined);
    for (const customer of ['c1', 'c1', 'c2']) {
      const answer = await web.app.inject({ method: 'POST', url: web.link('unsubscribe', customer) });
      expect(answer.statusCode).toBe(200);
    }
    expect((await consents('c2'))[0]).toMatchObject({ granted: false });
  });
});
