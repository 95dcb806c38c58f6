import { z } from 'zod';
import { span } from './definition-fields.js';
import { isCalendar, nearCalendars } from './holiday-calendars.js';

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** What reaches a customer without a person; a call or a visit is a task of the manager. */
export const CONTACT_CHANNELS = ['email', 'sms', 'im'] as const;
export type ContactChannel = (typeof CONTACT_CHANNELS)[number];

/** Caps of one policy: three channels and all together, by day, week and month, is more than anybody keeps in mind. */
export const MAX_CAPS = 10;
/** Messages that one cap may let through: beyond it a cap caps nothing. */
export const MAX_CAP_MESSAGES = 1000;

/** Each entry is there once; otherwise the second is told. */
const once = <Item extends string>(entries: readonly Item[], context: z.core.$RefinementCtx<Item[]>): void =>
  entries.forEach((entry, i) => {
    if (entries.indexOf(entry) < i)
      context.addIssue({ code: 'custom', path: [i], message: `${entry} is there twice; leave one of them out` });
  });

const time = (pattern: RegExp, advice: string): z.ZodString => z.string(advice).regex(pattern, advice);

const hours = z
  .strictObject({
    from: time(/^([01]\d|2[0-3]):[0-5]\d$/, 'write a time as "HH:MM" from "00:00" to "23:59", for instance "08:00"'),
    /** excluded; `24:00` is the end of the day */
    to: time(
      /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/,
      'write a time as "HH:MM" from "00:01" to "24:00", for instance "20:00"',
    ),
  })
  .superRefine(({ from, to }, context) => {
    if (from === to)
      context.addIssue({
        code: 'custom',
        path: ['to'],
        message: `from ${from} to ${to} is quiet all day, nothing could ever be sent; write a later to, for instance from "08:00" to "20:00" ("00:00" to "24:00" is all day long)`,
      });
    if (from > to)
      context.addIssue({
        code: 'custom',
        path: ['to'],
        message: `from ${from} to ${to} would run over midnight, which is not possible; write a from before the to, with "24:00" for the end of the day`,
      });
  });

const calendar = z.string().superRefine((name, context) => {
  if (isCalendar(name)) return;
  const near = nearCalendars(name);
  context.addIssue(
    `no holidays are known for "${name}"; write a country by the two letters of ISO 3166, such as CN or GB, or a part of one, such as GB-SCT${near.length > 0 ? `; near it: ${near.join(', ')}` : ''}`,
  );
});

const cap = z.strictObject({
  most: z
    .number('a cap is a whole number of messages')
    .int('a cap is a whole number of messages')
    .min(1, 'a cap of zero would never let a message out; write 1 or more, or leave the cap out')
    .max(MAX_CAP_MESSAGES, `a cap is at most ${MAX_CAP_MESSAGES} messages; to have none, leave it out`),
  /** ms of business time that slide along with the message to be sent */
  within: span,
  /** left out: the messages of all channels together */
  channel: z.enum(CONTACT_CHANNELS).optional(),
});

/**
 * When, how often and by which channels customers are written to: the `contact:` part of a campaign. Days and hours are
 * those on the wall at the customer's; caps count the messages of all campaigns to one customer.
 */
export const contactPolicySchema = z.strictObject({
  days: z
    .array(z.enum(WEEKDAYS))
    .min(1, 'no day is left to write on; name at least one, for instance [mon, tue]')
    .superRefine(once),
  hours,
  /** left out: there are no holidays */
  calendar: calendar.optional(),
  caps: z
    .array(cap)
    .max(MAX_CAPS, `at most ${MAX_CAPS} caps`)
    .superRefine((caps, context) =>
      caps.forEach(({ channel, within }, i) => {
        const first = caps.findIndex((other) => other.channel === channel && other.within === within);
        if (first < i)
          context.addIssue({
            code: 'custom',
            path: [i],
            message: `caps.${first} has the same stretch for ${channel ?? 'all channels'} already; leave one of them out`,
          });
      }),
    )
    .optional(),
  /** in the order of preference */
  channels: z
    .array(z.enum(CONTACT_CHANNELS))
    .min(
      1,
      `no channel is left to write by; name at least one of ${CONTACT_CHANNELS.join(', ')}, or leave channels out`,
    )
    .superRefine(once)
    .default(['email']),
});

export type ContactPolicy = z.output<typeof contactPolicySchema>;
