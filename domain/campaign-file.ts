import { campaignSchema, type CampaignDefinition } from './campaign.js';
import { readYaml, type YamlReading } from './definition-file.js';

export type CampaignReading = YamlReading<CampaignDefinition>;

const CAMPAIGN_FILE = { schema: campaignSchema, what: 'a campaign', beginsWith: 'campaign: keep-your-tier' };

/** Reads a campaign's YAML. @param fileName only repeated in the problems */
export function readCampaign(text: string, fileName: string): CampaignReading {
  return readYaml(CAMPAIGN_FILE, text, fileName);
}
