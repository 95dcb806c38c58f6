import {
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { isSettled, type OrderState, type SettledState } from '../domain/redemption.js';
import type { Instant, OrderRef } from '../domain/types.js';
import { partner, post, record } from './activities.js';
import {
  cancelRedemption,
  partnerAnswered,
  redemptionState,
  searchAttributes,
  type RedemptionInput,
  type RedemptionState,
} from './contract.js';
import { refuse } from './refuse.js';
import { waitUntil } from './waiting.js';

/** An order whose points are held: the partner delivers it and the points are spent, or they go back. */
export async function redemptionOrder(input: RedemptionInput): Promise<RedemptionState> {
  const order = new Redemption(input);
  await order.deliver();
  await order.answered();
  await order.tellCustomer();
  await condition(allHandlersFinished);
  return order.state();
}

class Redemption {
  private readonly orderRef: OrderRef;
  private at: OrderState = 'held';
  private answerBy: Instant | null = null;
  /** the partner has said something that was not looked at yet */
  private heard = false;
  /** somebody cancels it: it is not handed over under their hands */
  private cancelling = 0;
  private asking: CancellationScope | null = null;

  constructor(private readonly input: RedemptionInput) {
    this.orderRef = input.orderRef;
    setCurrentDetails(this.details());
    setHandler(partnerAnswered, () => {
      this.heard = true;
      this.asking?.cancel();
    });
    setHandler(redemptionState, () => this.state());
    setHandler(cancelRedemption, (asked) => this.cancel(asked), {
      validator: ({ by }: { by: string }) => {
        if (by !== 'customer' && by !== 'staff') throw refuse('say who cancels: customer or staff');
        if (isSettled(this.at)) throw refuse(`${this.orderRef} is ${this.at} already`);
      },
    });
  }

  /** Asks the partner until it has the order or says no; its answer may be quicker than the news that it has it. */
  async deliver(): Promise<void> {
    while (!isSettled(this.at) && this.answerBy === null) {
      await condition(() => this.cancelling === 0);
      await this.look();
      if (!isSettled(this.at)) await this.ask();
    }
  }

  /** Waits for the partner's answer; without one in its time the points go back. */
  async answered(): Promise<void> {
    while (!isSettled(this.at)) {
      const leave = (): boolean => this.heard || isSettled(this.at);
      const early = await waitUntil(this.input.clock, this.answerBy as Instant, leave, "the partner's answer due");
      if (early) await this.look();
      else await this.giveUp();
    }
  }

  async tellCustomer(): Promise<void> {
    // who cancelled it was told at once
    if (this.at === 'cancelled') return;
    const letter = this.at === 'fulfilled' ? 'redemption-fulfilled' : 'redemption-refused';
    await post.sendRedemptionLetter.executeWithOptions({ summary: letter }, [{ orderRef: this.orderRef, letter }]);
  }

  state(): RedemptionState {
    const { orderRef, at: state } = this;
    return { orderRef, state, words: this.words(), waitsUntil: isSettled(state) ? null : this.answerBy };
  }

  private async ask(): Promise<void> {
    this.asking = new CancellationScope();
    try {
      const { orderRef } = this;
      const taken = await this.asking.run(() =>
        partner.deliverOrder.executeWithOptions({ summary: 'delivery order to the partner' }, [{ orderRef }]),
      );
      if (taken.kind === 'settled') return this.settle(taken.state);
      this.answerBy = taken.answerBy;
      this.stand('ordered');
    } catch (error) {
      // left because the partner has answered or the order was cancelled; who cancels the run itself ends it
      if (!isCancellation(error) || CancellationScope.current().consideredCancelled) throw error;
    } finally {
      this.asking = null;
    }
  }

  /** What the partner said is in the database; a signal without it changes nothing. */
  private async look(): Promise<void> {
    if (!this.heard) return;
    this.heard = false;
    const { orderRef } = this;
    const state = await record.settleOrder.executeWithOptions({ summary: 'what the partner said' }, [{ orderRef }]);
    if (state) this.settle(state);
  }

  private async giveUp(): Promise<void> {
    const { orderRef } = this;
    this.settle(await record.giveUpOrder.executeWithOptions({ summary: 'no answer in time' }, [{ orderRef }]));
  }

  private async cancel({ by }: { by: 'customer' | 'staff' }): Promise<RedemptionState> {
    const { orderRef } = this;
    this.cancelling += 1;
    try {
      this.settle(await record.cancelOrder.executeWithOptions({ summary: `cancelled by ${by}` }, [{ orderRef, by }]));
      this.asking?.cancel();
    } finally {
      this.cancelling -= 1;
    }
    return this.state();
  }

  private settle(state: SettledState): void {
    // it may be found settled more than once, and is so in one way only
    if (isSettled(this.at)) return;
    this.stand(state);
    upsertSearchAttributes([{ key: searchAttributes.step, value: state }]);
  }

  private stand(at: OrderState): void {
    this.at = at;
    setCurrentDetails(this.details());
  }

  private details(): string {
    return `**${this.at}**: ${this.words()}`;
  }

  private words(): string {
    const due = this.answerBy === null ? '' : ` by ${new Date(this.answerBy).toISOString()} (business time)`;
    const words: Record<OrderState, string> = {
      held: 'points are held; the partner is being asked to deliver',
      ordered: `the partner has it and answers${due}`,
      fulfilled: 'the partner has delivered; the points are spent',
      refused: 'it is not delivered; the points are back',
      cancelled: 'it was cancelled; the points are back',
    };
    return `${this.orderRef}: ${words[this.at]}`;
  }
}
