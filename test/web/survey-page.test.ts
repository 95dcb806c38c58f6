import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { randomUUID } from 'node:crypto';
import { BUSINESS_REFUSAL } from '../../domain/refusal.js';
import { away, HOSTILE, nonceOf, post, startWeb, textsOf, type WebTest } from './web-setup.js';

let web: WebTest;
beforeAll(async () => void (web = await startWeb()));
beforeEach(() => web.reset());
afterAll(() => web.close());

describe('the survey', () => {
  test('shows the score of the link chosen, and counts what is posted, once for the same form', async () => {
    const page = await web.app.inject({ url: `${web.link('survey')}?score=2` });
    expect(page.body).toMatch(/value="2"[^>]* checked/);
    expect(page.body.match(/checked/g)).toHaveLength(1);
    expect(page.body).toContain('<html lang="en">');
    expect(page.body).toContain('Berka &amp; Sons');
    web.temporal.complaintRef = 'K-1994-0000001';
    const fields = { nonce: nonceOf(page.body), score: '2', comment: 'Nobody\r\ncalled me back.' };
    for (let i = 0; i < 2; i += 1) {
      const answer = await post(web.app, web.link('survey'), fields);
      expect(answer.statusCode).toBe(200);
      expect(answer.body).toContain('K-1994-0000001');
    }
    const [text] = await textsOf(web);
    expect(await textsOf(web)).toHaveLength(1);
    expect(text).toMatchObject({ customer_ref: 'c1', body: 'Nobody\ncalled me back.' });
    const [first, second] = web.temporal.calls;
    expect(first).toEqual({
      what: 'answer',
      workflowId: `journey:${web.journeyId}`,
      updateId: text?.text_id,
      args: [{ score: 2, textId: text?.text_id }],
    });
    expect(second).toEqual(first);
    expect(JSON.stringify(web.temporal.calls)).not.toContain('Nobody');
  });

  test('a score without words has no text; without a score, or too long, nothing is stored and what was typed stays', async () => {
    const nonce = randomUUID();
    expect((await post(web.app, web.link('survey'), { nonce, score: '10', comment: '  ' })).statusCode).toBe(200);
    expect(web.temporal.calls[0]?.args).toEqual([{ score: 10, textId: null }]);
    const long = `${HOSTILE}${'好'.repeat(4_000)}`;
    const answer = await post(web.app, web.link('survey'), { nonce, score: '11', comment: long });
    expect(answer.statusCode).toBe(422);
    expect(answer.body).toContain('Please choose a number from 0 to 10.');
    expect(answer.body).toContain('please shorten it to 4000');
    expect(answer.body).toContain('&lt;/textarea&gt;&lt;script&gt;');
    expect(answer.body).toContain('好'.repeat(4_000));
    expect(answer.body).not.toMatch(/<script|<img/);
    expect(nonceOf(answer.body)).toBe(nonce);
    expect(await textsOf(web)).toEqual([]);
    expect(web.temporal.calls).toHaveLength(1);
  });

  test('Temporal away: 503, the form with what was typed and the same number; sent again it counts, edited it is another', async () => {
    web.temporal.failWith = away();
    const fields = { nonce: randomUUID(), score: '9', comment: 'Fine' };
    const failed = await post(web.app, web.link('survey'), fields);
    expect(failed.statusCode).toBe(503);
    expect(failed.body).toMatch(/not stored yet[^<]*again in a minute/);
    expect(failed.body).toContain('Fine');
    expect(failed.body).toMatch(/value="9"[^>]* checked/);
    expect(nonceOf(failed.body)).toBe(fields.nonce);
    web.temporal.failWith = null;
    expect((await post(web.app, web.link('survey'), fields)).statusCode).toBe(200);
    expect((await post(web.app, web.link('survey'), { ...fields, comment: 'Fine!' })).statusCode).toBe(200);
    const [first, again, edited] = web.temporal.calls;
    expect(again).toEqual(first);
    expect(edited?.updateId).not.toBe(first?.updateId);
  });

  test('Postgres away: 503, and what was typed stays', async () => {
    await web.app.inject({ url: web.link('survey') });
    const query = jest
      .spyOn(web.db.app, 'query')
      .mockRejectedValue(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
    const failed = await post(web.app, web.link('survey'), {
      nonce: randomUUID(),
      lang: 'zh-CN',
      score: '4',
      comment: '请回电',
    });
    const read = await web.app.inject({ url: web.link('survey') });
    query.mockRestore();
    expect([failed.statusCode, read.statusCode]).toEqual([503, 503]);
    expect(failed.body).toContain('请回电');
    expect(failed.body).toContain('请一分钟后再次提交');
    expect(web.temporal.calls).toEqual([]);
  });

  test('a refusal is said in the bank’s words, with what was typed; a journey that is over, too', async () => {
    const refusal = ApplicationFailure.nonRetryable('The survey was answered on 19 April.', BUSINESS_REFUSAL);
    web.temporal.failWith = new WorkflowUpdateFailedError('Workflow Update failed', refusal);
    const refused = await post(web.app, web.link('survey'), { nonce: randomUUID(), score: '9', comment: 'My words' });
    expect(refused.statusCode).toBe(409);
    expect(refused.body).toContain('The survey was answered on 19 April.');
    expect(refused.body).toContain('My words');
    web.temporal.failWith = new WorkflowNotFoundError('workflow execution already completed', 'w', undefined);
    const over = await post(web.app, web.link('survey'), { nonce: randomUUID(), score: '9', comment: '' });
    expect(over.statusCode).toBe(410);
    expect(over.body).toContain('The question is closed');
  });

  test.each([
    ['answered', 'update surveys set answered_at = now(), score = 5', /answered this question already/],
    ['expired', `update surveys set expires_at = '1994-04-20T09:00Z'`, /time has run out/],
    ['over', `update journeys set closed_at = now(), outcome = 'retained'`, /don’t need an answer any more/],
  ])('%s: a plain page in words, and new words are not kept', async (_, change, words) => {
    await web.db.owner.query(change);
    const read = await web.app.inject({ url: web.link('survey') });
    const sent = await post(web.app, web.link('survey'), { nonce: randomUUID(), score: '1', comment: 'late' });
    for (const answer of [read, sent]) {
      expect(answer.statusCode).toBe(410);
      expect(answer.body).toMatch(words);
      expect(answer.body).not.toContain('<form');
    }
    expect(sent.body).toContain('late');
    expect(await textsOf(web)).toEqual([]);
    expect(web.temporal.calls).toEqual([]);
  });
});
