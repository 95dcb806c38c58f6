import { condition } from '@temporalio/workflow';
import { wallDuration, type BusinessClock } from '../domain/business-clock.js';
import { instant, millis, type Instant } from '../domain/types.js';
import type { Pause, PauseOver } from './contract.js';
import { businessNow } from './waiting.js';

/**
 * A journey's own time: business time without what its campaign was paused for. What is left of a wait when a pause
 * begins is left of it when the pause ends.
 */
export class HeldClock {
  private readonly began: Instant;
  private held = 0;
  /** when the pauses began that stand: a second may be told before the end of the first */
  private readonly standing = new Map<string, Instant>();
  /** pauses that are over; the end may be told before the beginning, and twice */
  private readonly over = new Set<string>();

  constructor(readonly clock: BusinessClock) {
    this.began = businessNow(clock);
  }

  get paused(): boolean {
    return this.standing.size > 0;
  }

  pause({ pauseId, pausedAt }: Pause): void {
    if (this.over.has(pauseId)) return;
    this.standing.set(pauseId, instant(Math.max(pausedAt, this.began)));
  }

  resume({ pauseId, pausedAt, resumedAt }: PauseOver): void {
    if (this.over.has(pauseId)) return;
    this.over.add(pauseId);
    this.standing.delete(pauseId);
    this.held += Math.max(0, resumedAt - Math.max(pausedAt, this.began));
  }

  now(): Instant {
    return instant(Math.min(businessNow(this.clock), ...this.standing.values()) - this.held);
  }

  /** The business instant of one of the journey's own, if no further pause comes. */
  business(own: Instant): Instant {
    return instant(own + this.held);
  }

  /**
   * Waits until an instant of the journey's own time, or until `leave` says that the wait has no more point.
   * @returns true when it was left early
   */
  async waitUntil(own: Instant, leave: () => boolean, why: string): Promise<boolean> {
    for (;;) {
      if (this.paused && !leave()) await condition(() => !this.paused || leave());
      const span = own - this.now();
      if (leave() || span <= 0) return leave();
      const woken = await condition(() => leave() || this.paused, wallDuration(this.clock, millis(span)), {
        summary: why,
      });
      if (leave()) return true;
      if (!woken) return false;
    }
  }
}
