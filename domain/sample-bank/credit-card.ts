import type { Book } from './book.js';
import { monthsOf } from './habits.js';
import type { CreditCard, Profile } from './profile.js';
import type { Random } from './random.js';

/** An overused card fills up between these many days before the as-of day, and stays full. */
const FILLING_FROM_DAYS = 100;
export const FULL_FROM_DAYS = 66;
/** Share of the limit that an overused card owes. */
const OVERUSED_SHARE = 0.94;
/** Share of the limit that is paid each month on an overused card, and spent again on the next day. */
const LEAST_PAYMENT = 0.03;
const PAYMENT_DAY = 10;

/** Plans a credit card: bought this month, paid on the tenth of the next. */
export function planCreditCard(book: Book, profile: Profile, card: CreditCard, random: Random): void {
  const overused = profile.kind === 'card-overused';
  const habitEnds = overused ? book.window.last - FILLING_FROM_DAYS - 1 : book.window.last;
  let owed = 0;
  if (card.standingDebt > 0)
    book.plan({
      day: profile.startDay,
      role: 'card',
      amount: -Math.round(card.limit * card.standingDebt),
      category: 'card',
    });
  for (const month of monthsOf(profile, book.window)) {
    const payment = Math.min(book.window.dayOf(month, PAYMENT_DAY), habitEnds);
    if (owed > 0) book.plan({ day: payment, role: 'current', amount: -owed, category: 'own-transfer', own: 'card' });
    owed = 0;
    const times = random.int(1, 2);
    for (let i = 0; i < times; i += 1) {
      const day = book.window.dayOf(month, random.int(1, 31));
      const amount = Math.round(((card.limit * card.monthlyUse) / times) * random.between(0.85, 1.15));
      if (day < profile.startDay || day > habitEnds) continue;
      book.plan({ day, role: 'card', amount: -amount, category: 'card' });
      owed += amount;
    }
  }
  if (overused) planOveruse(book, card, owed, random);
}

function planOveruse(book: Book, card: CreditCard, owed: number, random: Random): void {
  const { last } = book.window;
  const missing = card.limit * (OVERUSED_SHARE - card.standingDebt) - owed;
  const times = random.int(5, 9);
  for (let i = 0; i < times; i += 1) {
    const day = random.int(last - FILLING_FROM_DAYS, last - FULL_FROM_DAYS);
    book.plan({ day, role: 'card', amount: -Math.round(missing / times), category: 'card' });
  }
  const payment = Math.round(card.limit * LEAST_PAYMENT);
  for (let day = last - FULL_FROM_DAYS + random.int(3, 12); day < last; day += 30) {
    book.plan({ day, role: 'current', amount: -payment, category: 'own-transfer', own: 'card' });
    book.plan({ day: day + 1, role: 'card', amount: -payment, category: 'card' });
  }
}
