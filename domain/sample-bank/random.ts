/** Random numbers that are the same for the same seed on every machine; not for secrets. */

const UINT32 = 0x1_0000_0000;

/** Mixes the bits of a 32-bit number so that neighbours end far apart; no two numbers mix to the same one. */
export function scramble(n: number): number {
  let x = n >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}

/** A stream of random numbers (mulberry32) that depends on its parts only. */
export class Random {
  private state: number;

  /** @param parts whole numbers, for instance the seed and a customer's index */
  constructor(...parts: readonly number[]) {
    this.state = parts.reduce((state, part) => scramble(scramble(state) ^ (part >>> 0)), 0x9e3779b9);
  }

  /** 0 ≤ x < 1 */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / UINT32;
  }

  /** low ≤ x < high */
  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** a whole number, low ≤ n ≤ high */
  int(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** true in `share` of the cases, 0 to 1 */
  chance(share: number): boolean {
    return this.next() < share;
  }

  /** about normal, mean 0, deviation 1, never beyond ±3 (sum of twelve is dear; four will do) */
  normal(): number {
    return Math.max(-3, Math.min(3, (this.next() + this.next() + this.next() + this.next() - 2) * Math.sqrt(3)));
  }

  /** One of a list that is not empty. */
  pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.next() * items.length)] as Item;
  }

  /** One of a list, each with its weight. */
  weighted<Item>(items: readonly (readonly [Item, number])[]): Item {
    let left = this.next() * items.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [item, weight] of items) if ((left -= weight) < 0) return item;
    return (items[items.length - 1] as readonly [Item, number])[0];
  }

  /** The list in another order. */
  shuffle<Item>(items: readonly Item[]): Item[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i -= 1) {
      const j = this.int(0, i);
      [result[i], result[j]] = [result[j] as Item, result[i] as Item];
    }
    return result;
  }
}
