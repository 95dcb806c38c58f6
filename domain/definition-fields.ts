import { z } from 'zod';
import { DURATION, readDuration } from './duration.js';
import { DAY_MS, millis, plainDate, type Millis, type PlainDate } from './types.js';

/** A calendar day in a file that people edit; what is none is told in a sentence. */
export const day = z.string().transform((text, context): PlainDate => {
  try {
    return plainDate(text);
  } catch (error) {
    context.addIssue((error as Error).message);
    return text as PlainDate;
  }
});

const lengthOfTime = (least: Millis) =>
  z
    .string()
    .transform((text, context): Millis => {
      const span = readDuration(text);
      if (span === null || span < least)
        context.addIssue(
          `"${text}" is not a length of time; write for instance "10 days", "36 hours" or "2 weeks", up to 366 days`,
        );
      return span ?? least;
    })
    // for editors: a text in a JSON Schema too
    .meta({ pattern: DURATION.source, examples: ['10 days', '36 hours', '2 weeks'] });

/** A length of time; `0 days` is one. */
export const duration = lengthOfTime(millis(0));
/** A length of time that is longer than none. */
export const span = lengthOfTime(millis(1));

/**
 * `90 days`, `12 weeks` as a number of whole days.
 * @param what for the sentence: "how long an entitlement stands"
 * @param example of one that is right
 */
export const wholeDays = (what: string, example: string, least: number, most: number) =>
  z.string().transform((text, context): number => {
    const days = (readDuration(text) ?? Number.NaN) / DAY_MS;
    if (!(Number.isInteger(days) && days >= least && days <= most))
      context.addIssue(`"${text}" is not ${what}; write for instance "${example}", from ${least} to ${most} days`);
    return days;
  });
