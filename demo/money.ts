import { randomUUID } from 'node:crypto';
import { dateIn } from '../domain/calendar.js';
import { addDays, type CustomerRef, type PlainDate } from '../domain/types.js';
import { readInstallation } from '../store/installation.js';
import { tierStandings } from '../store/tier-standings.js';
import { TASK_QUEUE, WORKFLOWS, type RoundInput } from '../workflows/contract.js';
import { character } from './actors.js';
import type { Stage } from './stage.js';

interface Looked {
  customerRef: CustomerRef;
  email: string;
  accountRef: string;
  tierThreshold: bigint;
}

/** The bank's books: what customers bring back, and the end of each day. */
export class Books {
  private readonly booked = new Set<string>();
  private lastDay: PlainDate;
  private readonly zone: Promise<string>;

  constructor(
    private readonly stage: Stage,
    private readonly seed: number,
  ) {
    this.lastDay = stage.asOf;
    this.zone = readInstallation(stage.app).then((installation) => installation?.zone ?? 'UTC');
  }

  /** Books what happened on the days that are over and has the bank judge the last of them. */
  async endOfDay(): Promise<void> {
    const today = dateIn((await this.zone) as never, this.stage.now());
    const yesterday = addDays(today, -1);
    if (yesterday <= this.lastDay) return;
    await this.bookReturns(yesterday);
    this.lastDay = yesterday;
    await this.stage.owner.query('update installation set data_until = $1', [yesterday]);
    const input: RoundInput = { clock: this.stage.clock, scope: 'goals' };
    await this.stage.client.workflow.execute(WORKFLOWS.round, {
      taskQueue: TASK_QUEUE,
      workflowId: `round:demo:${yesterday}:${randomUUID()}`,
      args: [input],
      staticSummary: `goals on ${yesterday}`,
    });
  }

  /** Customers whose manager has written to them: some bring their money back, some for a day, most don't. */
  private async bookReturns(day: PlainDate): Promise<void> {
    const { rows } = await this.stage.app.query<Looked>(
      `select j.customer_ref as "customerRef", c.email, t.threshold_minor as "tierThreshold",
              (select min(account_ref) from accounts a where a.customer_ref = j.customer_ref and a.qualifies and a.opened_on <= $1) as "accountRef"
         from journeys j join customers c using (customer_ref) join tiers t on t.tier_ref = j.tier_at_start
        where j.closed_at is null and t.rank > 0 and j.admitted_at < $1::date - 3 order by 1`,
      [day],
    );
    const due = rows.filter((row) => row.accountRef && this.isDue(row, day));
    if (due.length === 0) return;
    const standings = await tierStandings(this.stage.app, {
      asOf: day,
      customerRefs: due.map((row) => row.customerRef),
    });
    const balances = new Map(standings.map((standing) => [standing.customerRef, standing.balance]));
    for (const row of due) await this.bookReturn(row, balances.get(row.customerRef) ?? 0n, day);
  }

  private isDue({ email }: Looked, day: PlainDate): boolean {
    const { money } = character(this.seed, email);
    if (money === 'stays-away' || this.booked.has(email)) return false;
    // money for a day comes on the last day of a month
    return money === 'returns' || addDays(day, 1).endsWith('-01');
  }

  private async bookReturn(row: Looked, balance: bigint, day: PlainDate): Promise<void> {
    this.booked.add(row.email);
    const forADay = character(this.seed, row.email).money === 'one-day';
    // one and a half times the threshold is enough for a month; for a day it takes twenty to move the average
    const amount = (forADay ? 20n : 1n) * row.tierThreshold + row.tierThreshold / 2n - balance;
    if (amount <= 0n) return;
    await this.book(row.accountRef, day, amount, 'deposit');
    if (forADay) await this.book(row.accountRef, addDays(day, 1), -amount, 'transfer-out');
  }

  private async book(accountRef: string, day: PlainDate, amount: bigint, category: string): Promise<void> {
    await this.stage.owner.query(
      `insert into transactions (account_ref, booked_on, amount_minor, category, source, source_id) values ($1, $2, $3, $4, 'demo', $5)`,
      [accountRef, day, amount, category, randomUUID()],
    );
  }
}
