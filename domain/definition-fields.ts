import { z } from 'zod';
import { plainDate, type PlainDate } from './types.js';

/** A calendar day in a file that people edit; what is none is told in a sentence. */
export const day = z.string().transform((text, context): PlainDate => {
  try {
    return plainDate(text);
  } catch (error) {
    context.addIssue((error as Error).message);
    return text as PlainDate;
  }
});
