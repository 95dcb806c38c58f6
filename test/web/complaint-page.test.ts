import { randomUUID } from 'node:crypto';
import { HOSTILE, NOW, nonceOf, post, startWeb, textsOf, type WebTest } from './web-setup.js';

let web: WebTest;
beforeAll(async () => void (web = await startWeb()));
beforeEach(() => web.reset());
afterAll(() => web.close());

describe('the complaint', () => {
  test('sent twice is one complaint: one text, one workflow id, one update id, and only ids travel', async () => {
    const page = await web.app.inject({ url: web.link('complaint', 'c2') });
    expect(page.body).toContain('<html lang="zh-CN">');
    const fields = { nonce: nonceOf(page.body), narrative: `多收了费用 ${HOSTILE}` };
    for (let i = 0; i < 2; i += 1) {
      const answer = await post(web.app, web.link('complaint', 'c2'), fields);
      expect(answer.statusCode).toBe(200);
      expect(answer.body).toContain('K-1994-0000007');
      expect(answer.body).toContain('1994年4月25日');
    }
    const [text, ...more] = await textsOf(web);
    expect(more).toEqual([]);
    const textId = String(text?.text_id);
    const [first, second] = web.temporal.calls;
    expect(first).toMatchObject({ what: 'complain', workflowId: `complaint:page:${textId}`, updateId: textId });
    expect(first?.args).toEqual([
      {
        complaintKey: `page:${textId}`,
        customerRef: 'c2',
        source: 'page',
        textId,
        clock: { origin: NOW, anchor: expect.any(Number) as number, rate: 1 },
      },
    ]);
    expect(second).toEqual(first);
  });

  test('another customer who sends the same form number has a complaint of their own', async () => {
    const fields = { nonce: randomUUID(), narrative: 'The same' };
    await post(web.app, web.link('complaint', 'c1'), fields);
    await post(web.app, web.link('complaint', 'c2'), fields);
    expect(new Set(web.temporal.calls.map((call) => call.workflowId)).size).toBe(2);
    expect((await textsOf(web)).map((text) => text.customer_ref)).toEqual(['c1', 'c2']);
  });

  test('empty, too long, or without its number it is not stored, and what was typed stays', async () => {
    const long = 'x'.repeat(20_001);
    const cases: [Record<string, string>, string][] = [
      [{ nonce: randomUUID(), narrative: ' \r\n ' }, 'Please write what happened.'],
      [{ nonce: randomUUID(), narrative: long }, 'This is 20001 characters long; please shorten it to 20000.'],
      [{ nonce: 'x', narrative: 'My words' }, 'please send them again'],
      [{ narrative: 'My words' }, 'please send them again'],
    ];
    for (const [fields, words] of cases) {
      const answer = await post(web.app, web.link('complaint'), fields);
      expect(answer.statusCode).toBe(422);
      expect(answer.body).toContain(words);
      expect(answer.body).toContain((fields['narrative'] ?? '').trim());
      expect(nonceOf(answer.body)).toMatch(/^[0-9a-f-]{36}$/);
    }
    expect(await textsOf(web)).toEqual([]);
    expect(web.temporal.calls).toEqual([]);
    expect(
      (await post(web.app, web.link('complaint'), { nonce: randomUUID(), narrative: '𠮷'.repeat(20_000) })).statusCode,
    ).toBe(200);
  });

  test('shows the open complaints of this customer, and a form sent again after its complaint was closed shows its number', async () => {
    const fields = { nonce: randomUUID(), narrative: 'Again' };
    await post(web.app, web.link('complaint'), fields);
    const [text] = await textsOf(web);
    await web.db.owner.query(
      `insert into complaints (complaint_ref, complaint_key, customer_ref, workflow_id, source, narrative, opened_at, opened_wall, due_at, rule_set, escalated_at, resolved_at, resolution)
       values ('K-1', 'page:' || $1, 'c1', 'w1', 'page', 'n', $2, now(), $2, 'r', null, $2, 'done'),
              ('K-2', 'k2', 'c1', 'w2', 'page', 'n', $2, now(), $2, 'r', $2, null, null),
              ('K-3', 'k3', 'c2', 'w3', 'page', 'n', $2, now(), $2, 'r', null, null, null)`,
      [text?.text_id, new Date(NOW)],
    );
    const page = await web.app.inject({ url: web.link('complaint') });
    expect(page.body).toContain('K-2');
    expect(page.body).toContain('passed to a higher unit');
    expect(page.body).toContain('20 April 1994');
    expect(page.body).not.toMatch(/K-1<|K-3<|opened<script/);
    const again = await post(web.app, web.link('complaint'), fields);
    expect(again.body).toContain('K-1');
    expect(web.temporal.calls).toHaveLength(1);
  });
});
