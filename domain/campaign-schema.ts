import { z } from 'zod';
import { campaignSchema } from './campaign.js';

/**
 * The JSON Schema (draft 2020-12) of a campaign's YAML, for editors: the keys with what they mean, and what may be
 * written. What only the whole file can break (a reminder after the expiry) "campaign validate" says.
 */
export const campaignJsonSchema = (): object => ({
  ...z.toJSONSchema(campaignSchema, { io: 'input' }),
  title: 'A campaign of Keepwell',
});
